//! A browser as people have it: Chromium without a window, driven by WebDriver (W3C Recommendation) through the
//! `chromedriver` of the same package.

mod driver;
mod keys;
mod view;
mod watch;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use driver::Driver;
pub use keys::{Key, Stop};
pub use view::View;
pub use watch::Seen;

/// Longer than a page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How elements are called in WebDriver, section 12.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One window of a browser; both end when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Driver,
}

/// Whether the scripts of pages run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// As people have it at first.
    On,
    /// Switched off in the settings of the browser.
    Off,
}

impl Browser {
    /// A new browser that knows nothing and nobody; none where this machine has no driver of Chromium.
    #[track_caller]
    pub fn start(profile: &Path) -> Option<Self> {
        Self::start_with(profile, Scripts::On)
    }

    /// The same, with or without scripts.
    #[track_caller]
    pub fn start_with(profile: &Path, scripts: Scripts) -> Option<Self> {
        let mut driver = Driver::start()?;
        let profile = format!("--user-data-dir={}", profile.display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1280,1600",
            // A hidden scrollbar takes no width from the page, so that 320 px are 320 px.
            "--hide-scrollbars",
            &profile,
        ];
        let mut options = json!({ "args": arguments });
        if scripts == Scripts::Off {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        driver.open(&json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }));
        Some(Self { driver })
    }

    #[track_caller]
    fn tell(&self, method: &str, path: &str, body: &Value) -> Value {
        self.driver.ask(method, path, body).unwrap_or_else(|error| panic!("the browser does not: {error}"))
    }

    /// Opens an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.tell("POST", "/url", &json!({ "url": url }));
    }

    /// The address of the page that is shown.
    #[track_caller]
    pub fn url(&self) -> url::Url {
        url::Url::parse(self.tell("GET", "/url", &Value::Null).as_str().unwrap()).unwrap()
    }

    /// The path of the page that is shown.
    #[track_caller]
    pub fn path(&self) -> String {
        self.url().path().to_owned()
    }

    /// The title of the page that is shown.
    #[track_caller]
    pub fn title(&self) -> String {
        self.tell("GET", "/title", &Value::Null).as_str().unwrap().to_owned()
    }

    /// Width and height of an element, in CSS pixels.
    #[track_caller]
    pub fn size(&self, css: &str) -> (f64, f64) {
        let element = self.element(css);
        let found = self.tell("GET", &format!("/element/{element}/rect"), &Value::Null);
        (found["width"].as_f64().unwrap(), found["height"].as_f64().unwrap())
    }

    /// What a script returns; it may use `arguments`.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.tell("POST", "/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// What a script hands to its last argument, a function.
    #[track_caller]
    pub fn run_async(&self, script: &str, arguments: &Value) -> Value {
        self.tell("POST", "/execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// A command of the DevTools Protocol.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.tell("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn find(&self, css: &str) -> Option<String> {
        let found = self.driver.ask("POST", "/element", &json!({ "using": "css selector", "value": css })).ok()?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    #[track_caller]
    fn element(&self, css: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(element) = self.find(css) {
                return element;
            }
            assert!(Instant::now() < end, "there is no `{css}` on {}: {}", self.path(), self.text("body"));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// True when the page has such an element.
    pub fn has(&self, css: &str) -> bool {
        self.find(css).is_some()
    }

    /// The text of an element as it is seen.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        let element = self.element(css);
        let text = self.tell("GET", &format!("/element/{element}/text"), &Value::Null);
        text.as_str().unwrap().to_owned()
    }

    /// The value of a field.
    #[track_caller]
    pub fn value(&self, css: &str) -> String {
        let element = self.element(css);
        let value = self.tell("GET", &format!("/element/{element}/property/value"), &Value::Null);
        value.as_str().unwrap().to_owned()
    }

    /// Does what loads a page, and waits until that page is there.
    #[track_caller]
    fn leads_to_a_page(&self, what: &str, action: impl FnOnce()) {
        let before = self.element("html");
        action();
        let end = Instant::now() + PATIENCE;
        let state = json!({ "script": "return document.readyState", "args": [] });
        let is_there = || {
            let another = self.find("html").is_some_and(|html| html != before);
            another && self.driver.ask("POST", "/execute/sync", &state).is_ok_and(|state| state == "complete")
        };
        while !is_there() {
            assert!(Instant::now() < end, "{what} loads no page: {}", self.text("body"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks on an element that loads a page, and waits until that page is there.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.leads_to_a_page(&format!("a click on `{css}`"), || self.point(css));
    }

    /// Clicks on an element.
    #[track_caller]
    pub fn point(&self, css: &str) {
        let element = self.element(css);
        let path = format!("/element/{element}/click");
        let end = Instant::now() + PATIENCE;
        // Where the window has just changed its size, the page is laid out anew under the pointer.
        while let Err(error) = self.driver.ask("POST", &path, &json!({})) {
            let moving = error.contains("click intercepted") && Instant::now() < end;
            assert!(moving, "the browser does not click on `{css}`: {error}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Types into a field, in the place of what was there.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.tell("POST", &format!("/element/{element}/clear"), &json!({}));
        self.tell("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Opens an address by POST, as a form of the page that is shown would.
    #[track_caller]
    pub fn send_form(&self, path: &str, fields: &[(&str, &str)]) {
        const SEND: &str = "const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0];\
            for (const [name, value] of arguments[1]) { const field = document.createElement('textarea');\
            field.name = name; field.value = value; form.append(field); }\
            document.body.append(form); HTMLFormElement.prototype.submit.call(form);";
        self.leads_to_a_page(&format!("a form to {path}"), || {
            self.run(SEND, &json!([path, fields]));
        });
    }
}
