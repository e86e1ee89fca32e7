//! What is said of a gap: what is wrong, and how it is mended. German, for editors.

use connectors::link::LinkFault;
use indexer::catalog::report::{BadLink, Check, Delivering, Gap};
use indexer::record::Lang;

use crate::pages::words::{date, moment};

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
        Gap::DeadOnlinedienst(link) => format!("Der Onlinedienst ist nicht erreichbar: {}", broken(link)),
        Gap::DeadLink(link) => format!("Ein Link führt ins Leere: {}", broken(link)),
        Gap::OtherTown { url, town } => {
            format!("Der Link {url} führt auf eine Seite, die sich als Seite von {town} ausgibt.")
        }
        Gap::UnknownKey => "Der Leistungsschlüssel steht nicht im Katalog (LeiKa 2019).".into(),
        Gap::NearlyTwice(other) => format!("Fast gleich heißt hier auch „{other}“."),
        Gap::WrongLanguage(lang) => format!("Der deutsche Text ist {} geschrieben.", language(*lang)),
        Gap::NoGerman => "Es gibt keine deutsche Fassung.".into(),
        Gap::FitConnect(0) => "FIT-Connect kennt für diesen Onlinedienst hier keine Adresse.".into(),
        Gap::FitConnect(count) => format!("FIT-Connect kennt hier {count} verschiedene Adressen statt einer."),
        Gap::NoPrivacy => "Bei der FIT-Connect-Adresse fehlt die Datenschutzerklärung.".into(),
        Gap::Html(what) => format!("Beim Lesen wurde HTML entfernt, das nicht erlaubt ist: {what}."),
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

/// What an address did instead of answering as it should, and since when.
fn broken(link: &BadLink) -> String {
    let instead = link.reached.as_deref().unwrap_or(&link.url);
    let what = match link.fault {
        LinkFault::Gone => "meldet, dass es die Seite nicht mehr gibt".to_owned(),
        LinkFault::Status => match link.status {
            Some(status) => format!("meldet einen Fehler ({status})"),
            None => "meldet einen Fehler".to_owned(),
        },
        LinkFault::Unreachable => "ist nicht zu erreichen".to_owned(),
        LinkFault::Timeout => "antwortet nicht rechtzeitig".to_owned(),
        LinkFault::Certificate => "hat kein gültiges Zertifikat".to_owned(),
        LinkFault::NotPublic => "ist keine öffentliche Adresse".to_owned(),
        LinkFault::Loop => "wird im Kreis oder zu oft umgeleitet".to_owned(),
        LinkFault::Redirect => "wird auf eine Adresse umgeleitet, die nicht sicher ist".to_owned(),
        LinkFault::SoftGone => "zeigt nur eine Fehlerseite".to_owned(),
        LinkFault::MovedHome => format!("leitet nur noch auf die Startseite {instead}"),
    };
    let since = link.since.map(|since| format!(" (festgestellt am {})", date(since))).unwrap_or_default();
    format!("{} {what}{since}.", link.url)
}

fn language(lang: Lang) -> &'static str {
    if lang == Lang::EN { "auf Englisch" } else { "in einer anderen Sprache" }
}

/// The five questions, by their names in the interface.
pub(crate) fn question(name: &str) -> &'static str {
    match name {
        "address" => "Adresse antwortet",
        "stelle" => "Stelle eingetragen",
        "fit_connect" => "genau eine FIT-Connect-Adresse",
        "privacy" => "Datenschutzerklärung",
        _ => "Schlüssel gültig",
    }
}

/// How one of them was answered.
pub(crate) fn answer(check: Check) -> &'static str {
    match check {
        Check::Passed => "ja",
        Check::Failed => "nein",
        Check::Unchecked => "nicht geprüft",
        Check::Absent => "entfällt",
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
        Gap::DeadOnlinedienst(_) => "Die Adresse des Onlinedienstes berichtigen oder den Onlinedienst abmelden.",
        Gap::DeadLink(_) => "Die Adresse berichtigen oder den Link entfernen.",
        Gap::OtherTown { .. } => "Prüfen, ob der Link stimmt; wenn die Orte hier zusammenarbeiten, ist nichts zu tun.",
        Gap::UnknownKey => "Den Schlüssel prüfen; ist er neuer als der Katalog von 2019, ist nichts zu tun.",
        Gap::NearlyTwice(_) => "Prüfen, ob beide dasselbe beschreiben, und eine der Beschreibungen löschen.",
        Gap::WrongLanguage(_) => "Den Text mit der richtigen Sprache kennzeichnen und eine deutsche Fassung liefern.",
        Gap::NoGerman => "Eine deutsche Fassung liefern.",
        Gap::FitConnect(0) => "Den Zustellpunkt für dieses Gebiet und diesen Schlüssel in FIT-Connect eintragen.",
        Gap::FitConnect(_) => "In FIT-Connect für dieses Gebiet und diesen Schlüssel nur einen Zustellpunkt lassen.",
        Gap::NoPrivacy => "Die Adresse der Datenschutzerklärung am Zustellpunkt eintragen.",
        Gap::Html(_) => "Nur die zehn erlaubten Tag-Gruppen verwenden; sie stehen im Handbuch des Standards.",
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
