//! Checkers that others wrote: axe-core for accessibility, the Nu HTML checker and the schema of sitemaps.org, from npm
//! packages that `make pages` fetches into the folder of built things.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::browser::Browser;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn package(file: &str) -> Option<PathBuf> {
    Some(root().join("target/pages/node_modules").join(file)).filter(|path| path.is_file())
}

/// The rules that are asked for: WCAG 2.0, 2.1 and 2.2 up to level AA, and what axe-core calls best practice.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// The rules among these that ask for colours (`cat.color`).
const COLOURS: [&str; 2] = ["color-contrast", "link-in-text-block"];

/// axe-core, from Deque Systems.
#[derive(Debug)]
pub struct Axe(String);

impl Axe {
    /// The checker; none where it was not fetched.
    pub fn found() -> Option<Self> {
        std::fs::read_to_string(package("axe-core/axe.min.js")?).ok().map(Self)
    }

    /// Gives the checker to every page that the browser opens from now on. It comes by the driver, so that the policy of the
    /// pages stays as it is.
    #[track_caller]
    pub fn accompany(&self, browser: &Browser) {
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": self.0 }));
    }

    /// Every violation on the page that is shown: rule, what it asks for, element.
    #[track_caller]
    pub fn violations(browser: &Browser) -> Vec<String> {
        Self::run(browser, &json!({ "runOnly": { "type": "tag", "values": TAGS }, "preload": true }))
    }

    /// The same for a page that was looked at before, in another width: the style sheets are not read once more.
    #[track_caller]
    pub fn violations_again(browser: &Browser) -> Vec<String> {
        Self::run(browser, &json!({ "runOnly": { "type": "tag", "values": TAGS }, "preload": false }))
    }

    /// The rules that ask for colours, for a page that looks as before but for them.
    #[track_caller]
    pub fn violations_of_colour(browser: &Browser) -> Vec<String> {
        Self::run(browser, &json!({ "runOnly": { "type": "rule", "values": COLOURS }, "preload": false }))
    }

    #[track_caller]
    fn run(browser: &Browser, options: &Value) -> Vec<String> {
        const RUN: &str = r#"
            const done = arguments[arguments.length - 1];
            const options = Object.assign({ resultTypes: ['violations'], performanceTimer: false, iframes: false, elementRef: false }, arguments[0]);
            if (options.runOnly.type === 'tag') { options.rules = { 'target-size': { enabled: true } }; }
            axe.run(document, options).then(
              (found) => done({ passes: found.passes.length, violations: found.violations.flatMap((rule) =>
                rule.nodes.map((node) => `${rule.id} (${rule.help}): ${node.html.slice(0, 200)} at ${node.target.join(' ')}: ${(node.failureSummary || '').replace(/\s+/g, ' ').slice(0, 300)}`)) }),
              (error) => done({ passes: 0, violations: [`axe-core failed: ${error}`] }));
        "#;
        let found = browser.run_async(RUN, &json!([options]));
        let looked = found["passes"].as_u64().unwrap_or(0) > 0
            || found["violations"].as_array().is_some_and(|all| !all.is_empty());
        assert!(looked, "axe-core has looked at nothing: {found}");
        texts(&found["violations"])
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The Nu HTML checker, from the WHATWG's validator.
#[derive(Debug)]
pub struct Nu(PathBuf);

/// What the checker says of one file.
#[derive(Debug, Clone)]
pub struct Remark {
    /// The name of the file, without its folder.
    pub file: String,
    /// An error, not a warning.
    pub is_error: bool,
    /// What is wrong, and where.
    pub text: String,
}

impl Nu {
    /// The checker; none where it was not fetched, or where there is no Java.
    pub fn found() -> Option<Self> {
        let java = Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        let jar = package("vnu-jar/build/dist/vnu.jar")?;
        java.is_ok_and(|status| status.success()).then_some(Self(jar))
    }

    /// What the checker has to say of the pages in a folder (`*.html`), all of them in one go.
    #[track_caller]
    pub fn remarks(&self, folder: &Path) -> Vec<Remark> {
        let mut command = Command::new("java");
        // One thread for the compiler and the collector: the machine has other tests to run.
        command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss4m", "-jar"]).arg(&self.0);
        command.args(["--format", "json", "--stdout", "--exit-zero-always", "--skip-non-html"]).arg(folder);
        let ended = command.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        let said: Value = serde_json::from_str(&said)
            .unwrap_or_else(|error| panic!("{error} in {said} ({})", String::from_utf8_lossy(&ended.stderr)));
        let remark = |message: &Value| {
            let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            Remark {
                file: text("url").rsplit('/').next().unwrap_or_default().to_owned(),
                is_error: message["type"] != "info",
                text: format!(
                    "{} (line {}): {}",
                    text("message"),
                    message["lastLine"],
                    text("extract").replace('\n', " ")
                ),
            }
        };
        said["messages"].as_array().unwrap_or_else(|| panic!("{said}")).iter().map(remark).collect()
    }
}

/// The schema of sitemaps.org (npm package `sitemap`), as lxml reads it (`make jsonld`).
#[derive(Debug)]
pub struct SitemapSchema {
    schema: PathBuf,
    lib: PathBuf,
}

impl SitemapSchema {
    /// The schema and what reads it; none where one of them was not fetched.
    pub fn found() -> Option<Self> {
        let lib = root().join("target/jsonld/lib");
        Some(Self { schema: package("sitemap/schema/sitemap.xsd")?, lib })
            .filter(|found| found.lib.join("lxml").is_dir())
    }

    /// What is wrong with a list of pages; nothing where it is valid.
    #[track_caller]
    pub fn faults(&self, list: &[u8]) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, list).unwrap();
        let mut command = Command::new("python3");
        command.arg(root().join("tests/pages/sitemap.py")).env("PYTHONPATH", &self.lib);
        let ended = command.arg(&self.schema).arg(file.path()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }
}
