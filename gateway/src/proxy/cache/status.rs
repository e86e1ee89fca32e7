//! `Cache-Status`: what the cache did with a request, for those who look after a portal.
//!
//! Source: RFC 9211. The names of the portals' own caches stay before ours.

use std::fmt::Write;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::metrics::Cached;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Why a request went on to its portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The cache was not to be used.
    Bypass,
    /// Its method is not one that is answered from what is kept.
    Method,
    /// Nothing was kept for its target.
    UriMiss,
    /// Nothing was kept for its variant.
    VaryMiss,
    /// Only another part was kept.
    Partial,
    /// What was kept is stale or always validated.
    Stale,
    /// The client wanted it.
    Request,
}

/// What was done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Answered from what is kept, fresh or stale; seconds until it is stale.
    Hit(i64),
    /// Answered by an answer that another request brought at the same time.
    Collapsed(i64),
    /// Sent on.
    Forwarded {
        /// Why.
        why: Why,
        /// The status that the portal answered, where it is not that of the answer.
        status: Option<u16>,
        /// The answer is kept.
        stored: bool,
    },
    /// Sent on, failed, and answered by what is kept; seconds until it is stale.
    StoodIn(i64),
}

impl Done {
    /// The kind that is counted.
    pub fn counted(self) -> Cached {
        match self {
            Self::Hit(ttl) if ttl > 0 => Cached::Hit,
            Self::Hit(_) | Self::StoodIn(_) => Cached::Stale,
            Self::Collapsed(_) => Cached::Collapsed,
            Self::Forwarded { status: Some(304), .. } => Cached::Validated,
            Self::Forwarded { why: Why::Bypass | Why::Method, .. } => Cached::Bypass,
            Self::Forwarded { .. } => Cached::Miss,
        }
    }

    /// Adds it to the fields of an answer, as `name`.
    pub fn write(self, name: &str, fields: &mut HeaderMap) {
        let mut text = String::with_capacity(64);
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Hit(ttl) => write!(text, "{name}; hit; ttl={ttl}"),
            Self::Collapsed(ttl) => write!(text, "{name}; hit; ttl={ttl}; collapsed"),
            Self::StoodIn(ttl) => write!(text, "{name}; hit; ttl={ttl}; detail=portal-failed"),
            Self::Forwarded { why, status, stored } => {
                let why = match why {
                    Why::Bypass => "bypass",
                    Why::Method => "method",
                    Why::UriMiss => "uri-miss",
                    Why::VaryMiss => "vary-miss",
                    Why::Partial => "partial",
                    Why::Stale => "stale",
                    Why::Request => "request",
                };
                let status = status.map(|status| format!("; fwd-status={status}")).unwrap_or_default();
                write!(text, "{name}; fwd={why}{status}{}", if stored { "; stored" } else { "" })
            }
        };
        if let Ok(value) = HeaderValue::try_from(text) {
            fields.append(CACHE_STATUS, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_written_behind_what_others_did() {
        for (done, expected, counted) in [
            (Done::Hit(5), "gw; hit; ttl=5", Cached::Hit),
            (Done::Hit(-5), "gw; hit; ttl=-5", Cached::Stale),
            (Done::Collapsed(5), "gw; hit; ttl=5; collapsed", Cached::Collapsed),
            (Done::StoodIn(-9), "gw; hit; ttl=-9; detail=portal-failed", Cached::Stale),
            (
                Done::Forwarded { why: Why::Stale, status: Some(304), stored: true },
                "gw; fwd=stale; fwd-status=304; stored",
                Cached::Validated,
            ),
            (Done::Forwarded { why: Why::UriMiss, status: None, stored: false }, "gw; fwd=uri-miss", Cached::Miss),
            (Done::Forwarded { why: Why::Method, status: None, stored: false }, "gw; fwd=method", Cached::Bypass),
        ] {
            let mut fields = HeaderMap::from_iter([(CACHE_STATUS, HeaderValue::from_static("origin; hit"))]);
            done.write("gw", &mut fields);
            let values: Vec<_> = fields.get_all(CACHE_STATUS).iter().collect();
            assert_eq!(values, ["origin; hit", expected]);
            assert_eq!(done.counted(), counted, "{done:?}");
        }
    }
}
