//! What came of a rehearsal.

use std::collections::BTreeMap;

use indexer::record::Kind;

use super::FINDINGS;
use crate::joining::preview::Preview;
use crate::pages::address;
use crate::pages::words::grouped;
use crate::registry::Registered;

/// Leistungen that a preview lists.
const LEISTUNGEN: usize = 200;

/// What came of a rehearsal.
pub(in crate::joining::pages) struct PreviewPage {
    pub(in crate::joining::pages) gut: bool,
    pub(in crate::joining::pages) ergebnis: String,
    pub(in crate::joining::pages) zahlen: Vec<(&'static str, String)>,
    pub(in crate::joining::pages) sichtbar: bool,
    pub(in crate::joining::pages) befunde: Vec<Befund>,
    pub(in crate::joining::pages) befunde_text: String,
    pub(in crate::joining::pages) leistungen: Vec<Eine>,
    pub(in crate::joining::pages) leistungen_text: String,
}

/// Findings of one rule.
pub(in crate::joining::pages) struct Befund {
    pub(in crate::joining::pages) satz: String,
    pub(in crate::joining::pages) anzahl: usize,
    pub(in crate::joining::pages) beispiel: String,
}

/// One Leistung.
pub(in crate::joining::pages) struct Eine {
    pub(in crate::joining::pages) name: String,
    pub(in crate::joining::pages) href: Option<String>,
}

impl PreviewPage {
    pub(in crate::joining::pages) fn of(known: &Registered, preview: &Preview, same: bool) -> Self {
        let (report, plan) = (&preview.rehearsal.report, &preview.rehearsal.plan);
        let gut = preview.is_good() && same;
        let ergebnis = if !same {
            "Diese Vorschau ist von früheren Angaben. Bitte machen Sie einen neuen Probelauf."
        } else if gut && report.cut {
            "Der Probelauf ist gelungen. Gezeigt wird der Anfang Ihrer Daten; im Betrieb wird alles gelesen."
        } else if gut {
            "Der Probelauf ist gelungen. Noch sieht das niemand außer Ihnen und dem Betrieb."
        } else if plan.added.total == 0 && report.findings.is_empty() {
            "Der Probelauf hat nichts gefunden, was in den Verbund käme."
        } else {
            "Der Probelauf ist nicht gelungen. Unten steht, was zu verbessern ist."
        };
        let number = |count: u64| grouped(usize::try_from(count).unwrap_or(usize::MAX));
        let mut zahlen = vec![
            ("Objekte, die in den Verbund kämen", number(plan.added.total)),
            ("Objekte, die nicht übernommen würden", number(plan.quarantined.total)),
            ("Gelesen", format!("{} KiB", number(report.bytes.div_ceil(1024)))),
        ];
        if report.findings_left_out > 0 {
            zahlen.push(("Weitere Hinweise", number(report.findings_left_out)));
        }
        let mut by_rule: BTreeMap<(std::cmp::Reverse<connectors::finding::Severity>, &'static str), Vec<_>> =
            BTreeMap::new();
        for finding in &report.findings {
            by_rule.entry((std::cmp::Reverse(finding.severity), finding.rule.code())).or_default().push(finding);
        }
        let befund = |findings: Vec<&connectors::finding::Finding>| {
            let first = findings.first()?;
            let place = [first.object.clone(), first.file.clone(), first.line.map(|line| format!("Zeile {line}"))];
            Some(Befund {
                satz: first.sentence(),
                anzahl: findings.len(),
                beispiel: place.into_iter().flatten().collect::<Vec<_>>().join(", "),
            })
        };
        let prefix = format!("/anbindung/{}/vorschau", known.id);
        let place = Some(&known.registration.portal.gebiet);
        let leistungen: Vec<Eine> = plan
            .added
            .entries
            .iter()
            .filter(|one| one.kind == Kind::Leistung)
            .take(LEISTUNGEN)
            .map(|one| Eine {
                name: if one.name.is_empty() { "(ohne Namen)".into() } else { one.name.clone() },
                href: one.id.as_ref().map(|id| format!("{prefix}{}", address::leistung_by(id, &one.name, place))),
            })
            .collect();
        let befunde: Vec<Befund> = by_rule.into_values().filter_map(befund).take(FINDINGS).collect();
        Self {
            gut,
            ergebnis: ergebnis.into(),
            zahlen,
            sichtbar: plan.added.total > 0,
            befunde_text: format!(
                "{} Hinweise, die schwersten zuerst",
                number(report.findings.len() as u64 + report.findings_left_out)
            ),
            befunde,
            leistungen_text: match leistungen.len() {
                1 => "Eine Leistung:".into(),
                LEISTUNGEN => format!("Die ersten {LEISTUNGEN} Leistungen:"),
                many => format!("{many} Leistungen:"),
            },
            leistungen,
        }
    }
}
