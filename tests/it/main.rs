//! The whole system, one file per behaviour, and the tree that it is made of.

#![expect(clippy::unwrap_used, reason = "a helper of a test that cannot go on fails its test at this place")]

mod accounts;
mod bench;
mod bereitstelldienst;
mod caching;
mod citizen;
mod crash;
mod dashboards;
mod edge;
mod engines;
mod faults;
mod guard;
mod hostile;
mod imports;
mod insights;
mod joining;
mod judged;
mod log;
mod oidc;
mod pages;
mod push;
mod report;
mod routing;
mod runs;
mod structured;
mod tidy;
mod verbund;
mod voice;
mod web;

/// The program under test: the product's own `main`, built with these tests.
const EXE: &str = env!("CARGO_BIN_EXE_portalverbund-under-test");
