//! What the pages say in German: of faults, of what was found, and of how far a registration is.

use connectors::registration::{AddressFault, ProofPlace};

use super::acting::Refusal;
use super::first_look::Seen;
use super::preview::Busy;
use super::proof::Found;
use super::registration::{FieldFault, PartFault, Stage, StepFault};

/// What is wrong with a field, and what would be right.
pub fn of_field(wrong: &FieldFault) -> String {
    let what = match wrong.field {
        "id" => "die Kennung",
        "name" => "den Namen",
        "gebiet" => "das Gebiet",
        "connector" => "den Weg der Daten",
        "source" => "die Adresse der Daten",
        "address" => "die Adresse",
        _ => "dieses Feld",
    };
    match &wrong.fault {
        PartFault::Address(fault) => of_address(fault),
        PartFault::Connector(kind) => {
            format!("Den Weg „{kind}“ kann nur der Betrieb einrichten, weil er Dateien auf unserem Rechner braucht.")
        }
        PartFault::OtherHost(url) => format!(
            "Die Daten müssen auf demselben Rechnernamen liegen wie Ihre Adresse oder darunter; {url} liegt woanders."
        ),
        PartFault::Host(host) => format!(
            "„{host}“ geht hier nicht. Bitte geben Sie öffentliche Rechnernamen an, je Zeile einen, zum Beispiel \
             formulare.stadt.example; „*.“ nur vor Ihrem eigenen Namen."
        ),
        PartFault::Operators => "Das kann nur der Betrieb des Portalverbunds einrichten.".into(),
        PartFault::Missing => format!("Bitte geben Sie {what} an."),
        PartFault::TooLong(max) => format!("Bitte kürzen Sie {what} auf höchstens {max} Zeichen."),
        PartFault::NotPlain => format!("Bitte schreiben Sie {what} in eine Zeile, ohne Steuerzeichen."),
        PartFault::Id(id) => format!(
            "„{id}“ ist keine Kennung. Erlaubt sind a–z, 0–9 und „-“, höchstens 63 Zeichen, am Anfang ein Buchstabe."
        ),
        PartFault::Taken(id) => format!("Die Kennung „{id}“ ist schon vergeben. Bitte wählen Sie eine andere."),
        PartFault::UnknownPlace(place) => format!(
            "Den Ort „{place}“ kennen wir nicht. Bitte geben Sie den Namen der Gemeinde oder des Kreises an, oder den \
             Amtlichen Regionalschlüssel (zwölf Ziffern)."
        ),
        PartFault::SeveralPlaces(places) => {
            format!("So heißen mehrere Orte. Bitte geben Sie den Schlüssel an: {}.", places.join(", "))
        }
        PartFault::Kind(_) => "Bitte wählen Sie, wie Ihre Daten zu uns kommen.".into(),
        PartFault::Interval => "Bitte geben Sie eine ganze Zahl von Stunden an, von 1 bis 720.".into(),
        PartFault::Email(email) => format!("„{email}“ ist keine E-Mail-Adresse. Beispiel: rathaus@stadt.example."),
        PartFault::Phone(phone) => format!("„{phone}“ ist keine Telefonnummer. Beispiel: 02323 160."),
    }
}

/// What is wrong with an address, and what would be right.
pub fn of_address(fault: &AddressFault) -> String {
    const EXAMPLE: &str = "Beispiel: https://www.stadt.example/";
    match fault {
        AddressFault::Empty => format!("Bitte geben Sie die Adresse Ihres Portals an. {EXAMPLE}"),
        AddressFault::NotRead => format!("Das ist keine Adresse, die wir lesen können. {EXAMPLE}"),
        AddressFault::TooLong => "Die Adresse ist zu lang: Es sind höchstens 2.048 Zeichen möglich.".into(),
        AddressFault::Scheme(_) => format!("Die Adresse muss mit https:// beginnen. {EXAMPLE}"),
        AddressFault::Credentials => "Bitte lassen Sie Benutzername und Passwort aus der Adresse weg.".into(),
        AddressFault::Fragment => "Bitte lassen Sie den Teil ab „#“ weg; er kommt bei keinem Server an.".into(),
        AddressFault::Port(port) => format!("Bitte lassen Sie „:{port}“ weg; wir rufen nur den üblichen Port ab."),
        AddressFault::IpAddress(ip) => format!("{ip} ist eine IP-Adresse. Bitte geben Sie einen Namen an. {EXAMPLE}"),
        AddressFault::Name(name) => {
            format!("„{name}“ ist kein öffentlicher Name; von außen ist er nicht erreichbar. {EXAMPLE}")
        }
    }
}

/// Why a step was not taken, and what helps.
pub fn of_refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoSuch => "Diese Anmeldung gibt es nicht mehr.".into(),
        Refusal::Operators => "Diesen Schritt kann nur der Betrieb des Portalverbunds tun.".into(),
        Refusal::IdTaken(id) => format!("Die Kennung „{id}“ ist schon vergeben. Bitte wählen Sie eine andere."),
        Refusal::TooMany(open) => format!(
            "Sie haben {open} Anmeldungen, die noch nicht freigegeben sind. Bitte schließen Sie erst eine davon ab oder \
             ziehen Sie sie zurück."
        ),
        Refusal::Parts(parts) => parts.iter().map(of_field).collect::<Vec<_>>().join(" "),
        Refusal::Step(StepFault::NotProven) => {
            "Die Domain ist noch nicht nachgewiesen. Bitte weisen Sie sie zuerst nach.".into()
        }
        Refusal::Step(StepFault::NotRehearsed) => {
            "So, wie die Angaben jetzt sind, gab es noch keinen guten Probelauf. Bitte machen Sie zuerst einen.".into()
        }
        Refusal::Step(StepFault::NotNow { .. }) => {
            "Dieser Schritt geht im jetzigen Stand nicht. Vielleicht war jemand anderes schneller; bitte laden Sie die \
             Seite neu."
                .into()
        }
        Refusal::Step(StepFault::NoReason) => {
            "Bitte schreiben Sie einen Grund dazu, damit klar ist, was zu tun ist.".into()
        }
        Refusal::Conflict(conflict) => format!(
            "Das lässt sich nicht zurücknehmen, weil „{}“ danach noch einmal geändert wurde. Bitte nehmen Sie zuerst die \
             spätere Änderung zurück.",
            conflict.path
        ),
        Refusal::NoChange(_) => "Diese Änderung gibt es nicht, oder sie ist schon zurückgenommen.".into(),
        Refusal::Registry(_) => "Bei uns ist ein Fehler aufgetreten. Bitte versuchen Sie es später noch einmal.".into(),
    }
}

/// What was seen at the first look.
pub fn of_seen(seen: &Seen) -> String {
    match seen {
        Seen::Index { url, files: 1 } => format!("Wir haben ein XZuFi-Verzeichnis mit einer Datei gefunden: {url}"),
        Seen::Index { url, files } => format!("Wir haben ein XZuFi-Verzeichnis mit {files} Dateien gefunden: {url}"),
        Seen::Sitemap(url) => format!(
            "Wir haben kein XZuFi-Verzeichnis, aber eine Liste Ihrer Seiten gefunden: {url}. Sind Ihre Seiten nach unserem \
             Profil ausgezeichnet, lesen wir sie; der Probelauf zeigt, was wir finden."
        ),
        Seen::Page => {
            "Wir haben Ihre Seite gesehen, aber kein XZuFi-Verzeichnis (index.txt). Liegt es an einer anderen \
                       Stelle, geben Sie die Adresse unten an; sonst liefern Sie selbst über unsere Schnittstelle."
                .into()
        }
        Seen::Elsewhere(to) => format!(
            "Diese Adresse leitet auf einen anderen Rechnernamen um: {to}. Bitte melden Sie die Adresse an, bei der man \
             ankommt."
        ),
        Seen::Status(status) => format!(
            "Unter dieser Adresse kam die Antwort {status}. Die Vorschläge unten stammen nur aus dem Namen; bitte prüfen \
             Sie die Adresse."
        ),
        Seen::Silent(fault) => format!("{} Bitte prüfen Sie die Adresse.", fault.finding().sentence()),
    }
}

/// Where a proof was found.
pub fn of_place(place: ProofPlace) -> &'static str {
    match place {
        ProofPlace::Dns => "im DNS",
        ProofPlace::File => "in der Datei",
        ProofPlace::Meta => "im Kopf der Seite",
    }
}

/// Why no rehearsal begins.
pub fn of_busy(busy: Busy) -> &'static str {
    match busy {
        Busy::This => "Ein Probelauf dieses Portals läuft schon. Bitte warten Sie, bis er fertig ist.",
        Busy::Others => {
            "Zurzeit laufen so viele Probeläufe, wie gleichzeitig möglich sind. Bitte versuchen Sie es in einer Minute noch einmal."
        }
    }
}

/// What was found there.
pub fn of_found(place: ProofPlace, found: &Found) -> String {
    match (found, place) {
        (Found::Token, _) => "gefunden".into(),
        (Found::Other(count), ProofPlace::Dns) => {
            format!("{count} TXT-Einträge gefunden, keiner mit Ihrem Kennwort")
        }
        (Found::Other(_), ProofPlace::File) => "Datei gefunden, aber ohne Ihr Kennwort".into(),
        (Found::Other(_), ProofPlace::Meta) => "Seite gefunden, aber ohne die Angabe in ihrem Kopf (head)".into(),
        (Found::Nothing, ProofPlace::Dns) => "kein solcher Eintrag; neue Einträge brauchen bis zu einer Stunde".into(),
        (Found::Nothing, _) => "nicht da (404)".into(),
        (Found::Elsewhere(to), _) => format!("leitet zu {to} um; eine Umleitung zu einem anderen Namen zählt nicht"),
        (Found::Status(status), _) => format!("Antwort {status} statt 200"),
        (Found::Silent(_), ProofPlace::Dns) => "der Nameserver hat nicht geantwortet".into(),
        (Found::Silent(_), _) => "keine Antwort".into(),
    }
}

/// How far a registration is.
pub fn of_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Draft => "Domain nachweisen",
        Stage::Proven => "Probelauf machen",
        Stage::Rehearsed => "Bereit zur Freigabe",
        Stage::Submitted => "Wartet auf Freigabe",
        Stage::Released => "Im Verbund",
        Stage::Suspended => "Ausgesetzt",
        Stage::Withdrawn => "Zurückgezogen",
    }
}

/// What a change set did.
pub fn of_step(step: &str) -> &'static str {
    match step {
        "register" => "angemeldet",
        "edit" => "Angaben geändert",
        "submit" => "zur Freigabe gegeben",
        "release" => "freigegeben",
        "refuse" => "zurückgegeben",
        "suspend" => "ausgesetzt",
        "resume" => "wieder aufgenommen",
        "withdraw" => "zurückgezogen",
        "apply" => "aus einer Datei übernommen",
        "undo" => "Änderung zurückgenommen",
        _ => "geändert",
    }
}
