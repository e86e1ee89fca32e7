//! What is said of a gap: what is wrong, and how it is mended. German, for editors.

use indexer::catalog::report::{Delivering, Gap};

use crate::pages::words::moment;

/// What is missing or wrong.
pub(crate) fn sentence(gap: &Gap) -> String {
    match gap {
        Gap::NoText => "Für diese Leistung gibt es hier keinen Text.".into(),
        Gap::NoStelle => "Es ist keine zuständige Stelle eingetragen.".into(),
        Gap::SeveralStellen(count) => {
            format!("Es sind {count} verschiedene Stellen eingetragen; die Leute müssen selbst wählen.")
        }
        Gap::UnknownStelle(id) => {
            format!("Als zuständig ist {id} eingetragen, aber diese Organisationseinheit hat niemand geliefert.")
        }
        Gap::DeadAccount(name) => format!("Der Text nennt {name}; dieses Konto gibt es nicht mehr."),
        Gap::NoKey => "Die Beschreibung hat keinen gültigen Leistungsschlüssel.".into(),
        Gap::Twice(count) => format!("Die Leistung ist hier {count}-mal unter demselben Namen beschrieben."),
        Gap::NoShortText => "Der Kurztext fehlt.".into(),
        Gap::NoCosts => "Es steht nicht da, was es kostet.".into(),
        Gap::NoPapers => "Es steht nicht da, was man braucht.".into(),
        Gap::NoOnlinedienst => "Es gibt keinen Onlinedienst.".into(),
        Gap::ClosedOnlinedienst(host) => {
            format!(
                "Der Onlinedienst liegt auf {host}; dorthin leiten wir niemanden, weil der Host nicht registriert ist."
            )
        }
        Gap::Old(days) => match days / 365 {
            ..=1 => format!("Der Text wurde seit {days} Tagen nicht geändert."),
            years => format!("Der Text wurde seit mehr als {years} Jahren nicht geändert."),
        },
        Gap::Undated => "Der Text sagt nicht, wann er zuletzt geändert wurde.".into(),
    }
}

/// How the last delivery of a portal went, as one sentence.
pub(crate) fn delivery(of: &Delivering) -> String {
    let Some(run) = &of.last_run else {
        return format!("{} hat noch nichts geliefert.", of.name);
    };
    let when = moment(run.ended);
    let how = match run.outcome.as_str() {
        "applied" => "wurde übernommen",
        "unchanged" => "war unverändert",
        "held" => "wird zurückgehalten, weil sonst zu viel gelöscht würde; gezeigt wird der Stand davor",
        _ => "konnte nicht übernommen werden; gezeigt wird der Stand davor",
    };
    let wrong = match of.findings {
        0 => "Mängel wurden nicht gefunden.".to_owned(),
        1 => "Gefunden wurde 1 Mangel.".to_owned(),
        many => format!("Gefunden wurden {many} Mängel."),
    };
    format!("Die letzte Lieferung von {} ({when}) {how}. {wrong}", of.name)
}

/// How it is mended.
pub(crate) fn mend(gap: &Gap) -> &'static str {
    match gap {
        Gap::NoText => "Eine Beschreibung anlegen oder den Text von Land oder Bund für dieses Gebiet freigeben.",
        Gap::NoStelle => "Einer Organisationseinheit die Zuständigkeit für diese Leistung in diesem Gebiet geben.",
        Gap::SeveralStellen(_) => {
            "Die Zuständigkeiten so fassen, dass eine Stelle bleibt; wer nur Auskunft gibt, bekommt Rolle 03."
        }
        Gap::UnknownStelle(_) => "Die Organisationseinheit mitliefern oder die Zuständigkeit ändern.",
        Gap::DeadAccount(_) => "Das Konto nennen, das heute gilt: BundID oder Mein Unternehmenskonto.",
        Gap::NoKey => "Den Leistungsschlüssel eintragen: 14 Ziffern, die ersten beiden sind 99.",
        Gap::Twice(_) => "Die doppelten Beschreibungen löschen oder so benennen, dass man sie unterscheiden kann.",
        Gap::NoShortText => "Das Modul Kurztext (05) ausfüllen: ein bis drei Sätze.",
        Gap::NoCosts => "Das Modul Kosten ausfüllen; auch „gebührenfrei“ ist eine Angabe.",
        Gap::NoPapers => "Das Modul Erforderliche Unterlagen (08) ausfüllen; auch „keine“ ist eine Angabe.",
        Gap::NoOnlinedienst => "Den Onlinedienst eintragen, sobald es einen gibt.",
        Gap::ClosedOnlinedienst(_) => {
            "Den Host in der Registrierung des Portals nennen (hosts) oder die Adresse ändern."
        }
        Gap::Old(_) => "Den Text prüfen und mit neuem Datum liefern, auch wenn sich nichts geändert hat.",
        Gap::Undated => "Das Datum der letzten Änderung mitliefern (versionsinformation).",
    }
}
