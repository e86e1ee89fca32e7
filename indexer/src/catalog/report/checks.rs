//! The five questions that users of the PVOG ask of a Leistung, and what the visits to its addresses said.

use std::collections::{BTreeSet, HashMap};

use connectors::fitconnect::Routes;
use connectors::gebiet::Gebiete;
use connectors::ids::PortalId;
use connectors::leika::Leika;
use connectors::link::{LinkFault, Verdict};
use url::Url;

use super::{BadLink, Entry, Gap};
use crate::catalog::Place;
use crate::record::Kind;
use crate::store::{LinkState, LinkUse, Store, StoreError};

/// Faulty addresses that are named of one Leistung; more of them say no more.
const NAMED: usize = 5;
/// So many visits in a row must find a fault that may pass by itself before it is told.
const SURE: u32 = 2;

/// How a question was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Check {
    /// It is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// Nobody has looked, or nothing could be told: never taken for well.
    #[default]
    Unchecked,
    /// There is nothing that the question could be asked of.
    Absent,
}

impl Check {
    /// The word of the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unchecked => "unchecked",
            Self::Absent => "absent",
        }
    }
}

/// The five questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    /// Does the address of every Onlinedienst answer?
    pub address: Check,
    /// Is a Stelle entered?
    pub stelle: Check,
    /// Is there exactly one FIT-Connect address?
    pub fit_connect: Check,
    /// Is there a privacy notice?
    pub privacy: Check,
    /// Is the key valid? One that the catalogue of 2019 does not know may be newer, so that is no failure.
    pub key: Check,
}

impl Checks {
    /// All five with the names of the interface.
    pub fn named(&self) -> [(&'static str, Check); 5] {
        [
            ("address", self.address),
            ("stelle", self.stelle),
            ("fit_connect", self.fit_connect),
            ("privacy", self.privacy),
            ("key", self.key),
        ]
    }
}

/// What is known of the addresses of one report.
pub(super) struct Visits {
    of_services: HashMap<String, LinkState>,
    of_records: HashMap<(Kind, String), Vec<LinkUse>>,
    routes: HashMap<u64, Routes>,
}

impl Visits {
    pub(super) async fn of(
        store: &Store,
        place: &Place,
        portals: &[PortalId],
        entries: &[Entry],
    ) -> Result<Self, StoreError> {
        let services = entries.iter().flat_map(|entry| &entry.onlinedienste).map(|one| asked(&one.url));
        let of_services = store.link_states(&services.collect::<BTreeSet<_>>()).await?;
        let mut of_records: HashMap<_, Vec<LinkUse>> = HashMap::new();
        for used in store.telling_links(portals).await? {
            of_records.entry((used.kind, used.id.to_string())).or_default().push(used);
        }
        Ok(Self { of_services, of_records, routes: store.routes(&place.ars).await? })
    }

    /// Answers the five questions of `entry`, and adds what is wrong with its addresses.
    pub(super) fn look(&self, entry: &mut Entry, place: &Place, gebiete: &Gebiete) {
        let mut bad = Vec::new();
        let mut sure = true;
        for service in &entry.onlinedienste {
            let state = self.of_services.get(&asked(&service.url));
            match state.and_then(fault) {
                Some(link) => bad.push(link),
                None => sure &= state.is_some_and(|state| state.verdict == Some(Verdict::Good)),
            }
        }
        entry.checks.address = match (entry.onlinedienste.is_empty(), bad.is_empty(), sure) {
            (true, ..) => Check::Absent,
            (_, false, _) => Check::Failed,
            (_, _, true) => Check::Passed,
            _ => Check::Unchecked,
        };
        entry.gaps.extend(bad.into_iter().map(Gap::DeadOnlinedienst));
        entry.checks.stelle = if entry.stellen.is_empty() { Check::Failed } else { Check::Passed };
        entry.checks.key = match entry.schluessel {
            Some(key) if Leika::built_in().knows(key) => Check::Passed,
            Some(_) => Check::Unchecked,
            None => Check::Failed,
        };
        self.ask_fit_connect(entry);
        let text = entry.text.iter().filter(|text| text.own).map(|text| (Kind::Leistung, text.leistung.id.clone()));
        let stellen = entry.stellen.iter().map(|stelle| (Kind::Organisationseinheit, stelle.id.clone()));
        let mut told = BTreeSet::new();
        for used in text.chain(stellen).filter_map(|record| self.of_records.get(&record)).flatten() {
            if told.len() >= NAMED || !told.insert(&used.state.url) {
                continue;
            }
            match (fault(&used.state), used.state.town) {
                (Some(link), _) => entry.gaps.push(Gap::DeadLink(link)),
                // A Kreis links to all its towns, and a town to the bodies above it.
                (None, Some(town)) if place.level == connectors::gebiet::Level::Gemeinde && town != place.ars => {
                    let town = gebiete.get(&town).map_or_else(|| town.to_string(), |town| town.name.clone());
                    entry.gaps.push(Gap::OtherTown { url: used.state.url.clone(), town });
                }
                _ => {}
            }
        }
    }
}

impl Visits {
    /// Answers what FIT-Connect was asked.
    fn ask_fit_connect(&self, entry: &mut Entry) {
        if entry.onlinedienste.is_empty() {
            (entry.checks.fit_connect, entry.checks.privacy) = (Check::Absent, Check::Absent);
            return;
        }
        let Some(routes) = entry.schluessel.and_then(|key| self.routes.get(&key.number())) else { return };
        entry.checks.fit_connect = if routes.addresses == 1 { Check::Passed } else { Check::Failed };
        entry.checks.privacy = match (routes.addresses, routes.privacy) {
            // Without an address nobody says where the notice would be.
            (0, _) => Check::Unchecked,
            (_, true) => Check::Passed,
            (_, false) => Check::Failed,
        };
        if routes.addresses != 1 {
            entry.gaps.push(Gap::FitConnect(routes.addresses));
        }
        if entry.checks.privacy == Check::Failed {
            entry.gaps.push(Gap::NoPrivacy);
        }
    }
}

/// The fault of an address, where it is sure enough to be told.
fn fault(state: &LinkState) -> Option<BadLink> {
    let Some(Verdict::Faulty(fault)) = state.verdict else { return None };
    (!fault.may_pass() || state.failures >= SURE || fault == LinkFault::Gone).then(|| BadLink {
        url: state.url.clone(),
        fault,
        status: state.status,
        reached: state.reached.clone(),
        since: state.failing_since,
    })
}

/// An address as it is visited.
fn asked(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.to_string()
}
