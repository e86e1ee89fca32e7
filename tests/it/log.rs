//! The line that is logged of each request: what stands in it, and what never does.

use serde_json::Value;
use tests::client::ask;
use tests::portal::{FakePortal, Reply, Request};
use tests::program::Installation;

use crate::EXE;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What may stand in the line; a client's address, a path or a query is none of it.
const FIELDS: &[&str] = &[
    "duration_ms",
    "level",
    "message",
    "portal.id",
    "request.id",
    "route",
    "status",
    "target",
    "timestamp",
    "trace.id",
    "whole",
];

#[test]
fn a_request_is_logged_with_its_trace_and_without_its_asker_or_question() {
    let portal = FakePortal::start(|request: &Request| {
        let told = |name: &str| request.fields.get(name).cloned().unwrap_or_default();
        Reply::ok(format!("{} | {}", told("traceparent"), told("tracestate")))
    });
    let installation = Installation::new(EXE);
    installation.route("eins", &portal.url(""), "");
    let serving = installation.serve().ready();
    let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let broken = format!("00-{TRACE}-0000000000000000-01");
    for (target, trace, answer) in [
        ("/portal/eins/x?q=apfelbaum", &valid, Some(format!("{valid} | a=1"))),
        ("/portal/eins/x?q=apfelbaum", &broken, Some(" | ".to_owned())),
        ("/suche?q=apfelbaum", &valid, None),
        ("/api/v1/suche?apfelbaum=1", &valid, None),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: birnbaum\r\nX-Forwarded-For: 203.0.113.9\r\n\
             traceparent: {trace}\r\ntracestate: a=1\r\nConnection: close\r\n\r\n"
        );
        let answered = ask(serving.public, request.as_bytes()).unwrap();
        if let Some(answer) = answer {
            assert_eq!((answered.status, answered.body), (200, answer), "{trace}");
        }
    }
    let log = serving.stop().expect(0).stderr;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
    for line in &told {
        let mut fields: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, FIELDS, "{line}");
        assert!(!line.to_string().contains("127.0.0.1"), "{line}");
    }
    let traces: Vec<_> = told.iter().map(|line| line["trace.id"].as_str().unwrap()).collect();
    assert_eq!(traces, [TRACE, "", TRACE, TRACE], "{log}");
    for never in ["apfelbaum", "birnbaum", "203.0.113.9", "00f067aa0ba902b7"] {
        assert!(!log.to_lowercase().contains(never), "{never} in {log}");
    }
}
