//! When a portal is not there on purpose, and what citizens are told meanwhile.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A time without a zone is German time. The rule stands here, so that no list of zones has to be installed.
static BERLIN: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rule is valid POSIX TZ"));

/// A maintenance: it begins and ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawMaintenance")]
pub struct Maintenance {
    /// What citizens are told, in German.
    pub text: String,
    /// Its first moment; none when it has begun already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Maintenance {
    /// True while the portal is not there.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && now < self.until
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMaintenance {
    #[serde(deserialize_with = "super::one_line")]
    text: String,
    from: Option<Moment>,
    until: Moment,
}

impl TryFrom<RawMaintenance> for Maintenance {
    type Error = String;

    fn try_from(raw: RawMaintenance) -> Result<Self, String> {
        let (from, until) = (raw.from.map(|from| from.0), raw.until.0);
        if from.is_some_and(|from| from >= until) {
            return Err("the maintenance ends before it begins, expected `until` after `from`".into());
        }
        Ok(Self { text: raw.text, from, until })
    }
}

/// A point in time: a date and a time of TOML, or the same as a text; German time where no offset is given.
struct Moment(Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Moment;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a date and a time such as 2026-12-01T06:00:00+01:00")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Moment, E> {
                moment(text).map(Moment).ok_or_else(|| {
                    E::custom(format!("`{text}` is no point in time, expected such as `2026-12-01T06:00:00+01:00`"))
                })
            }

            // The reader of TOML shows a date as a table with this one key.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Moment, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((_, text)) => self.visit_str(&text),
                    None => Err(A::Error::custom("expected a date and a time")),
                }
            }
        }

        deserializer.deserialize_any(Reading)
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let with_offset = text.parse::<Timestamp>().ok();
    let in_germany = || text.parse::<DateTime>().ok()?.to_zoned(BERLIN.clone()).ok().map(|zoned| zoned.timestamp());
    // A date alone would be read as midnight; whoever writes one means the end of that day as often.
    with_offset.or_else(in_germany).filter(|_| text.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_a_zone_or_is_german() {
        for (text, expected) in [
            ("2026-12-01T06:00:00+01:00", Some("2026-12-01T05:00:00Z")),
            ("2026-12-01T05:00:00Z", Some("2026-12-01T05:00:00Z")),
            ("2026-12-01 06:00", Some("2026-12-01T05:00:00Z")),
            ("2026-07-01T06:00:00", Some("2026-07-01T04:00:00Z")),
            ("2026-12-01", None),
            ("morgen", None),
        ] {
            assert_eq!(moment(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn it_begins_and_ends_by_itself() {
        let read = |json: serde_json::Value| serde_json::from_value::<Maintenance>(json);
        let json =
            serde_json::json!({ "text": "Wir warten.", "from": "2026-12-01 04:00", "until": "2026-12-01 06:00" });
        let maintenance = read(json.clone()).unwrap();
        for (now, expected) in [("02:59", false), ("03:00", true), ("04:59", true), ("05:00", false)] {
            let now = format!("2026-12-01T{now}:00Z").parse().unwrap();
            assert_eq!(maintenance.is_on(now), expected, "{now}");
        }
        assert_eq!(read(serde_json::to_value(&maintenance).unwrap()).unwrap(), maintenance);
        let turned = serde_json::json!({ "text": "x", "from": "2026-12-01 06:00", "until": "2026-12-01 06:00" });
        assert!(read(turned).unwrap_err().to_string().contains("ends before it begins"));
    }
}
