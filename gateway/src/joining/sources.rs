//! Both sources of portals put together: the files of `portale.d` and the registrations.
//!
//! Where both know a portal, the file counts, because who writes files here runs the Verbund. That the two differ is
//! never passed over: `check` warns of it, a metric counts it, pages show it, and `portals diff` says in what.

use std::path::Path;

use config::{Config, Loaded};
use connectors::ids::PortalId;
use connectors::registration::Portal;
use serde_json::Value;

use super::changes;
use crate::registry::{Registered, Registry, RegistryError};

/// The portals of both sources.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merged {
    /// What is served: those of files as they were, then the registered ones by id.
    pub portals: Vec<Portal>,
    /// Portals that both know and that are not the same.
    pub differing: Vec<Difference>,
}

/// A portal that is not the same in both sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which.
    pub id: PortalId,
    /// The parts in which they differ, as (path, in the file, registered). None where the file cannot be used, which
    /// leaves the portal out.
    pub parts: Option<Vec<(String, Value, Value)>>,
}

impl Difference {
    /// What is said of it in logs and by `check`.
    pub fn line(&self) -> String {
        let id = &self.id;
        match &self.parts {
            None => format!("{id}: its file cannot be used, so it is left out although it is registered as well"),
            Some(parts) => {
                let parts = parts.iter().map(|(path, _, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
                format!("{id}: file and registration differ in {parts}; the file counts, see `portals diff`")
            }
        }
    }
}

/// Puts the registrations beside the portals of the files; `unusable` are ids whose files cannot be used.
pub fn merged(files: Vec<Portal>, unusable: &[String], registered: &[Registered]) -> Merged {
    let mut all = Merged { portals: files, differing: Vec::new() };
    let of_files = all.portals.len();
    for one in registered {
        let Some(served) = one.registration.served() else { continue };
        if unusable.iter().any(|id| id == one.id.as_str()) {
            all.differing.push(Difference { id: one.id.clone(), parts: None });
        } else if let Some(file) = all.portals.iter().take(of_files).find(|file| file.id == one.id) {
            let parts = parts(file, &served);
            if !parts.is_empty() {
                all.differing.push(Difference { id: one.id.clone(), parts: Some(parts) });
            }
        } else {
            all.portals.push(served);
        }
    }
    all
}

/// The parts in which two portals differ.
pub fn parts(file: &Portal, registered: &Portal) -> Vec<(String, Value, Value)> {
    let value = |portal| serde_json::to_value(portal).expect("a portal holds only what JSON can hold");
    changes::differences(&value(file), &value(registered))
}

/// The ids of the files that cannot be used.
pub fn unusable(loaded: &Loaded) -> Vec<String> {
    let stem = |file: &Path| Some(file.file_stem()?.to_str()?.to_owned());
    loaded.faults.iter().filter_map(|fault| stem(&fault.file)).collect()
}

/// Everything registered, beside what was loaded; for processes that only look. Without a database there is nothing.
pub async fn beside(config: &Config, loaded: &Loaded) -> Result<Merged, RegistryError> {
    let file = config.registry_file();
    let registered = if file.exists() {
        let registry = Registry::open(&file).await?;
        let registered = registry.registrations().await;
        registry.close().await;
        registered?
    } else {
        Vec::new()
    };
    Ok(merged(loaded.portals.clone(), &unusable(loaded), &registered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joining::registration::{Registration, State};

    fn portal(id: &str, name: &str) -> Portal {
        let text =
            format!("id = \"{id}\"\nname = \"{name}\"\ngebiet = \"059110000000\"\nconnector = {{ kind = \"push\" }}\n");
        toml::from_str(&text).unwrap()
    }

    fn registered(id: &str, name: &str) -> Registered {
        let now = "2026-11-27T00:00:00Z".parse().unwrap();
        let registration = Registration::vouched(portal(id, name), now);
        Registered { id: id.parse().unwrap(), registration, owner: 0, changed: now }
    }

    #[test]
    fn the_file_counts_and_a_difference_is_named() {
        let both = merged(vec![portal("b", "B")], &[], &[registered("a", "A"), registered("b", "C")]);
        let names: Vec<&str> = both.portals.iter().map(|portal| portal.name.as_str()).collect();
        assert_eq!(names, ["B", "A"]);
        assert_eq!(both.differing.len(), 1);
        assert_eq!(
            both.differing[0].line(),
            "b: file and registration differ in `name`; the file counts, see `portals diff`"
        );
        assert_eq!(merged(vec![portal("b", "B")], &[], &[registered("b", "B")]).differing, []);
    }

    #[test]
    fn a_file_that_cannot_be_used_leaves_its_portal_out() {
        let both = merged(Vec::new(), &["a".into()], &[registered("a", "A")]);
        assert_eq!(both.portals, []);
        assert_eq!(both.differing[0].parts, None);
    }

    #[test]
    fn what_is_not_released_is_not_there() {
        let mut draft = registered("a", "A");
        draft.registration.live = None;
        draft.registration.state = State::Draft {};
        assert_eq!(merged(Vec::new(), &[], &[draft]), Merged::default());
    }
}
