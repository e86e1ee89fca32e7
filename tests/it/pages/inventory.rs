//! No page is forgotten: every route that answers GET stands in the inventory, or in the list of what is no page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tests::pages::{CITIZENS, EDITORS, GERMAN, LANGUAGES, NO_PAGES, Page, SIGN_IN};

/// Sources whose routes are not on the public side.
const INSIDE: &[(&str, &str)] = &[
    ("demo/", "the portals of the demo"),
    ("fake.rs", "pages of unit tests"),
    ("server/internal.rs", "the internal side"),
    ("server/purge.rs", "the internal side"),
    ("insights/page.rs", "the internal side"),
    ("announce", "the internal side"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// The paths that the router is built of, as they stand in the sources: `.route("/…", get(…))` and `.get("/…", …)`.
fn routes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("gateway/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut routes = BTreeSet::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if INSIDE.iter().any(|(inside, _)| name.starts_with(inside)) || name.contains("tests") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (call, needs_get) in [(".route(", true), (".get(", false)] {
            for rest in text.split(call).skip(1) {
                let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                let (path, after) = rest.split_once('"').unwrap();
                // What answers GET stands in the same call.
                let after: String = after.split(".route(").next().unwrap().chars().take(120).collect();
                let answers =
                    !needs_get || ["get(", "any(", "get_service("].iter().any(|method| after.contains(method));
                if path.starts_with('/') && answers {
                    routes.insert(path.to_owned());
                }
            }
        }
    }
    routes
}

fn without_language(route: &str) -> &str {
    let prefixes = LANGUAGES.iter().map(|language| language.prefix).filter(|prefix| !prefix.is_empty());
    for prefix in prefixes {
        match route.strip_prefix(prefix) {
            Some("") => return "/",
            Some(rest) if rest.starts_with('/') => return rest,
            _ => {}
        }
    }
    route
}

#[test]
fn no_page_is_forgotten() {
    let routes = routes();
    assert!(routes.len() > 40, "the routes were not found: {routes:?}");
    let known: Vec<&Page> = [CITIZENS, GERMAN, SIGN_IN, EDITORS].concat().leak().iter().collect();
    let is_no_page = |route: &str| {
        NO_PAGES.iter().any(|(path, _)| match path.strip_suffix('*') {
            Some(beginning) => route.starts_with(beginning),
            None => route == *path,
        })
    };
    let mut faults = Vec::new();
    for route in &routes {
        let route = without_language(route);
        if !is_no_page(route) && !known.iter().any(|page| page.route == route) {
            faults.push(format!("{route} answers GET and stands in no inventory (tests/src/pages.rs)"));
        }
    }
    let has = |route: &str| routes.iter().any(|known| without_language(known) == route);
    for page in &known {
        if !has(page.route) {
            faults.push(format!("`{}` of the inventory is of no route: {}", page.name, page.route));
        }
    }
    for (path, _) in NO_PAGES {
        let begins = path.strip_suffix('*');
        if !routes.iter().any(|route| begins.map_or(route == path, |beginning| route.starts_with(beginning))) {
            faults.push(format!("{path} is named as no page, and there is no such route"));
        }
    }
    super::none("routes and the inventory of pages", &faults);
}
