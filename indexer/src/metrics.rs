//! What the indexer counts, for Prometheus: the runs, what they changed, and how old what is shown is.
//!
//! Names are `portalverbund_indexer_<thing>_<unit>`. Labels come from closed sets or from the registrations; the series
//! of a portal end with its registration.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use connectors::ids::PortalId;
use connectors::link::{LinkFault, Verdict};
use connectors::registration::Portal;
use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    exponential_buckets,
};

use crate::record::Kind;
use crate::run::{Outcome, RunReport};

/// What a run did to records, as the label `change` names it.
const CHANGES: [&str; 4] = ["added", "updated", "removed", "refused"];

/// The counters of the indexer.
#[derive(Clone)]
pub struct Metrics {
    shown: Arc<Mutex<HashSet<PortalId>>>,
    runs: IntCounterVec,
    running: IntGauge,
    run_duration: Histogram,
    changed: IntCounterVec,
    bytes: IntCounterVec,
    held: IntGaugeVec,
    last_run: GaugeVec,
    last_good_run: GaugeVec,
    records: IntGaugeVec,
    findings: IntGaugeVec,
    follows: IntCounterVec,
    followed_at: Gauge,
    visits: IntCounterVec,
    links: IntGaugeVec,
}

impl Metrics {
    /// Registers everything in `registry`.
    ///
    /// # Errors
    /// When one of the names is taken in it.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let duration = opts("run_duration_seconds", "Time that a run took, trials included.");
        let metrics = Self {
            shown: Arc::default(),
            runs: IntCounterVec::new(opts("runs_total", "Runs that ended, trials left out."), &["portal", "outcome"])?,
            running: IntGauge::with_opts(opts("runs_in_progress", "Runs that go on."))?,
            run_duration: Histogram::with_opts(
                HistogramOpts::from(duration).buckets(exponential_buckets(0.1, 3.0, 10)?),
            )?,
            changed: IntCounterVec::new(
                opts("records_changed_total", "Records that runs added, updated, removed or refused."),
                &["portal", "change"],
            )?,
            bytes: IntCounterVec::new(opts("read_bytes_total", "Bytes of deliveries that were read."), &["portal"])?,
            held: IntGaugeVec::new(opts("run_held", "1 while a guard holds the last run of a portal."), &["portal"])?,
            last_run: GaugeVec::new(
                opts("last_run_timestamp_seconds", "When the last run of a portal ended, however it did."),
                &["portal"],
            )?,
            last_good_run: GaugeVec::new(
                opts("last_good_run_timestamp_seconds", "When a run last confirmed or changed the stock of a portal."),
                &["portal"],
            )?,
            records: IntGaugeVec::new(opts("records_count", "Live records of a portal."), &["portal", "kind"])?,
            findings: IntGaugeVec::new(
                opts("findings_count", "What was wrong with the last delivery of a portal that was read."),
                &["portal"],
            )?,
            follows: IntCounterVec::new(
                opts("index_updates_total", "Attempts to bring the index up to date."),
                &["result"],
            )?,
            followed_at: Gauge::with_opts(opts(
                "index_last_success_timestamp_seconds",
                "When the index was last known to be up to date.",
            ))?,
            visits: IntCounterVec::new(
                opts("link_visits_total", "Visits to addresses that records name, by what they said."),
                &["verdict"],
            )?,
            links: IntGaugeVec::new(
                opts("links_count", "Addresses that records name, by what the last visit said; `unseen` before it."),
                &["verdict"],
            )?,
        };
        metrics.all().into_iter().try_for_each(|collector| registry.register(collector))?;
        for result in [true, false] {
            metrics.follows.with_label_values(&[said(result)]).inc_by(0);
        }
        Ok(metrics)
    }

    /// The name of every series with its labels; those without a sample included.
    pub fn series(&self) -> Vec<(String, Vec<String>)> {
        config::telemetry::series(&self.all())
    }

    /// Everything that is registered, once each.
    fn all(&self) -> [Box<dyn Collector>; 14] {
        [
            Box::new(self.runs.clone()),
            Box::new(self.running.clone()),
            Box::new(self.run_duration.clone()),
            Box::new(self.changed.clone()),
            Box::new(self.bytes.clone()),
            Box::new(self.held.clone()),
            Box::new(self.last_run.clone()),
            Box::new(self.last_good_run.clone()),
            Box::new(self.records.clone()),
            Box::new(self.findings.clone()),
            Box::new(self.follows.clone()),
            Box::new(self.followed_at.clone()),
            Box::new(self.visits.clone()),
            Box::new(self.links.clone()),
        ]
    }

    /// Counts a run as going on until the value is dropped.
    pub(crate) fn running(&self) -> Running {
        self.running.inc();
        Running(self.running.clone())
    }

    /// A run that was no trial has ended.
    pub(crate) fn ended(&self, report: &RunReport, at: Timestamp) {
        let portal = report.portal.as_str();
        let applied = &report.applied;
        self.runs.with_label_values(&[portal, report.outcome.as_str()]).inc();
        self.run_duration.observe(report.duration.as_secs_f64());
        let counts = [applied.added, applied.updated, applied.removed, report.refused];
        for (change, count) in CHANGES.into_iter().zip(counts) {
            self.changed.with_label_values(&[portal, change]).inc_by(count);
        }
        self.bytes.with_label_values(&[portal]).inc_by(report.bytes);
        self.ran(&report.portal, report.outcome.as_str(), at);
    }

    /// The last run of a portal ended so at that time; `outcome` as the store writes it.
    pub(crate) fn ran(&self, portal: &PortalId, outcome: &str, at: Timestamp) {
        self.shown().insert(portal.clone());
        self.last_run.with_label_values(&[portal.as_str()]).set(seconds(at));
        self.held.with_label_values(&[portal.as_str()]).set(i64::from(outcome == Outcome::Held.as_str()));
    }

    /// What the store holds of a portal that ran before.
    pub(crate) fn holds(
        &self,
        portal: &PortalId,
        good_at: Option<Timestamp>,
        records: &HashMap<Kind, u64>,
        findings: u64,
    ) {
        let id = portal.as_str();
        if let Some(at) = good_at {
            self.last_good_run.with_label_values(&[id]).set(seconds(at));
        }
        for kind in Kind::ALL {
            let count = records.get(&kind).copied().unwrap_or(0);
            self.records.with_label_values(&[id, kind.name()]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.findings.with_label_values(&[id]).set(i64::try_from(findings).unwrap_or(i64::MAX));
    }

    /// The index is up to date, or could not be brought there.
    pub(crate) fn followed(&self, well: bool) {
        self.follows.with_label_values(&[said(well)]).inc();
        if well {
            self.followed_at.set(seconds(config::clock::now()));
        }
    }

    /// A visit to an address has ended.
    pub(crate) fn link(&self, verdict: Verdict) {
        self.visits.with_label_values(&[verdict.code()]).inc();
    }

    /// How many addresses there are for each verdict.
    pub(crate) fn links(&self, counts: &[(Option<Verdict>, u64)]) {
        let verdicts = [Verdict::Good, Verdict::Unclear].into_iter().chain(LinkFault::ALL.map(Verdict::Faulty));
        for verdict in verdicts.map(Some).chain([None]) {
            let count = counts.iter().find(|(of, _)| *of == verdict).map_or(0, |(_, count)| *count);
            let name = verdict.map_or("unseen", Verdict::code);
            self.links.with_label_values(&[name]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Ends the series of portals that are not registered any more.
    pub(crate) fn keep_only(&self, portals: &[Portal]) {
        let registered: HashSet<_> = portals.iter().map(|portal| &portal.id).collect();
        self.shown().retain(|portal| {
            let stays = registered.contains(portal);
            if !stays {
                self.forget(portal.as_str());
            }
            stays
        });
    }

    fn forget(&self, portal: &str) {
        // A series that never had a sample cannot be removed, which is as good.
        for outcome in Outcome::ALL {
            let _ = self.runs.remove_label_values(&[portal, outcome.as_str()]);
        }
        for change in CHANGES {
            let _ = self.changed.remove_label_values(&[portal, change]);
        }
        for kind in Kind::ALL {
            let _ = self.records.remove_label_values(&[portal, kind.name()]);
        }
        let _ = self.bytes.remove_label_values(&[portal]);
        for gauges in [&self.last_run, &self.last_good_run] {
            let _ = gauges.remove_label_values(&[portal]);
        }
        for gauges in [&self.held, &self.findings] {
            let _ = gauges.remove_label_values(&[portal]);
        }
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, HashSet<PortalId>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that goes on, until it is dropped.
pub(crate) struct Running(IntGauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("portalverbund_indexer_{name}"), help)
}

fn said(well: bool) -> &'static str {
    if well { "success" } else { "failure" }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
