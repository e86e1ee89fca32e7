//! Names of Lebenslagen and Themenfelder in English; the German ones stand in the catalogue of the OZG.

/// By their German names.
const ENGLISH: &[(&str, &str)] = &[
    ("Abfall & Umweltschutz", "Waste & environmental protection"),
    ("Adoption & Pflegekinder", "Adoption & foster children"),
    ("Altersvorsorge", "Provision for old age"),
    ("Anlagen & Stoffe", "Plants & substances"),
    ("Arbeitgeber sein", "Being an employer"),
    ("(Drohender) Arbeitsplatzverlust & -suche", "Losing a job & looking for work"),
    ("Arbeitsplatzwechsel", "Changing jobs"),
    ("Arbeitssicherheit", "Safety at work"),
    ("Aus-, Weiterbildung & Sachkunde", "Training & expert knowledge"),
    ("Auslandsaufenthalt", "Stay abroad"),
    ("Auslandsgeschäft", "Business abroad"),
    ("Ausschreibungen & öffentliche Aufträge", "Public tenders & contracts"),
    ("Auswanderung", "Emigration"),
    ("Bauen & Immobilien", "Building & property"),
    ("Behinderung", "Disability"),
    ("Berufsausbildung", "Vocational training"),
    ("Bootsbesitz", "Owning a boat"),
    ("Eheschließung", "Marriage"),
    ("Einwanderung", "Immigration"),
    ("Engagement & Beteiligung", "Volunteering & participation"),
    ("Finanzielle Existenzsicherung/Unterstützung bei finanziellen Problemen", "Help with money problems"),
    ("Finanzierung & Förderung", "Finance & grants"),
    ("Fischen & Jagen", "Fishing & hunting"),
    ("Forschung & Entwicklung", "Research & development"),
    ("Führerschein", "Driving licence"),
    ("Geburt", "Birth"),
    ("Gerichtliche und außergerichtliche Verfahren", "Proceedings in and out of court"),
    ("Geschäftsauflösung & Unternehmensübergang", "Closing or handing over a business"),
    ("Gesundheitsvorsorge", "Preventive health care"),
    ("Hausbau & Immobilienerwerb", "Building or buying a house"),
    ("Kfz-Besitz", "Owning a vehicle"),
    ("Kinderbetreuung", "Childcare"),
    ("Krankheit", "Illness"),
    ("Logistik & Transport", "Logistics & transport"),
    ("Naturkatastrophen", "Natural disasters"),
    ("Pflege", "Nursing care"),
    ("Rechtsverstöße - Anzeigen und Hilfen für Opfer", "Offences: reports and help for victims"),
    ("Rente & Soziale Entschädigung", "Pension & social compensation"),
    ("Scheidung", "Divorce"),
    ("Schule", "School"),
    ("Statistik- & Berichtspflichten", "Duties to report"),
    ("Steuererklärung", "Tax return"),
    ("Steuern & Abgaben", "Taxes & duties"),
    ("Studium", "Studying"),
    ("Tierhaltung", "Keeping animals"),
    ("Tod", "Death"),
    ("Trennung mit Kind", "Separation with a child"),
    ("Unternehmensstart & Gewerbezulassung", "Starting a business"),
    ("Veranstaltung durchführen", "Holding an event"),
    ("Veranstaltungen", "Events"),
    ("Weiterbildung", "Further education"),
    ("Weitere Leistungen", "Other services"),
    ("Wohnen & Umzug", "Housing & moving"),
    ("Arbeit & Ruhestand", "Work & retirement"),
    ("Bauen & Wohnen", "Building & housing"),
    ("Bildung", "Education"),
    ("Ein- & Auswanderung", "Immigration & emigration"),
    ("Engagement & Hobby", "Volunteering & hobbies"),
    ("Familie & Kind", "Family & children"),
    ("Forschung & Förderung", "Research & grants"),
    ("Gesundheit", "Health"),
    ("Mobilität & Reisen", "Mobility & travel"),
    ("Recht & Ordnung", "Law & order"),
    ("Steuern & Zoll", "Taxes & customs"),
    ("Umwelt", "Environment"),
    ("Unternehmensführung & -entwicklung", "Running a business"),
];

/// The English name; the German one where there is none.
pub(super) fn english(german: &'static str) -> &'static str {
    ENGLISH.iter().find(|(known, _)| *known == german).map_or(german, |(_, english)| english)
}

#[cfg(test)]
mod tests {
    use connectors::leika::Leika;

    use super::*;
    use crate::pages::narrow::QUERSCHNITT;

    #[test]
    fn every_situation_that_is_shown_has_an_english_name() {
        for one in Leika::built_in().lebenslagen().iter().filter(|one| one.themenfeld != QUERSCHNITT) {
            for name in [one.name, one.themenfeld] {
                assert!(ENGLISH.iter().any(|(german, _)| *german == name), "{name}");
            }
        }
    }
}
