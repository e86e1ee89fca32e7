//! What is said at the fields of forms, and how their texts are read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use connectors::ids::PortalId;

/// What is wrong with a field: said in the summary, which leads to the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fehler {
    /// The `id` of the field.
    pub feld: &'static str,
    /// What is wrong and what would be right.
    pub text: Cow<'static, str>,
}

impl Fehler {
    /// What is wrong with the field of this `id`.
    pub fn new(feld: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { feld, text: text.into() }
    }
}

/// Whether something is wrong with a field.
pub(super) fn fehler_bei(fehler: &[Fehler], feld: &str) -> bool {
    fehler.iter().any(|one| one.feld == feld)
}

/// Ids with blanks or commas between them; none when there is none. What is no id is the error.
pub(super) fn portals_of(text: &str) -> Result<Option<BTreeSet<PortalId>>, String> {
    let names = text.split([' ', ',', '\n', '\r', '\t']).filter(|name| !name.is_empty());
    let portals: BTreeSet<PortalId> =
        names.map(|name| name.parse().map_err(|_| name.to_owned())).collect::<Result<_, _>>()?;
    Ok((!portals.is_empty()).then_some(portals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portals_are_read_by_their_ids() {
        let ids = |text: &str| portals_of(text).map(|ids| ids.map(|ids| ids.len()));
        assert_eq!(ids(""), Ok(None));
        assert_eq!(ids(" , "), Ok(None));
        assert_eq!(ids("a, b\r\nc a"), Ok(Some(3)));
        assert_eq!(ids("a Ö"), Err("Ö".to_owned()));
    }
}
