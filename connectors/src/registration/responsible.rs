//! How a portal takes requests for a Leistung at a place: by which path, so that one address works for all places.

use serde::{Deserialize, Serialize};

use super::route::is_plain_path;
use crate::gebiet::Ars;
use crate::ids::Leistungsschluessel;

/// What the gateway forwards to a portal for the Leistungen and places that it is responsible for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwarding {
    /// Where such a request goes at the portal.
    pub path: ForwardPath,
}

/// A path with places for the Leistungsschluessel, the Regionalschlüssel and the rest of the request's path, such as
/// `/dienste/{schluessel}/{ars}/{rest}`. It ends with `{rest}`; the others may be left out, the portal is told them in
/// fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ForwardPath(String);

const REST: &str = "/{rest}";

impl ForwardPath {
    /// The path without the rest: empty, or one that begins with `/` and does not end with it.
    pub fn base(&self, schluessel: Leistungsschluessel, ars: Ars) -> String {
        let before = self.0.strip_suffix(REST).unwrap_or_default();
        before.replace("{schluessel}", &schluessel.to_string()).replace("{ars}", ars.as_str())
    }
}

impl TryFrom<String> for ForwardPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let usable = text.strip_suffix(REST).is_some_and(|before| {
            let filled = before.replace("{schluessel}", "0").replace("{ars}", "0");
            filled.is_empty() || is_plain_path(&filled)
        });
        if usable {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` is no path for forwarding, expected `/`, plain segments, `{{schluessel}}` and `{{ars}}` where \
             wanted, and `/{{rest}}` at the end: `/dienste/{{schluessel}}/{{ars}}/{{rest}}`"
        ))
    }
}

impl From<ForwardPath> for String {
    fn from(path: ForwardPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_ends_with_the_rest_and_is_plain() {
        let base = |text: &str| {
            let path = ForwardPath::try_from(text.to_owned()).ok()?;
            Some(path.base("99110009104000".parse().unwrap(), "05911".parse().unwrap()))
        };
        for (text, expected) in [
            ("/{rest}", Some("")),
            ("/dienste/{rest}", Some("/dienste")),
            ("/d/{schluessel}/{ars}/{rest}", Some("/d/99110009104000/059110000000")),
            ("/{ars}-{schluessel}/{rest}", Some("/059110000000-99110009104000")),
            ("/dienste/{schluessel}", None),
            ("/dienste/{rest}/x", None),
            ("dienste/{rest}", None),
            ("/dienste{rest}", None),
            ("/dienste//{rest}", None),
            ("/../{rest}", None),
            ("/{leistung}/{rest}", None),
            ("/a?b=/{rest}", None),
        ] {
            assert_eq!(base(text).as_deref(), expected, "{text}");
        }
    }
}
