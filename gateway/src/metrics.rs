//! What the gateway counts, for Prometheus.
//!
//! Names are `portalverbund_gateway_<thing>_<unit>`; labels come from closed sets or from the registrations, never from
//! a request. Other rooms register what they count in the same registry.

use std::time::Duration;

use connectors::ids::PortalId;
use http::StatusCode;
use indexer::catalog::Verdict;
use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, core::Collector,
};

macro_rules! closed_set {
    ($(#[$doc:meta])* $set:ident { $($(#[$item_doc:meta])* $item:ident = $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $set { $($(#[$item_doc])* $item,)* }

        impl $set {
            /// Every member.
            pub const ALL: &[Self] = &[$(Self::$item),*];

            /// The label.
            pub fn label(self) -> &'static str {
                match self { $(Self::$item => $label,)* }
            }
        }
    };
}

mod engines;
mod portals;
mod registrations;
mod voices;

pub use engines::Engines;
pub use portals::{Looked, Portals, TunnelEnd};
pub use registrations::Registrations;
pub use voices::{FeedbackKind, FeedbackRefused, Voices};

closed_set! {
    /// Why a connection or request was refused before it was routed.
    Refused {
        /// All connections are taken.
        ConnectionsFull = "connections_full",
        /// The client has too many connections.
        ClientFull = "client_full",
        /// The framing could be read in two ways.
        Framing = "framing",
        /// Too many frames of HTTP/2 that cost much and say little.
        Flood = "flood",
        /// No head in time.
        HeadSlow = "head_slow",
        /// The client does not take its answer.
        ReadsSlowly = "reads_slowly",
        /// No valid host, or two.
        Host = "host",
        /// A target that is none of ours.
        Target = "target",
        /// A head larger than allowed.
        HeadLarge = "head_large",
        /// TRACE or CONNECT.
        Method = "method",
        /// A path with two readings.
        Path = "path",
        /// The client asked too often.
        Rate = "rate",
        /// No TLS connection came about.
        TlsHandshake = "tls_handshake",
        /// No header of the PROXY protocol, or from somebody who may not send one.
        ProxyHeader = "proxy_header",
        /// It came without TLS and is no page that could be sent on.
        Unencrypted = "unencrypted",
    }
}

closed_set! {
    /// How a portal failed.
    UpstreamFault {
        /// No connection.
        Connect = "connect",
        /// Its address may not be dialled.
        Address = "address",
        /// No head in time.
        Silent = "silent",
        /// No valid answer, or it broke off before its head.
        Invalid = "invalid",
        /// The body broke off.
        BodyCut = "body_cut",
        /// The body stalled.
        BodyStalled = "body_stalled",
        /// No free place.
        Full = "full",
        /// It was not asked, because most of its requests failed.
        Paused = "paused",
        /// The request came back to us.
        Loop = "loop",
    }
}

closed_set! {
    /// What the cache did with a request at a route that has it.
    Cached {
        /// Answered by what is kept, fresh.
        Hit = "hit",
        /// Answered by what is kept, stale.
        Stale = "stale",
        /// Answered by what another request brought at the same time.
        Collapsed = "collapsed",
        /// Answered by what is kept after the portal confirmed it.
        Validated = "validated",
        /// Sent on; nothing that is kept could answer.
        Miss = "miss",
        /// Sent on; no cache is for such a request.
        Bypass = "bypass",
    }
}

closed_set! {
    /// Which way bytes went.
    Direction {
        /// From a client.
        In = "in",
        /// To a client.
        Out = "out",
    }
}

closed_set! {
    /// What answered.
    Answered {
        /// A page of ours.
        Own = "own",
        /// A portal, or the page for its failure.
        Portal = "portal",
        /// Nobody: the request was refused, or nothing is loaded.
        Refused = "refused",
        /// The listener without TLS, which only sends on.
        Unencrypted = "unencrypted",
    }
}

/// The counters of the gateway and the registry that they are in.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
    connections: IntGauge,
    refused: IntCounterVec,
    upstream_failures: IntCounterVec,
    upstream_connections: IntCounterVec,
    panics: IntCounter,
    log_lines_dropped: IntCounter,
    routes: IntGauge,
    routes_portals_left_out: IntGauge,
    routes_loaded_at: Gauge,
    routes_ok: IntGauge,
    routes_from_disk: IntGauge,
    routes_kept: IntCounterVec,
    reloads: IntCounterVec,
    portal_in_flight: IntGaugeVec,
    upstream_ejections: IntCounterVec,
    upstreams_out: IntGaugeVec,
    breaker_openings: IntCounterVec,
    breaker_open: IntGaugeVec,
    repeats: IntCounterVec,
    questions: IntCounterVec,
    clicks: IntCounter,
    audit_entries: IntGauge,
    insights_saves: IntCounterVec,
    cache_requests: IntCounterVec,
    cache_bytes: IntGauge,
    cache_entries: IntGauge,
    cache_evictions: IntCounter,
    bytes: IntCounterVec,
    certificate_expiry: GaugeVec,
    certificate_ok: IntGaugeVec,
    /// What is counted of the way to portals beside requests.
    pub portals: Portals,
    /// What is counted of what citizens tell us.
    pub voices: Voices,
    /// What is counted of lists of pages, and of what search engines are told.
    pub engines: Engines,
    /// What is counted of registrations.
    pub registrations: Registrations,
}

impl Metrics {
    /// Registers everything in `registry`.
    ///
    /// # Errors
    /// When one of the names is taken in it.
    pub fn new(registry: Registry) -> Result<Self, prometheus::Error> {
        let seconds = vec![0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let duration = HistogramOpts::new(
            "portalverbund_gateway_request_duration_seconds",
            "Time from the head of a request to the last byte of its answer.",
        );
        let metrics = Self {
            requests: counters("requests_total", "Requests answered.", &["route", "status", "portal"])?,
            duration: HistogramVec::new(duration.buckets(seconds), &["route"])?,
            in_flight: gauge("requests_in_flight", "Requests whose answer is not complete.")?,
            connections: gauge("connections_open", "Open connections of clients.")?,
            refused: counters("refused_total", "Connections and requests refused before routing.", &["reason"])?,
            upstream_failures: counters("upstream_failures_total", "Failures of portals.", &["portal", "kind"])?,
            upstream_connections: counters("upstream_connections_total", "Connections made to portals.", &["portal"])?,
            panics: IntCounter::new("portalverbund_gateway_panics_total", "Requests ended by a fault of ours.")?,
            log_lines_dropped: IntCounter::new(
                "portalverbund_gateway_log_lines_dropped_total",
                "Lines of requests that the log could not take in time.",
            )?,
            routes: gauge("routes_count", "Routes in the table in use.")?,
            routes_portals_left_out: gauge("routes_portals_left_out", "Portals whose routes cannot be used.")?,
            routes_loaded_at: Gauge::new(
                "portalverbund_gateway_routes_last_success_timestamp_seconds",
                "When a table of routes was last taken into use.",
            )?,
            routes_ok: gauge("routes_last_load_successful", "1 when the last attempt to load routes worked.")?,
            routes_from_disk: gauge("routes_from_disk", "1 when the registry in use is the one kept on disk.")?,
            routes_kept: counters("routes_saves_total", "Attempts to keep the registry on disk.", &["result"])?,
            reloads: counters("routes_loads_total", "Attempts to load routes.", &["result"])?,
            portal_in_flight: IntGaugeVec::new(
                opts("portal_requests_in_flight", "Requests that a portal is working on."),
                &["portal"],
            )?,
            upstream_ejections: counters(
                "upstream_ejections_total",
                "Times that an upstream was left out.",
                &["portal"],
            )?,
            upstreams_out: IntGaugeVec::new(
                opts("upstreams_out_count", "Upstreams of a portal that are left out for their failures."),
                &["portal"],
            )?,
            breaker_openings: counters("breaker_openings_total", "Times that a portal was left alone.", &["portal"])?,
            breaker_open: IntGaugeVec::new(opts("breaker_open", "1 while a portal is left alone."), &["portal"])?,
            repeats: counters(
                "repeats_total",
                "Requests to a portal that were repeated, or not for want of budget.",
                &["portal", "result"],
            )?,
            questions: counters("questions_total", "Questions answered, first pages alone.", &["verdict"])?,
            clicks: IntCounter::new("portalverbund_gateway_clicks_total", "Hits opened from a page of results.")?,
            audit_entries: gauge("audit_entries", "Number of the last entry of the audit trail.")?,
            insights_saves: counters("insights_saves_total", "Attempts to save the counts of questions.", &["result"])?,
            cache_requests: counters(
                "cache_requests_total",
                "Requests at routes that are cached, by what the cache did.",
                &["portal", "result"],
            )?,
            cache_bytes: gauge("cache_bytes", "Bytes of the answers that are kept, heads included.")?,
            cache_entries: gauge("cache_entries_count", "Addresses for which an answer is kept.")?,
            cache_evictions: IntCounter::new(
                "portalverbund_gateway_cache_evictions_total",
                "Addresses whose answers were dropped for want of room.",
            )?,
            bytes: counters(
                "bytes_total",
                "Bytes of bodies from clients (in) and to clients (out), by the portal they were for.",
                &["direction", "portal"],
            )?,
            certificate_expiry: GaugeVec::new(
                opts("tls_certificate_expiry_timestamp_seconds", "When a certificate in use towards citizens ends."),
                &["certificate"],
            )?,
            certificate_ok: IntGaugeVec::new(
                opts("tls_certificate_last_load_successful", "1 when the last attempt to load a certificate worked."),
                &["certificate"],
            )?,
            portals: Portals::new()?,
            voices: Voices::new()?,
            engines: Engines::new()?,
            registrations: Registrations::new()?,
            registry,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        self.all().into_iter().try_for_each(|collector| self.registry.register(collector))?;
        for reason in Refused::ALL {
            self.refused.with_label_values(&[reason.label()]).inc_by(0);
        }
        for verdict in [Verdict::Clear, Verdict::Choose, Verdict::Open, Verdict::Nothing] {
            self.questions.with_label_values(&[verdict.as_str()]).inc_by(0);
        }
        Ok(())
    }

    /// Everything that is registered, once each.
    fn all(&self) -> Vec<Box<dyn Collector>> {
        let own: Vec<Box<dyn Collector>> = vec![
            Box::new(self.requests.clone()),
            Box::new(self.duration.clone()),
            Box::new(self.in_flight.clone()),
            Box::new(self.connections.clone()),
            Box::new(self.refused.clone()),
            Box::new(self.upstream_failures.clone()),
            Box::new(self.upstream_connections.clone()),
            Box::new(self.panics.clone()),
            Box::new(self.log_lines_dropped.clone()),
            Box::new(self.routes.clone()),
            Box::new(self.routes_portals_left_out.clone()),
            Box::new(self.routes_loaded_at.clone()),
            Box::new(self.routes_ok.clone()),
            Box::new(self.routes_from_disk.clone()),
            Box::new(self.routes_kept.clone()),
            Box::new(self.reloads.clone()),
            Box::new(self.portal_in_flight.clone()),
            Box::new(self.upstream_ejections.clone()),
            Box::new(self.upstreams_out.clone()),
            Box::new(self.breaker_openings.clone()),
            Box::new(self.breaker_open.clone()),
            Box::new(self.repeats.clone()),
            Box::new(self.questions.clone()),
            Box::new(self.clicks.clone()),
            Box::new(self.audit_entries.clone()),
            Box::new(self.insights_saves.clone()),
            Box::new(self.cache_requests.clone()),
            Box::new(self.cache_bytes.clone()),
            Box::new(self.cache_entries.clone()),
            Box::new(self.cache_evictions.clone()),
            Box::new(self.bytes.clone()),
            Box::new(self.certificate_expiry.clone()),
            Box::new(self.certificate_ok.clone()),
        ];
        let rooms = [self.portals.all(), self.voices.all(), self.engines.all(), self.registrations.all()];
        own.into_iter().chain(rooms.into_iter().flatten()).collect()
    }

    /// The name of every series with its labels, as the text format writes them; those without a sample included.
    pub fn series(&self) -> Vec<(String, Vec<String>)> {
        config::telemetry::series(&self.all())
    }

    /// The registry, for what others count.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A connection or request was refused.
    pub fn refused(&self, reason: Refused) {
        self.refused.with_label_values(&[reason.label()]).inc();
    }

    /// A portal failed.
    pub fn upstream_failed(&self, portal: &PortalId, fault: UpstreamFault) {
        self.upstream_failures.with_label_values(&[portal.as_str(), fault.label()]).inc();
    }

    /// A connection to a portal was made.
    pub fn upstream_connected(&self, portal: &PortalId) {
        self.upstream_connections.with_label_values(&[portal.as_str()]).inc();
    }

    /// An upstream of a portal is left out from now on.
    pub fn upstream_ejected(&self, portal: &PortalId) {
        self.upstream_ejections.with_label_values(&[portal.as_str()]).inc();
    }

    /// So many upstreams of a portal are left out.
    pub fn upstreams_out(&self, portal: &PortalId, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.upstreams_out.with_label_values(&[portal.as_str()]).set(count);
    }

    /// A portal is left alone from now on, or no longer.
    pub fn breaker(&self, portal: &PortalId, open: bool) {
        self.breaker_open.with_label_values(&[portal.as_str()]).set(open.into());
        self.breaker_openings.with_label_values(&[portal.as_str()]).inc_by(open.into());
    }

    /// A request was repeated, or was not because too many were.
    pub fn repeated(&self, portal: &PortalId, allowed: bool) {
        self.repeats.with_label_values(&[portal.as_str(), if allowed { "repeated" } else { "refused" }]).inc();
    }

    /// A request ended by a panic.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// The line of a request could not be logged.
    pub fn log_line_dropped(&self) {
        self.log_lines_dropped.inc();
    }

    /// A request has its answer, whole or cut off.
    pub fn answered(&self, by: Answered, portal: Option<&PortalId>, status: StatusCode, took: Duration) {
        let class = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.with_label_values(&[by.label(), class, portal.map_or("", PortalId::as_str)]).inc();
        self.duration.with_label_values(&[by.label()]).observe(took.as_secs_f64());
    }

    /// A table with `count` routes is in use since `now` (seconds since 1970); `left_out` portals are not in it. It may
    /// come from what was kept on disk.
    pub fn routes_loaded(&self, count: usize, left_out: usize, now: f64, from_disk: bool) {
        self.routes_from_disk.set(from_disk.into());
        self.routes.set(i64::try_from(count).unwrap_or(i64::MAX));
        self.routes_portals_left_out.set(i64::try_from(left_out).unwrap_or(i64::MAX));
        self.routes_loaded_at.set(now);
        self.routes_ok.set(1);
        self.reloads.with_label_values(&["success"]).inc();
    }

    /// A table could not be loaded; the last one stays.
    pub fn routes_failed(&self) {
        self.routes_ok.set(0);
        self.reloads.with_label_values(&["failure"]).inc();
    }

    /// The registry was kept on disk, or could not be.
    pub fn routes_kept(&self, well: bool) {
        self.routes_kept.with_label_values(&[if well { "success" } else { "failure" }]).inc();
    }

    /// A question was answered, and how surely.
    pub fn question(&self, verdict: Verdict) {
        self.questions.with_label_values(&[verdict.as_str()]).inc();
    }

    /// A hit was opened from a page of results.
    pub fn click(&self) {
        self.clicks.inc();
    }

    /// The audit trail ends with the entry of this number.
    pub fn audit_ends(&self, seq: i64) {
        self.audit_entries.set(seq);
    }

    /// The counts of questions were saved, or could not be.
    pub fn insights_saved(&self, well: bool) {
        self.insights_saves.with_label_values(&[if well { "success" } else { "failure" }]).inc();
    }

    /// The cache dealt with a request.
    pub fn cached(&self, portal: &PortalId, how: Cached) {
        self.cache_requests.with_label_values(&[portal.as_str(), how.label()]).inc();
    }

    /// What was kept for an address was dropped for want of room.
    pub fn cache_evicted(&self) {
        self.cache_evictions.inc();
    }

    /// So many bytes for so many addresses are kept.
    pub fn cache_holds(&self, bytes: u64, entries: u64) {
        self.cache_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.cache_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    /// So many bytes of a body went one way; `portal` is none for our own pages.
    pub fn moved(&self, direction: Direction, portal: Option<&PortalId>, bytes: u64) {
        if bytes > 0 {
            let labels = [direction.label(), portal.map_or("", PortalId::as_str)];
            self.bytes.with_label_values(&labels).inc_by(bytes);
        }
    }

    /// The certificate that the configuration calls `name` is in use until `expires` (seconds since 1970).
    pub fn certificate_used(&self, name: &str, expires: f64) {
        self.certificate_expiry.with_label_values(&[name]).set(expires);
        self.certificate_ok.with_label_values(&[name]).set(1);
    }

    /// The files of a certificate cannot be used; the last good one stays in use, if there is one.
    pub fn certificate_failed(&self, name: &str) {
        self.certificate_ok.with_label_values(&[name]).set(0);
    }

    /// Counts one connection until the value is dropped.
    pub fn connection(&self) -> Held {
        Held::new(self.connections.clone())
    }

    /// Counts one open request until the value is dropped.
    pub fn request(&self) -> Held {
        Held::new(self.in_flight.clone())
    }

    /// Counts one request at a portal until the value is dropped.
    pub fn portal_request(&self, portal: &PortalId) -> Held {
        Held::new(self.portal_in_flight.with_label_values(&[portal.as_str()]))
    }

    /// Everything in the registry, in the text format.
    pub fn text(&self) -> Vec<u8> {
        text_of(&self.registry)
    }

    /// The durations of one kind of route, for tests of what was counted.
    #[cfg(test)]
    pub(crate) fn durations(&self, by: Answered) -> prometheus::Histogram {
        self.duration.with_label_values(&[by.label()])
    }
}

/// Everything in `registry`, in the text format.
pub fn text_of(registry: &Registry) -> Vec<u8> {
    let mut text = Vec::new();
    if let Err(error) = TextEncoder::new().encode(&registry.gather(), &mut text) {
        tracing::error!(%error, "cannot write the metrics");
    }
    text
}

/// One of something that is counted as long as it lives.
pub struct Held(IntGauge);

impl Held {
    fn new(gauge: IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("portalverbund_gateway_{name}"), help)
}

fn counters(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(opts(name, help), labels)
}

fn gauge(name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    IntGauge::with_opts(opts(name, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::new(Registry::new()).unwrap();
        let portal = "stadt-bochum".parse().unwrap();
        metrics.answered(Answered::Portal, Some(&portal), StatusCode::BAD_GATEWAY, Duration::from_millis(20));
        metrics.upstream_failed(&portal, UpstreamFault::Connect);
        metrics.routes_loaded(3, 1, 1.0, false);
        let held = metrics.connection();
        let text = String::from_utf8(metrics.text()).unwrap();
        for line in [
            "portalverbund_gateway_requests_total{portal=\"stadt-bochum\",route=\"portal\",status=\"5xx\"} 1",
            "portalverbund_gateway_upstream_failures_total{kind=\"connect\",portal=\"stadt-bochum\"} 1",
            "portalverbund_gateway_routes_count 3",
            "portalverbund_gateway_connections_open 1",
            "portalverbund_gateway_refused_total{reason=\"host\"} 0",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        drop(held);
        assert_eq!(metrics.durations(Answered::Portal).get_sample_count(), 1);
        assert!(String::from_utf8(metrics.text()).unwrap().contains("connections_open 0"));
    }

    #[test]
    fn a_series_without_a_sample_has_a_name() {
        let metrics = Metrics::new(Registry::new()).unwrap();
        let series = metrics.series();
        for (name, labels) in [
            ("portalverbund_gateway_requests_total", &["route", "status", "portal"][..]),
            ("portalverbund_gateway_request_duration_seconds_bucket", &["route", "le"]),
            ("portalverbund_gateway_request_duration_seconds_count", &["route"]),
            ("portalverbund_gateway_panics_total", &[]),
        ] {
            assert!(series.iter().any(|(known, with)| known == name && with == labels), "{name} in {series:?}");
        }
        let text = String::from_utf8(metrics.text()).unwrap();
        assert!(!text.contains("portalverbund_gateway_requests_total"), "{text}");
    }

    #[test]
    fn a_registry_takes_the_names_once() {
        let registry = Registry::new();
        assert!(Metrics::new(registry.clone()).is_ok());
        assert!(Metrics::new(registry).is_err());
    }
}
