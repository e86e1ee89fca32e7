//! How it is looked whether an upstream of a portal is well, as a registration says it.

use serde::{Deserialize, Serialize};

use super::route::is_plain_path;

/// A path that is asked for again and again at every upstream of a route; any answer below 500 that comes whole and in
/// time says that the upstream is well.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawProbe", into = "RawProbe")]
pub struct Probe {
    path: String,
    every_s: u32,
    timeout_s: u32,
}

impl Probe {
    /// The path at the upstream, with `/` at its begin and without a query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Time between two probes in seconds, 1 to 3600; 10 where none is given.
    pub fn every_s(&self) -> u32 {
        self.every_s
    }

    /// Time for the whole answer in seconds, 1 to 60; 3 where none is given.
    pub fn timeout_s(&self) -> u32 {
        self.timeout_s
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProbe {
    path: String,
    #[serde(default = "ten")]
    every_s: u32,
    #[serde(default = "three")]
    timeout_s: u32,
}

fn ten() -> u32 {
    10
}

fn three() -> u32 {
    3
}

impl TryFrom<RawProbe> for Probe {
    type Error = String;

    fn try_from(raw: RawProbe) -> Result<Self, String> {
        if raw.path != "/" && !is_plain_path(&raw.path) {
            return Err(format!(
                "`{}` is no path to probe: `/` and plain segments, without a `/` at the end",
                raw.path
            ));
        }
        if !(1..=3600).contains(&raw.every_s) {
            return Err(format!("`every_s = {}` is out of range, expected 1 to 3600", raw.every_s));
        }
        if !(1..=60).contains(&raw.timeout_s) {
            return Err(format!("`timeout_s = {}` is out of range, expected 1 to 60", raw.timeout_s));
        }
        Ok(Self { path: raw.path, every_s: raw.every_s, timeout_s: raw.timeout_s })
    }
}

impl From<Probe> for RawProbe {
    fn from(probe: Probe) -> Self {
        Self { path: probe.path, every_s: probe.every_s, timeout_s: probe.timeout_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_has_a_plain_path_and_bounds() {
        let read = |json| serde_json::from_value::<Probe>(json).map_err(|error| error.to_string());
        let probe = read(serde_json::json!({ "path": "/gesund" })).unwrap();
        assert_eq!((probe.path(), probe.every_s(), probe.timeout_s()), ("/gesund", 10, 3));
        assert_eq!(read(serde_json::to_value(&probe).unwrap()), Ok(probe));
        for (wrong, expected) in [
            (serde_json::json!({ "path": "gesund" }), "no path to probe"),
            (serde_json::json!({ "path": "/a?b" }), "no path to probe"),
            (serde_json::json!({ "path": "/a/../b" }), "no path to probe"),
            (serde_json::json!({ "every_s": 1 }), "missing field `path`"),
            (serde_json::json!({ "path": "/", "every_s": 0 }), "expected 1 to 3600"),
            (serde_json::json!({ "path": "/", "timeout_s": 61 }), "expected 1 to 60"),
        ] {
            assert!(read(wrong.clone()).unwrap_err().contains(expected), "{wrong}");
        }
    }
}
