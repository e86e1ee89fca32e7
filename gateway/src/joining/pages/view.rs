//! What the pages of portals show: made of what is registered, of what the store knows and of a rehearsal.

mod operation;
mod preview;
mod releases;

use connectors::ids::PortalId;
use connectors::registration::{Portal, ProofPlace, ProofToken};
use serde_json::Value;

use operation::{Betrieb, operation};
pub(super) use preview::PreviewPage;
pub(super) use releases::{Waiting, lost, waiting};

use super::forms::way_of;
use super::shown;
use crate::joining::acting::facts_now;
use crate::joining::keep::LOST_AFTER;
use crate::joining::proof::{Findings, Found};
use crate::joining::registration::{Facts, Registration, Stage, State};
use crate::joining::{changes, sources, words};
use crate::pages::words::moment;
use crate::registry::{ChangeSet, Denied, Desk, Proof, Right, Who};

/// Findings that a page shows one by one.
const FINDINGS: usize = 50;
/// Change sets that a page shows.
const CHANGES: i64 = 30;
/// Longest value in a table of changes, in characters.
const VALUE_MAX: usize = 120;

/// What is said after a step; only these, because the word comes from the address.
pub(super) fn message(word: &str) -> Option<&'static str> {
    Some(match word {
        "angemeldet" => "Ihr Portal ist angemeldet. Als Nächstes weisen Sie nach, dass die Adresse Ihnen gehört.",
        "geaendert" => "Die Angaben sind gespeichert.",
        "nachgewiesen" => "Der Nachweis ist da. Als Nächstes sehen Sie in einem Probelauf, was in den Verbund käme.",
        "eingereicht" => "Das Portal wartet jetzt auf die Freigabe durch den Betrieb des Portalverbunds.",
        "freigegeben" => "Das Portal ist freigegeben. Der erste Lauf beginnt in wenigen Sekunden.",
        "zurueckgegeben" => "Die Anmeldung ist zurückgegeben.",
        "ausgesetzt" => "Das Portal ist ausgesetzt.",
        "aufgenommen" => "Das Portal ist wieder aufgenommen.",
        "zurueckgezogen" => "Das Portal ist zurückgezogen.",
        "zurueckgenommen" => "Die Änderung ist zurückgenommen.",
        _ => return None,
    })
}

/// The page of one portal.
#[derive(Default)]
pub(super) struct PortalPage {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) ars: String,
    pub(super) gebiet: String,
    pub(super) darf_aendern: bool,
    pub(super) kann_aendern: bool,
    pub(super) schritte: Vec<Schritt>,
    pub(super) warnungen: Vec<String>,
    pub(super) nachweis: Option<Nachweis>,
    pub(super) kann_proben: bool,
    pub(super) probe_dran: bool,
    pub(super) probe_stand: Option<String>,
    pub(super) schritt_dran: bool,
    pub(super) schritt_titel: &'static str,
    pub(super) schritt_text: String,
    pub(super) aendert: Vec<Aenderung>,
    pub(super) nachbarn: Vec<String>,
    pub(super) schritte_moeglich: Vec<Knopf>,
    pub(super) betrieb: Option<Betrieb>,
    pub(super) angaben: Vec<(&'static str, String)>,
    pub(super) aenderungen: Vec<Eintrag>,
}

/// One step of the way in.
pub(super) struct Schritt {
    /// `getan`, `jetzt` or `offen`.
    pub(super) art: &'static str,
    pub(super) text: &'static str,
}

/// What has to stand where.
pub(super) struct Nachweis {
    pub(super) host: String,
    pub(super) da: bool,
    pub(super) stand: String,
    pub(super) datei: String,
    pub(super) seite: String,
    pub(super) txt_name: String,
    pub(super) zeile: String,
    pub(super) element: String,
    pub(super) gefunden_dns: Option<String>,
    pub(super) gefunden_datei: Option<String>,
    pub(super) gefunden_meta: Option<String>,
}

/// One part that differs.
pub(super) struct Aenderung {
    pub(super) was: String,
    pub(super) bisher: String,
    pub(super) neu: String,
}

/// One step that can be taken now.
pub(super) struct Knopf {
    pub(super) wert: &'static str,
    pub(super) knopf: &'static str,
    /// It needs a reason.
    pub(super) grund: bool,
    pub(super) haupt: bool,
}

/// One change set.
pub(super) struct Eintrag {
    pub(super) nummer: i64,
    pub(super) wann: String,
    pub(super) wer: String,
    pub(super) was: String,
    pub(super) zuruecknehmbar: bool,
    pub(super) hinweis: String,
}

impl PortalPage {
    /// The page of a registered portal, or of one that stands in a file; none where there is neither.
    pub(super) async fn read(desk: &Desk, who: &Who, id: &PortalId) -> Result<Option<Self>, Denied> {
        let of_file = desk.portals.load().iter().find(|portal| portal.id == *id).cloned();
        let Some(known) = desk.registry.registration(id).await? else {
            let Some(portal) = of_file else { return Ok(None) };
            let mut it = Self::begin(desk, who, &portal);
            it.warnungen.push(
                "Dieses Portal hat der Betrieb in einer Datei eingerichtet; hier lässt es sich nicht ändern.".into(),
            );
            it.angaben = details(&portal, None);
            it.betrieb = operation(desk, &portal).await;
            return Ok(Some(it));
        };
        let registration = &known.registration;
        let facts = facts_now(&desk.registry, &known).await?;
        let stage = registration.stage(facts);
        let mut it = Self::begin(desk, who, shown(registration));
        it.kann_aendern = stage != Stage::Suspended;
        it.schritte = steps(stage, &desk.joining.rules);
        it.angaben = details(&registration.portal, registration.address.as_ref());
        it.state(registration, of_file.as_ref());
        if let (Some(host), Some(address)) = (registration.host(), &registration.address)
            && let Some(proof) = desk.registry.proof(&known.id, host).await?
        {
            it.proof(&proof, address);
        }
        let rehearsed = desk.registry.rehearsed(&known.id).await?;
        it.kann_proben = facts.proven && registration.portal.connector.url().is_some() && stage < Stage::Released;
        it.probe_dran = stage == Stage::Proven;
        if let Some(last) = rehearsed.filter(|_| it.kann_proben) {
            let count = |name: &str| last.body.get(name).and_then(Value::as_u64).unwrap_or(0);
            let of_this = if facts.rehearsed {
                ""
            } else {
                " Die Angaben oder Daten passen noch nicht; bitte noch einmal proben."
            };
            it.probe_stand = Some(format!(
                "Letzter Probelauf {}: {} Objekte gelesen, {} nicht übernommen, {} Hinweise.{of_this}",
                moment(last.at),
                count("records"),
                count("refused"),
                count("findings")
            ));
        }
        it.next_steps(desk, who, registration, stage, facts);
        if registration.live.is_some() {
            it.betrieb = operation(desk, shown(registration)).await;
        }
        let changes = desk.registry.change_sets(&known.id, CHANGES).await?;
        it.aenderungen = changes.iter().map(|change| entry(change, it.darf_aendern, who.is_operator())).collect();
        Ok(Some(it))
    }

    /// The same with what was just found of its proof.
    pub(super) fn with_findings(mut self, findings: &Findings) -> Self {
        if let Some(nachweis) = &mut self.nachweis {
            for (place, found) in &findings.0 {
                let said = Some(words::of_found(*place, found)).filter(|_| *found != Found::Token);
                match place {
                    ProofPlace::Dns => nachweis.gefunden_dns = said,
                    ProofPlace::File => nachweis.gefunden_datei = said,
                    ProofPlace::Meta => nachweis.gefunden_meta = said,
                }
            }
        }
        self
    }

    fn begin(desk: &Desk, who: &Who, portal: &Portal) -> Self {
        let place = desk.site.catalog.place_of(portal.gebiet).map(|place| place.name);
        Self {
            id: portal.id.to_string(),
            name: portal.name.clone(),
            ars: portal.gebiet.to_string(),
            gebiet: place.unwrap_or_else(|| portal.gebiet.to_string()),
            darf_aendern: who.may(Right::Manage, &portal.id),
            ..Self::default()
        }
    }

    fn state(&mut self, registration: &Registration, of_file: Option<&Portal>) {
        match &registration.state {
            State::Refused { reason, .. } => {
                self.warnungen.push(format!("Der Betrieb hat die Anmeldung zurückgegeben: {reason}"))
            }
            State::Suspended { reason, at } => {
                self.warnungen.push(format!("Ausgesetzt seit {}: {reason}", moment(*at)));
            }
            State::Draft {} if registration.live.is_some() => self.warnungen.push(
                "Die neuen Angaben sieht noch niemand: Bis zur Freigabe gilt weiter, was vorher freigegeben wurde."
                    .into(),
            ),
            _ => {}
        }
        if let (Some(file), Some(served)) = (of_file, registration.served()) {
            let parts = sources::parts(file, &served);
            if !parts.is_empty() {
                let parts = parts.iter().map(|(path, ..)| part_name(path)).collect::<Vec<_>>().join(", ");
                self.warnungen.push(format!(
                    "Dieses Portal steht auch in einer Datei des Betriebs, und die gilt. Sie unterscheidet sich in: {parts}."
                ));
            }
        }
    }

    fn proof(&mut self, proof: &Proof, address: &url::Url) {
        let da = proof.proven.is_some() && proof.lost.is_none();
        if proof.failures >= LOST_AFTER
            && let Some(lost) = proof.lost
        {
            self.warnungen.push(format!(
                "Der Nachweis für {} ist seit {} nicht mehr da. Bitte stellen Sie ihn wieder her, sonst wird das Portal ausgesetzt.",
                proof.host, moment(lost)
            ));
        }
        let place = proof.place.map(words::of_place).unwrap_or_default();
        let checked = proof.checked.map(moment).unwrap_or_default();
        self.nachweis = Some(Nachweis {
            host: proof.host.clone(),
            da,
            stand: format!("Gefunden {place}, zuletzt geprüft {checked}."),
            datei: ProofToken::file_address(address).to_string(),
            seite: address.to_string(),
            txt_name: ProofToken::txt_name(&proof.host),
            zeile: proof.token.line(),
            element: proof.token.element(),
            gefunden_dns: None,
            gefunden_datei: None,
            gefunden_meta: None,
        });
    }

    fn next_steps(&mut self, desk: &Desk, who: &Who, registration: &Registration, stage: Stage, facts: Facts) {
        let (operator, at_once) = (who.is_operator(), desk.joining.rules.at_once);
        let knopf = |wert, knopf, grund, haupt| Knopf { wert, knopf, grund, haupt };
        let possible = &mut self.schritte_moeglich;
        match stage {
            Stage::Rehearsed if self.darf_aendern => {
                self.schritt_dran = true;
                self.schritt_titel = if at_once { "Veröffentlichen" } else { "Zur Freigabe geben" };
                self.schritt_text = if at_once {
                    "Alles ist da. Sobald Sie es veröffentlichen, finden Bürgerinnen und Bürger Ihre Leistungen.".into()
                } else {
                    "Alles ist da. Der Betrieb des Portalverbunds sieht sich die Anmeldung an und gibt sie frei.".into()
                };
                possible.push(knopf(
                    "submit",
                    if at_once { "Jetzt veröffentlichen" } else { "Zur Freigabe geben" },
                    false,
                    true,
                ));
            }
            Stage::Submitted => {
                self.schritt_titel = "Freigabe";
                self.schritt_text = "Die Anmeldung wartet auf den Betrieb des Portalverbunds.".into();
                if operator {
                    self.schritt_dran = true;
                    if facts.proven && facts.rehearsed {
                        possible.push(knopf("release", "Freigeben", false, true));
                    } else {
                        self.schritt_text =
                            "Nachweis oder Probelauf fehlen inzwischen; so lässt sie sich nicht freigeben.".into();
                    }
                    possible.push(knopf("refuse", "Zurückgeben", true, false));
                }
            }
            Stage::Suspended if operator => {
                self.schritt_titel = "Wieder aufnehmen";
                possible.push(knopf("resume", "Wieder aufnehmen", false, true));
            }
            Stage::Released if self.darf_aendern => {
                self.schritt_titel = "Teilnahme";
                self.schritt_text =
                    "Wer ausgesetzt ist, wird nicht abgeholt, und niemand wird dorthin geleitet; was geliefert \
                                     wurde, bleibt lesbar. Wer sich zurückzieht, beginnt später neu."
                        .into();
                if operator {
                    possible.push(knopf("suspend", "Aussetzen", true, false));
                }
            }
            _ => {}
        }
        if self.darf_aendern && stage != Stage::Withdrawn {
            if self.schritt_titel.is_empty() {
                self.schritt_titel = "Anmeldung zurückziehen";
                self.schritt_text =
                    "Was nicht freigegeben ist, sieht niemand. Sie können sich jederzeit zurückziehen.".into();
            }
            possible.push(knopf("withdraw", "Portal zurückziehen", false, false));
        }
        if stage == Stage::Submitted || (stage < Stage::Submitted && registration.live.is_some()) {
            self.aendert = differing(registration.live.as_ref(), &registration.portal);
        }
        if stage <= Stage::Submitted {
            self.nachbarn = neighbours(desk, &registration.portal);
        }
    }
}

fn steps(stage: Stage, rules: &crate::joining::acting::Rules) -> Vec<Schritt> {
    let names = [
        "Angaben",
        "Domain nachweisen",
        "Probelauf",
        if rules.at_once { "Veröffentlichen" } else { "Freigabe" },
        "Im Verbund",
    ];
    let at = match stage {
        Stage::Draft => 1,
        Stage::Proven => 2,
        Stage::Rehearsed | Stage::Submitted => 3,
        Stage::Released => 4,
        Stage::Suspended | Stage::Withdrawn => return Vec::new(),
    };
    let art = |step: usize| match step.cmp(&at) {
        std::cmp::Ordering::Less => "getan",
        std::cmp::Ordering::Equal => "jetzt",
        std::cmp::Ordering::Greater => "offen",
    };
    names.into_iter().enumerate().map(|(step, text)| Schritt { art: art(step), text }).collect()
}

/// What is registered, for people.
fn details(portal: &Portal, address: Option<&url::Url>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut add =
        |name, value: Option<String>| found.extend(value.filter(|value| !value.is_empty()).map(|value| (name, value)));
    add("Adresse", address.map(ToString::to_string));
    add("Name", Some(portal.name.clone()));
    add("Gebiet", Some(portal.gebiet.to_string()));
    add("Weg der Daten", Some(way_of(&portal.connector).to_owned()));
    add("Adresse der Daten", portal.connector.url().map(ToString::to_string));
    add(
        "Takt",
        portal.connector.every_s().map(|every| match every {
            3600 => "jede Stunde".to_owned(),
            every if every % 3600 == 0 => format!("alle {} Stunden", every / 3600),
            every => format!("alle {every} Sekunden"),
        }),
    );
    let contact = portal.contact.as_ref();
    add("Telefon", contact.and_then(|contact| contact.phone.clone()));
    add("E-Mail", contact.and_then(|contact| contact.email.clone()));
    add("Kontaktseite", contact.and_then(|contact| contact.url.as_ref().map(ToString::to_string)));
    let hosts = portal.hosts.iter().map(|host| String::from(host.clone())).collect::<Vec<_>>().join(", ");
    add("Weiterleitung auch zu", Some(hosts));
    found
}

/// How a path of a change is called on pages.
fn part_name(path: &str) -> String {
    let last = path.strip_prefix("live.").or_else(|| path.strip_prefix("portal.")).unwrap_or(path);
    match last {
        "name" => "Name".into(),
        "gebiet" => "Gebiet".into(),
        "hosts" => "Weiterleitung".into(),
        "connector" | "connector.kind" => "Weg der Daten".into(),
        "connector.url" => "Adresse der Daten".into(),
        "connector.every_s" => "Takt (Sekunden)".into(),
        "contact" => "Ansprechstelle".into(),
        "contact.phone" => "Telefon".into(),
        "contact.email" => "E-Mail".into(),
        "contact.url" => "Kontaktseite".into(),
        "address" => "Adresse".into(),
        other => other.to_owned(),
    }
}

fn text_of(value: &Value) -> String {
    let text = match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut short: String = text.chars().take(VALUE_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What a release would change: everything for a new portal, else what differs from what is live.
fn differing(live: Option<&Portal>, draft: &Portal) -> Vec<Aenderung> {
    let value = |portal| serde_json::to_value(portal).expect("a portal holds only what JSON can hold");
    match live {
        None => details(draft, None)
            .into_iter()
            .map(|(was, neu)| Aenderung { was: was.to_owned(), bisher: "–".into(), neu })
            .collect(),
        Some(live) => changes::differences(&value(live), &value(draft))
            .into_iter()
            .map(|(path, old, new)| Aenderung { was: part_name(&path), bisher: text_of(&old), neu: text_of(&new) })
            .collect(),
    }
}

/// Portals that speak for the same area or for a part of it.
fn neighbours(desk: &Desk, portal: &Portal) -> Vec<String> {
    let portals = desk.portals.load();
    let overlaps = |other: &&Portal| {
        other.id != portal.id && (other.gebiet == portal.gebiet || portal.gebiet.covers(&other.gebiet))
    };
    portals
        .iter()
        .filter(overlaps)
        .take(20)
        .map(|other| format!("{} ({}, {})", other.name, other.id, other.gebiet))
        .collect()
}

fn entry(change: &ChangeSet, may: bool, operator: bool) -> Eintrag {
    let decided = matches!(change.step.as_str(), "release" | "refuse" | "suspend" | "resume" | "apply");
    let parts = changes::differences(&change.before, &change.after);
    let named =
        parts.iter().filter(|(path, ..)| !path.is_empty() && !path.starts_with("state") && !path.starts_with("live"));
    let mut named: Vec<String> = named.map(|(path, ..)| part_name(path)).collect();
    named.dedup();
    let mut was = words::of_step(&change.step).to_owned();
    if change.step == "edit" && !named.is_empty() {
        was = format!("{was}: {}", named.join(", "));
    }
    if let Some(undone) = change.undoes {
        was = format!("{was} (Nr. {undone})");
    }
    Eintrag {
        nummer: change.number,
        wann: moment(change.at),
        wer: change.actor.clone(),
        was,
        zuruecknehmbar: may && change.undone_by.is_none() && (operator || !decided),
        hinweis: match change.undone_by {
            Some(by) => format!("zurückgenommen (Nr. {by})"),
            None if may && decided => "nur durch den Betrieb".to_owned(),
            None => String::new(),
        },
    }
}
