//! What the process says about itself: log lines, the registry of metrics, and a last word when a thread panics.
//!
//! Logs go to standard error; standard output belongs to the data of a command.

use std::panic;
use std::thread;

use prometheus::core::Collector;
use prometheus::proto::MetricType;
use prometheus::{IntGauge, Opts, Registry};
use tracing::error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, for `serve`.
    Json,
    /// Level and text, for people in front of a command.
    Plain,
}

/// Why nothing can be logged or counted.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("`{filter}` is no log filter, expected a level such as `info` or `warn,indexer=debug`")]
    Filter {
        /// The filter as it was given.
        filter: String,
    },
    /// Something else in this process logs already.
    #[error("the log was started before")]
    Started,
}

/// Starts the log of this process and logs every panic with its place. To be called once, first of all.
///
/// `filter` is a level (`error`, `warn`, `info`, `debug`, `trace`) or a list such as `warn,indexer=debug`.
pub fn start(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = parse_filter(filter)?;
    let lines: SubscriberBuilder = tracing_subscriber::fmt();
    let lines = lines.with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let started = match format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Plain => lines.without_time().with_target(false).try_init(),
    };
    started.map_err(|_| TelemetryError::Started)?;
    panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("no text");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        error!(thread = thread::current().name().unwrap_or("?"), place, "panic: {message}");
    }));
    Ok(())
}

/// The filter that `text` writes.
pub(crate) fn parse_filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    let fault = || TelemetryError::Filter { filter: text.to_owned() };
    if text.trim().is_empty() {
        return Err(fault());
    }
    EnvFilter::try_new(text).map_err(|_| fault())
}

/// The registry for the metrics of this process; it tells the version and nothing else yet.
pub fn registry() -> Registry {
    let registry = Registry::new();
    let version = Opts::new("portalverbund_config_build_info", "Always 1; the label tells the version.")
        .const_label("version", env!("CARGO_PKG_VERSION"));
    let gauge = IntGauge::with_opts(version).expect("the name and the label are plain");
    gauge.set(1);
    registry.register(Box::new(gauge)).expect("the registry is empty");
    registry
}

/// The name of every series of `collectors` with its labels, as the text format writes them; those without a sample
/// included.
pub fn series(collectors: &[Box<dyn Collector>]) -> Vec<(String, Vec<String>)> {
    let described = collectors.iter().flat_map(|one| {
        let histogram = one.collect().iter().any(|family| family.get_field_type() == MetricType::HISTOGRAM);
        one.desc().into_iter().map(move |desc| (histogram, desc))
    });
    let named = described.flat_map(|(histogram, desc)| {
        let ends: &[&str] = if histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        ends.iter().map(move |end| {
            let bound = (*end == "_bucket").then(|| "le".to_owned());
            (format!("{}{end}", desc.fq_name), desc.variable_labels.iter().cloned().chain(bound).collect())
        })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_a_list() {
        for (text, usable) in [("info", true), ("warn,indexer=debug", true), ("indexer=laut", false), ("", false)] {
            assert_eq!(parse_filter(text).is_ok(), usable, "{text:?}");
        }
    }

    #[test]
    fn the_registry_tells_the_version() {
        let families = registry().gather();
        assert_eq!(families[0].name(), "portalverbund_config_build_info");
    }
}
