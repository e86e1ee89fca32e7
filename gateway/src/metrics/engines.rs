//! What is counted of the lists of pages, and of what search engines are told.

use std::time::Duration;

use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGaugeVec};

use super::{counters, opts};
use crate::announce::Outcome;
use crate::sitemap::Kind;

/// The counters.
pub struct Engines {
    pages: IntGaugeVec,
    made_at: Gauge,
    took: Gauge,
    failures: IntCounter,
    messages: IntCounterVec,
    urls: IntCounterVec,
}

impl Engines {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| Gauge::with_opts(opts(name, help));
        let engines = Self {
            pages: IntGaugeVec::new(opts("sitemap_pages_count", "Pages in the lists for search engines."), &["list"])?,
            made_at: gauge("sitemap_last_success_timestamp_seconds", "When the lists were made last.")?,
            took: gauge("sitemap_duration_seconds", "Time that the last making of the lists took.")?,
            failures: IntCounter::with_opts(opts("sitemap_failures_total", "Times that the lists could not be made."))?,
            messages: counters("indexnow_messages_total", "Messages to search engines.", &["outcome"])?,
            urls: counters("indexnow_urls_total", "Addresses in messages to search engines.", &["outcome"])?,
        };
        for outcome in Outcome::ALL {
            engines.messages.with_label_values(&[outcome.name()]).inc_by(0);
            engines.urls.with_label_values(&[outcome.name()]).inc_by(0);
        }
        Ok(engines)
    }

    pub(super) fn all(&self) -> Vec<Box<dyn Collector>> {
        vec![
            Box::new(self.pages.clone()),
            Box::new(self.made_at.clone()),
            Box::new(self.took.clone()),
            Box::new(self.failures.clone()),
            Box::new(self.messages.clone()),
            Box::new(self.urls.clone()),
        ]
    }

    /// How many pages a list has.
    pub fn pages(&self, kind: Kind, pages: u64) {
        self.pages.with_label_values(&[kind.name()]).set(pages as i64);
    }

    /// New lists are served.
    pub fn made(&self, now: Timestamp, took: Duration) {
        self.made_at.set(now.as_millisecond() as f64 / 1000.0);
        self.took.set(took.as_secs_f64());
    }

    /// The lists could not be made.
    pub fn failed(&self) {
        self.failures.inc();
    }

    /// A search engine was told of so many pages.
    pub fn told(&self, outcome: Outcome, urls: usize) {
        self.messages.with_label_values(&[outcome.name()]).inc();
        self.urls.with_label_values(&[outcome.name()]).inc_by(urls as u64);
    }
}
