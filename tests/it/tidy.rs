//! The tree itself: the rules of ARCHITECTURE.md and CONTRIBUTING.md that a test can see.
//!
//! Each test collects every breach before it fails, so that one run shows all of them. Exceptions are lists in this
//! file; they name the file and the reason, and a list may only become shorter.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file; beyond this nobody sees across the room any more.
const MAX_LINES: usize = 950;
/// Files that were longer when the rule came, with their length; to be made shorter, never longer.
const LONG_FILES: &[(&str, usize)] = &[];
/// Lines of a decision; what needs more belongs into ARCHITECTURE.md.
const MAX_DECISION_LINES: usize = 15;
/// Files outside the tests that call `unwrap()`, and how often; each needs its reason beside it.
const UNWRAPS: &[(&str, usize)] = &[];

/// The rooms, and which other rooms each may depend on.
const ROOMS: &[(&str, &[&str])] = &[
    ("connectors", &[]),
    ("config", &["connectors"]),
    ("indexer", &["config", "connectors"]),
    ("gateway", &["config", "connectors", "indexer"]),
    ("tests", &["config", "connectors", "gateway", "indexer"]),
];

/// What `connectors` must not touch: it neither waits nor dials, opens nothing and does not know the time.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "tokio::",
    "reqwest::",
    "hyper::",
    "sqlx::",
    "tantivy::",
];

/// What `gateway` may name of `indexer`.
const INDEXER_FACE: &[&str] = &["background", "catalog", "crawl", "fitconnect", "links", "metrics", "record", "run"];

/// A file of the tree: its path from the root, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    /// The text without the unit tests at its end.
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    /// True when `word` stands in the code, and not merely in a comment.
    fn says(&self, word: &str) -> bool {
        self.code().lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a folder of the workspace").to_owned()
}

/// Every file of the tree that is text, without what .gitignore leaves out and what cargo builds.
fn tree() -> Vec<File> {
    let root = root();
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree can be read") {
            let path = entry.expect("a folder of the tree can be read").path();
            let name = path.strip_prefix(&root).ok().and_then(Path::to_str).expect("our names are UTF-8").to_owned();
            if matches!(name.as_str(), ".git" | "target" | "data" | "gateway/design/made")
                || path.join("CACHEDIR.TAG").exists()
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path)
                && !name.ends_with(".snap.new")
            {
                files.push(File { path: name, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 50, "the tree was not found below {}", root.display());
    files
}

/// The sources of the rooms, unit tests left out.
fn sources(files: &[File]) -> Vec<&File> {
    let tests = test_modules(files);
    let source = |file: &&File| {
        let in_room = ROOMS.iter().any(|(room, _)| file.path.starts_with(&format!("{room}/src/")));
        in_room && file.path.ends_with(".rs") && !tests.iter().any(|module| belongs(&file.path, module))
    };
    files.iter().filter(source).collect()
}

/// Modules that exist for tests only, as paths without `.rs`: what follows `#[cfg(test)]` as `mod name;`.
fn test_modules(files: &[File]) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let stem = file.path.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main")) => folder,
            _ => stem,
        };
        for after in file.text.split("#[cfg(test)]\n").skip(1) {
            let line = after.trim_start().lines().next().unwrap_or_default();
            let Some((_, name)) = line.split_once("mod ") else { continue };
            if let Some(name) = name.strip_suffix(';') {
                modules.insert(format!("{folder}/{name}"));
            }
        }
    }
    modules
}

fn belongs(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[track_caller]
fn none(what: &str, breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{what}:\n  {}", breaches.join("\n  "));
}

#[test]
fn every_module_says_why_it_exists() {
    let files = tree();
    let tests = test_modules(&files);
    let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
    // A module of unit tests is explained by the room that it tests.
    let bare = rust.filter(|file| {
        let unit_tests = tests.iter().any(|module| module.ends_with("/tests") && belongs(&file.path, module));
        !unit_tests && !file.text.starts_with("//! ")
    });
    none("files that do not begin with a module doc (`//!`)", bare.map(|file| file.path.clone()).collect());
}

#[test]
fn no_file_is_too_long_to_be_seen_across() {
    let files = tree();
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let (lines, allowed) = (file.text.lines().count(), LONG_FILES.iter().find(|(path, _)| *path == file.path));
        match allowed {
            None if lines > MAX_LINES => breaches.push(format!("{}: {lines} lines of {MAX_LINES}", file.path)),
            Some((_, was)) if lines > *was => breaches.push(format!("{}: grew from {was} to {lines} lines", file.path)),
            Some((_, was)) if lines < *was => {
                breaches
                    .push(format!("{}: has {lines} lines now; write that into LONG_FILES, or take it out", file.path));
            }
            _ => {}
        }
    }
    none("files that are too long", breaches);
}

#[test]
fn rooms_depend_on_each_other_in_one_direction() {
    let mut breaches = Vec::new();
    for (room, allowed) in ROOMS {
        let manifest = fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
        for (other, _) in ROOMS {
            let named = manifest.lines().any(|line| line.starts_with(&format!("{other}.")));
            if named && !allowed.contains(other) {
                breaches.push(format!("{room} depends on {other}"));
            }
        }
    }
    none("arrows that point back", breaches);
}

#[test]
fn connectors_touch_nothing_outside() {
    let files = tree();
    let own = sources(&files).into_iter().filter(|file| file.path.starts_with("connectors/"));
    let impure = |file: &File| {
        let path = file.path.clone();
        IMPURE.iter().filter(|word| file.says(word)).map(|word| format!("{path}: {word}")).collect::<Vec<_>>()
    };
    none("`connectors` must stay pure", own.flat_map(impure).collect());
}

#[test]
fn only_the_store_knows_sql_and_only_the_index_knows_its_engine() {
    let files = tree();
    let mut breaches = Vec::new();
    for (word, homes) in [
        ("sqlx::", &["indexer/src/store", "gateway/src/registry/store"][..]),
        ("tantivy::", &["indexer/src/index", "indexer/src/catalog"]),
        ("quick_xml::", &["connectors/src/xml"]),
        ("ammonia::", &["indexer/src/normalise"]),
    ] {
        let at_home = |path: &str| homes.iter().any(|home| belongs(path, home));
        let strangers = sources(&files).into_iter().filter(|file| file.says(word) && !at_home(&file.path));
        breaches.extend(strangers.map(|file| format!("{}: {word}", file.path)));
    }
    none("words that belong to another room", breaches);
}

#[test]
fn the_gateway_sees_the_face_of_the_indexer_only() {
    let files = tree();
    let mut breaches = Vec::new();
    for file in sources(&files).into_iter().filter(|file| file.path.starts_with("gateway/")) {
        for after in file.code().split("indexer::").skip(1) {
            let names: Vec<&str> = match after.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
                None => vec![after],
            };
            for name in names {
                let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(name.len());
                let name = name.get(..end).unwrap_or_default();
                if !INDEXER_FACE.contains(&name) {
                    breaches.push(format!("{}: indexer::{name}", file.path));
                }
            }
        }
    }
    let face = fs::read_to_string(root().join("indexer/src/lib.rs")).unwrap();
    let public = face.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    breaches.extend(public.filter(|name| !INDEXER_FACE.contains(name)).map(|name| format!("indexer: pub mod {name}")));
    none("rooms of the indexer that are not its face", breaches);
}

#[test]
fn nothing_unwraps_and_no_lint_is_silenced_without_a_reason() {
    let files = tree();
    let mut breaches = Vec::new();
    // In `tests` everything is a test.
    for file in sources(&files).into_iter().filter(|file| !file.path.starts_with("tests/")) {
        let unwraps = file.code().matches(".unwrap()").count();
        let allowed = UNWRAPS.iter().find(|(path, _)| *path == file.path).map_or(0, |(_, number)| *number);
        if unwraps != allowed {
            breaches.push(format!("{}: {unwraps} unwrap() of {allowed}", file.path));
        }
    }
    for file in files.iter().filter(|file| file.path.ends_with(".rs") && file.path != "tests/it/tidy.rs") {
        // What is looked for; the file itself is left out because it names them here.
        for attribute in ["#[allow(", "#![allow(", "#[ignore", "todo!(", "unimplemented!("] {
            if file.text.contains(attribute) {
                breaches.push(format!("{}: {attribute}", file.path));
            }
        }
    }
    none("use `expect(\"why this holds\")`, and `#[expect(lint, reason = ..)]` for a lint", breaches);
}

#[test]
fn modules_are_called_after_what_they_do() {
    let files = tree();
    let vague = ["mod", "util", "utils", "common", "helper", "helpers", "misc", "types"];
    let named = files.iter().filter(|file| {
        let stem = Path::new(&file.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        file.path.ends_with(".rs") && vague.contains(&stem)
    });
    none("a module is `foo.rs` with its parts in `foo/`", named.map(|file| file.path.clone()).collect());
}

#[test]
fn nothing_names_one_machine_or_one_registry() {
    let files = tree();
    // Written in two halves, so that this file does not name them either.
    let places = [("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("/tm", "p/"), ("/wo", "rk/")];
    let registries = [
        ("crates", ".io"),
        ("docs", ".rs"),
        ("lib", ".rs/"),
        ("npmjs", ".org"),
        ("npmjs", ".com"),
        ("pypi", ".org"),
        ("deb.debian", ".org"),
        ("proxy.golang", ".org"),
        ("static.rust-", "lang.org"),
    ];
    let words: Vec<String> = places.iter().chain(&registries).map(|(a, b)| format!("{a}{b}")).collect();
    let mut breaches = Vec::new();
    // Cargo writes its lock file itself.
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        for (at, line) in file.text.lines().enumerate() {
            let found = words.iter().filter(|word| stands_alone(line, word));
            breaches.extend(found.map(|word| format!("{}:{}: {word}", file.path, at + 1)));
        }
    }
    none("places that exist on one machine only, and registries", breaches);
}

/// True when `word` stands in `line` and is not the middle of a longer path or name.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '}' | '/'))
            || (!word.starts_with('/') && before == Some('/'))
    })
}

#[test]
fn a_word_stands_alone_or_not() {
    for (line, word, expected) in [
        ("open(\"/tm", "/tm", true),
        ("`/tm/x`", "/tm/", true),
        ("https://example.org/tm/x", "/tm/", false),
        ("{dir}/tm/x", "/tm/", false),
        ("see https://index.test/", "index.test", true),
        ("my-index.test", "index.test", false),
    ] {
        assert_eq!(stands_alone(line, word), expected, "{word} in {line}");
    }
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let mut breaches = Vec::new();
    for (room, _) in ROOMS {
        let manifest = fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
        let mut section = "";
        for (at, line) in manifest.lines().enumerate() {
            if line.starts_with('[') {
                section = line;
            }
            let entry = !line.is_empty() && !line.starts_with(['[', '#']);
            let inherited = line.contains("workspace = true");
            if entry && !inherited && (section.ends_with("dependencies]") || line.starts_with("version")) {
                breaches.push(format!("{room}/Cargo.toml:{}: {line}", at + 1));
            }
        }
    }
    none("write the version into the root Cargo.toml and `name.workspace = true` here", breaches);
}

#[test]
fn the_shipped_configuration_loads() {
    let loaded = config::load(&root().join("config/portalverbund.toml")).unwrap();
    let faults = loaded.faults.iter().chain(&loaded.warnings).map(ToString::to_string);
    none("config/portalverbund.toml and portale.d", faults.collect());
}

#[test]
fn the_readme_leads_in() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut breaches = Vec::new();
    for target in ["demo", "test"] {
        if !readme.lines().any(|line| line.trim() == format!("make {target}")) {
            breaches.push(format!("README.md does not show `make {target}` on a line of its own"));
        }
    }
    let files = tree();
    for file in &files {
        // One file per command; `setup` is what they share.
        let command = file.path.strip_prefix("gateway/src/cli/").and_then(|name| name.strip_suffix(".rs"));
        let Some(command) = command.filter(|name| !name.contains('/') && *name != "setup") else { continue };
        if !readme.contains(&format!("| `{command}")) {
            breaches.push(format!("README.md does not list the command `{command}`"));
        }
    }
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for word in file.text.split("`make ").skip(1) {
            let target =
                word.split(|letter: char| !letter.is_alphanumeric() && letter != '-').next().unwrap_or_default();
            if !makefile.lines().any(|line| line.starts_with(&format!("{target}:"))) {
                breaches.push(format!("{} names `make {target}`, which the Makefile does not have", file.path));
            }
        }
        for link in file.text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
            if !target.is_empty() && !target.contains("://") && !root().join(folder).join(target).exists() {
                breaches.push(format!("{} links to {target}, which is not there", file.path));
            }
        }
    }
    none("what a new person reads first", breaches);
}

#[test]
fn decisions_are_short_and_numbered() {
    let mut names = Vec::new();
    let mut breaches = Vec::new();
    for file in tree().iter().filter(|file| file.path.starts_with("docs/decisions/")) {
        let name = file.path.trim_start_matches("docs/decisions/").to_owned();
        let lines = file.text.lines().count();
        if lines > MAX_DECISION_LINES {
            breaches.push(format!("{name}: {lines} lines of {MAX_DECISION_LINES}"));
        }
        names.push(name);
    }
    for (at, name) in names.iter().enumerate() {
        if !name.starts_with(&format!("{:04}-", at + 1)) {
            breaches.push(format!("{name}: expected number {:04}", at + 1));
        }
    }
    assert!(!names.is_empty(), "docs/decisions is empty");
    none("docs/decisions", breaches);
}
