//! Dashboards, alert rules and runbooks: what they name is in the program, and each alert has its runbook.
//!
//! The rules are read line by line, since each of them is written in the same few lines; where `promtool` is installed,
//! it reads them too, and the expressions of the dashboards with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use gateway::metrics::{Answered, Cached, FeedbackRefused, Metrics, Refused, UpstreamFault};
use indexer::record::Kind;
use indexer::run::Outcome;
use serde_json::Value;
use tests::client::get;
use tests::program::Installation;

use crate::EXE;

/// Labels that Prometheus adds to every series.
const ADDED: &[&str] = &["job", "instance"];
/// Values of labels that are no closed set with a name.
const VALUES: &[&str] = &[
    "1xx", "2xx", "3xx", "4xx", "5xx", "success", "failure", "added", "updated", "removed", "refused", "clear",
    "choose", "open", "nothing",
];

/// Every series of the program, with its labels.
type Known = BTreeMap<String, BTreeSet<String>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("dashboards")
}

fn known() -> Known {
    let metrics = Metrics::new(config::telemetry::registry()).unwrap();
    let imports = indexer::metrics::Metrics::new(metrics.registry()).unwrap();
    let series = metrics.series().into_iter().chain(imports.series());
    let mut known: Known = series.map(|(name, labels)| (name, labels.into_iter().collect())).collect();
    // What other rooms registered has its samples from the start.
    for family in metrics.registry().gather() {
        let labels = family.get_metric().iter().flat_map(|sample| sample.get_label());
        let labels = labels.map(|label| label.name().to_owned()).collect();
        known.entry(family.name().to_owned()).or_insert(labels);
    }
    known
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_str().unwrap().ends_with(end));
    files.sort();
    assert!(!files.is_empty(), "no {end} in {}", folder.display());
    files
}

/// The dashboards by file name.
fn boards() -> Vec<(String, Value)> {
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let board = serde_json::from_str(&fs::read_to_string(&path).unwrap());
        (name.clone(), board.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files(&folder(), ".json").into_iter().map(read).collect()
}

/// The expressions of a dashboard, each with the legend of its series.
fn targets(board: &Value) -> Vec<(String, String)> {
    let panels = board["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    targets.map(|target| (text(&target["expr"]), text(&target["legendFormat"]))).collect()
}

/// A rule as `alerts.yml` writes it.
struct Alert {
    name: String,
    keys: BTreeMap<String, String>,
}

fn alerts() -> Vec<Alert> {
    let text = fs::read_to_string(folder().join("alerts.yml")).unwrap();
    let mut alerts: Vec<Alert> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.split_once(": ") else { continue };
        let value = value.trim_matches('\'').to_owned();
        if key == "- alert" {
            alerts.push(Alert { name: value, keys: BTreeMap::new() });
        } else if let Some(alert) = alerts.last_mut() {
            alert.keys.insert(key.to_owned(), value);
        }
    }
    assert!(!alerts.is_empty());
    alerts
}

/// The words in `text` that look like names of ours, and what follows each.
fn names(text: &str) -> Vec<(&str, &str)> {
    let part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let found = text.match_indices("portalverbund_").map(|(at, _)| {
        let rest = text.get(at..).unwrap();
        rest.split_at(rest.find(|sign| !part(sign)).unwrap_or(rest.len()))
    });
    found.collect()
}

/// What an expression names and the program does not have.
fn strangers(expression: &str, legend: &str, known: &Known) -> Vec<String> {
    let mut strangers = Vec::new();
    let mut labels: BTreeSet<&str> = ADDED.iter().copied().collect();
    let closed = [
        Answered::ALL.iter().map(|one| one.label()).collect::<Vec<_>>(),
        Cached::ALL.iter().map(|one| one.label()).collect(),
        Refused::ALL.iter().map(|one| one.label()).collect(),
        FeedbackRefused::ALL.iter().map(|one| one.label()).collect(),
        UpstreamFault::ALL.iter().map(|one| one.label()).collect(),
        Outcome::ALL.iter().map(|one| one.as_str()).collect(),
        Kind::ALL.iter().map(|one| one.name()).collect(),
        gateway::announce::Outcome::ALL.iter().map(|one| one.name()).collect(),
        VALUES.to_vec(),
    ]
    .concat();
    for (name, after) in names(expression) {
        let Some(own) = known.get(name) else {
            strangers.push(name.to_owned());
            continue;
        };
        labels.extend(own.iter().map(String::as_str));
        let matchers = after.strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
        for matcher in matchers.split(',').filter(|matcher| !matcher.is_empty()) {
            let (label, value) = matcher.split_once(['=', '!']).unwrap();
            let (label, value) = (label.trim(), value.trim_matches(['=', '~', '"']));
            if !own.contains(label) && !ADDED.contains(&label) {
                strangers.push(format!("{name} has no label {label}"));
            }
            if !value.starts_with('$') {
                let unknown = value.split('|').filter(|one| !closed.contains(one));
                strangers.extend(unknown.map(|one| format!("{name} has no {label} {one}")));
            }
        }
    }
    let lists = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    let shown = legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    let used = lists.flat_map(|list| list.split(',')).chain(shown).map(str::trim);
    strangers
        .extend(used.filter(|label| !labels.contains(label)).map(|label| format!("nothing has the label {label}")));
    strangers
}

#[track_caller]
fn none(what: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{what}:\n  {}", breaches.join("\n  "));
}

#[test]
fn a_stranger_is_seen() {
    let known = known();
    for (expression, legend, expected) in [
        ("sum by (portal) (rate(portalverbund_gateway_requests_total{job=~\"$job\", status=\"5xx\"}[5m]))", "", 0),
        ("sum (portalverbund_gateway_requests)", "", 1),
        ("portalverbund_gateway_requests_total{kind=\"connect\"}", "", 1),
        ("portalverbund_gateway_upstream_failures_total{kind=\"connected\"}", "", 1),
        ("sum by (kind) (portalverbund_gateway_requests_total)", "{{kind}}", 2),
        ("sum by (le) (portalverbund_gateway_request_duration_seconds_bucket)", "", 0),
        ("portalverbund_gateway_request_duration_seconds", "", 1),
    ] {
        let strangers = strangers(expression, legend, &known);
        assert_eq!(strangers.len(), expected, "{expression}: {strangers:?}");
    }
}

#[test]
fn dashboards_and_rules_name_what_the_program_counts() {
    let known = known();
    let mut breaches = Vec::new();
    for (file, board) in boards() {
        for (expression, legend) in targets(&board) {
            let strangers = strangers(&expression, &legend, &known);
            breaches.extend(strangers.into_iter().map(|stranger| format!("{file}: {stranger} in {expression}")));
        }
    }
    for Alert { name, keys } in alerts() {
        let strangers = strangers(&keys["expr"], "", &known);
        breaches.extend(strangers.into_iter().map(|stranger| format!("{name}: {stranger}")));
    }
    // Variables, descriptions and runbooks name metrics too.
    let others = files(&folder(), ".json").into_iter().chain(files(&folder().join("runbooks"), ".md"));
    for path in others {
        let text = fs::read_to_string(&path).unwrap();
        let unknown = names(&text).into_iter().filter(|(name, _)| !known.contains_key(*name));
        breaches.extend(unknown.map(|(name, _)| format!("{}: {name}", path.display())));
    }
    none("names that the program does not have", &breaches);
}

#[test]
fn the_program_shows_no_metric_beside_those_that_are_described() {
    let known = known();
    let serving = Installation::new(EXE).serve();
    let shown = get(serving.internal, "/metrics").body;
    let names: Vec<_> = shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(names.contains(&"portalverbund_config_build_info"), "{shown}");
    for name in names {
        assert!(known.contains_key(name) || known.contains_key(&format!("{name}_count")), "{name}");
    }
    serving.stop().expect(0);
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    let mut breaches = Vec::new();
    let mut uids = BTreeSet::new();
    for (file, board) in boards() {
        assert!(uids.insert(board["uid"].as_str().unwrap().to_owned()), "{file}: its uid is another's");
        assert!(board["title"].as_str().is_some_and(|title| title.starts_with("Portalverbund: ")), "{file}");
        let mut ids = BTreeSet::new();
        for panel in board["panels"].as_array().unwrap() {
            let said = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
            let whole = said(&panel["title"])
                && said(&panel["description"])
                && said(&panel["fieldConfig"]["defaults"]["unit"])
                && !panel["targets"].as_array().unwrap().is_empty()
                && ids.insert(panel["id"].as_u64().unwrap());
            if !whole {
                breaches.push(format!("{file}: panel {} {}", panel["id"], panel["title"]));
            }
        }
    }
    none("panels without a title, a description, a unit, a target or an id of their own", &breaches);
}

#[test]
fn every_alert_has_its_runbook_and_every_runbook_its_alert() {
    let mut breaches = Vec::new();
    let alerts = alerts();
    for Alert { name, keys } in &alerts {
        for key in ["expr", "for", "severity", "summary"] {
            if keys.get(key).is_none_or(String::is_empty) {
                breaches.push(format!("{name} has no {key}"));
            }
        }
        if keys.get("runbook") != Some(&format!("dashboards/runbooks/{name}.md")) {
            breaches.push(format!("{name} does not link its runbook"));
        }
        let runbook = fs::read_to_string(folder().join(format!("runbooks/{name}.md"))).unwrap_or_default();
        for part in [&format!("# {name}\n"), "\n**Means.** ", "\n**Look at.** ", "\n**Do.** "] {
            if !runbook.contains(part) {
                breaches.push(format!("runbooks/{name}.md does not say `{}`", part.trim()));
            }
        }
    }
    let named: BTreeSet<_> = alerts.iter().map(|alert| alert.name.as_str()).collect();
    assert_eq!(named.len(), alerts.len(), "two alerts have one name");
    for path in files(&folder().join("runbooks"), ".md") {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if !named.contains(stem) {
            breaches.push(format!("runbooks/{stem}.md has no alert"));
        }
    }
    none("alerts and runbooks", &breaches);
}

#[test]
fn promtool_accepts_rules_and_expressions() {
    let dir = tempfile::tempdir().unwrap();
    let mut rules = "groups:\n- name: dashboards\n  rules:\n".to_owned();
    for (at, (expression, _)) in boards().iter().flat_map(|(_, board)| targets(board)).enumerate() {
        let expression = expression.replace("$__rate_interval", "5m");
        rules += &format!("  - record: expression_{at}\n    expr: '{expression}'\n");
    }
    let expressions = dir.path().join("dashboards.yml");
    fs::write(&expressions, rules).unwrap();
    let checked =
        Command::new("promtool").args(["check", "rules"]).arg(folder().join("alerts.yml")).arg(expressions).output();
    match checked {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("left out: promtool (Debian package `prometheus`) is not installed");
        }
        Err(error) => panic!("promtool cannot be run: {error}"),
    }
}
