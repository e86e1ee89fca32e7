//! Runs and their plans in words for people: the same on the command line and on pages.

use crate::pages::words::moment_brief;
use connectors::ids::PortalId;
use indexer::crawl::schedule::{NextRun, Why};
use indexer::run::{Listed, Phase, Plan, Planned, Progress};
use jiff::Timestamp;

/// The four lists of a plan, with their headings.
pub fn lists(plan: &Plan) -> [(&'static str, &Listed); 4] {
    [
        ("Neu", &plan.added),
        ("Geändert", &plan.changed),
        ("Entfernt", &plan.removed),
        ("Nicht übernommen", &plan.quarantined),
    ]
}

/// One record of a plan: what it is, its id and its name, and what is other than before or wrong.
pub fn line(planned: &Planned) -> String {
    let mut line = planned.kind.name().to_owned();
    match &planned.id {
        Some(id) => line.push_str(&format!(" {id}")),
        None => line.push_str(" ohne Id"),
    }
    if !planned.name.is_empty() {
        line.push_str(&format!(" „{}“", planned.name));
    }
    if !planned.parts.is_empty() {
        let parts: Vec<_> = planned.parts.iter().map(|part| part_name(part)).collect();
        line.push_str(&format!(" ({})", parts.join(", ")));
    }
    let sentences: Vec<_> = planned.findings.iter().map(connectors::finding::Finding::sentence).collect();
    if !sentences.is_empty() {
        line.push_str(&format!(": {}", sentences.join(" ")));
    }
    line
}

/// What a part of a record is called.
pub fn part_name(part: &str) -> String {
    if let Some(modul) = part.strip_prefix("modules.") {
        return format!("Modul {modul}");
    }
    let name = match part {
        "title" | "name" => "Bezeichnung",
        "bezeichnung" => "Verwaltungsbezeichnung",
        "schluessel" => "Leistungsschlüssel",
        "modules" => "Reihenfolge der Module",
        "keywords" => "Suchbegriffe",
        "gebiete" => "Gebiete",
        "zustaendigkeiten" | "what" => "Zuständigkeiten",
        "links" => "Adressen",
        "anschriften" => "Anschriften",
        "kommunikation" => "Kontaktwege",
        "oeffnungszeiten" => "Öffnungszeiten",
        "beschreibung" => "Beschreibung",
        "parent" => "übergeordnete Stelle",
        "ids" => "weitere Kennungen",
        "owner" | "owner_kind" => "Stelle",
        "leistung" => "Leistung",
        "freigabe" => "Freigabe",
        "gueltigkeit" => "Gültigkeit",
        "kategorien" => "Kategorien",
        "ursprung" => "Ursprungsseite",
        "vertrauensniveau" | "vertrauensniveau_name" => "Vertrauensniveau",
        "fragments" => "nicht ausgewertete Teile",
        other => return format!("Feld {other}"),
    };
    name.to_owned()
}

/// How a run ended, by the word of the store.
pub fn outcome_name(outcome: &str) -> &'static str {
    match outcome {
        "applied" => "übernommen",
        "unchanged" => "unverändert",
        "held" => "angehalten",
        "failed" => "gescheitert",
        "trial" => "Probelauf",
        "restored" => "wiederhergestellt",
        "broken_off" => "abgebrochen",
        _ => "unbekannt",
    }
}

/// When the next run is due and why, as a sentence.
pub fn next_sentence(next: &NextRun, now: Timestamp) -> String {
    let at = match next.at {
        Some(at) if at > now => format!("am {}", moment_brief(at)),
        _ => "sobald ein Platz frei ist".to_owned(),
    };
    match &next.why {
        Why::First => format!("Der erste Lauf beginnt, {at}."),
        Why::Interval => format!("Der nächste Lauf beginnt {at}, im üblichen Abstand."),
        Why::BackOff { failures: 1 } => format!("Der nächste Versuch beginnt {at}; der letzte Lauf brachte nichts."),
        Why::BackOff { failures } => {
            format!("Der nächste Versuch beginnt {at}; die letzten {failures} Läufe brachten nichts.")
        }
        Why::Paused(pause) => format!(
            "Seit {} werden keine Läufe gemacht: {} Bitte prüfen und dann fortsetzen.",
            moment_brief(pause.since),
            pause.why
        ),
        Why::Push => "Das Portal liefert selbst; einen Zeitplan gibt es nicht.".to_owned(),
    }
}

/// How far a run is, as sentences for people.
pub fn progress_sentence(progress: &Progress) -> String {
    let since = moment_brief(progress.since);
    let done = match progress.total {
        Some(total) if total > 0 => format!(", {} %", progress.done.min(total) * 100 / total),
        _ => String::new(),
    };
    let phase = match progress.phase {
        Phase::Collecting => "Die Lieferung wird abgerufen",
        Phase::Applying => "Die Lieferung wird gelesen",
        Phase::Finishing => "Der Lauf wird abgeschlossen",
    };
    let left = progress.left_s.map(|left| format!(" Noch etwa {left} Sekunden.")).unwrap_or_default();
    format!("{phase}{done}; bisher {} Einträge. Begonnen am {since}.{left}", progress.records)
}

/// How far a run is, as a line.
pub fn progress_line(portal: &PortalId, progress: &Progress) -> String {
    let phase = match progress.phase {
        Phase::Collecting => "collecting",
        Phase::Applying => "applying",
        Phase::Finishing => "finishing",
    };
    let done = match progress.total {
        Some(total) if total > 0 => format!(" {} %", progress.done.min(total) * 100 / total),
        _ => String::new(),
    };
    let rate = progress.rate.map(|rate| format!(", {rate:.0} entries/s")).unwrap_or_default();
    let left = progress.left_s.map(|left| format!(", {left} s left")).unwrap_or_default();
    format!("{portal}: {phase}{done}, {} entries, {} MB{rate}{left}", progress.records, progress.bytes / 1_000_000)
}

#[cfg(test)]
mod tests {
    use connectors::finding::{Finding, Rule};
    use indexer::record::Kind;
    use indexer::run::Pause;

    use super::*;

    #[test]
    fn a_record_of_a_plan_is_one_readable_line() {
        let planned = |id: Option<&str>, parts: &[&str], findings| Planned {
            kind: Kind::Leistung,
            id: id.map(str::to_owned),
            name: "Reisepass".into(),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
            findings,
        };
        assert_eq!(
            line(&planned(Some("A_1"), &["title", "modules.05", "sdg"], Vec::new())),
            "Leistung A_1 „Reisepass“ (Bezeichnung, Modul 05, Feld sdg)"
        );
        let refused = line(&planned(None, &[], vec![Finding::new(Rule::IdMissing)]));
        assert!(refused.starts_with("Leistung ohne Id „Reisepass“: Dem Objekt fehlt die Id"), "{refused}");
    }

    #[test]
    fn the_next_run_is_told_with_its_reason() {
        let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let earlier: Timestamp = "2026-11-22T11:00:00Z".parse().unwrap();
        let check = |at, why, expected: &str| assert_eq!(next_sentence(&NextRun { at, why }, earlier), expected);
        check(Some(at), Why::Interval, "Der nächste Lauf beginnt am 22.11.2026, 13:00 Uhr, im üblichen Abstand.");
        check(Some(Timestamp::MIN), Why::First, "Der erste Lauf beginnt, sobald ein Platz frei ist.");
        let pause = Pause { since: at, why: "Falsche Texte.".into() };
        check(
            None,
            Why::Paused(pause),
            "Seit 22.11.2026, 13:00 Uhr werden keine Läufe gemacht: Falsche Texte. Bitte prüfen und dann fortsetzen.",
        );
        check(
            Some(at),
            Why::BackOff { failures: 3 },
            "Der nächste Versuch beginnt am 22.11.2026, 13:00 Uhr; die letzten 3 Läufe brachten nichts.",
        );
    }
}
