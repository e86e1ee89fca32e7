//! English, for people who do not read German. The names of German institutions stay, with what they are.

use connectors::gebiet::Level;
use indexer::catalog::{TextRole, Why};
use jiff::Timestamp;

use super::lebenslagen;
use super::{
    Anschriftart, Bevor, FaultText, Faults, Form, Frame, Kanal, Lebenslage, Leistung, Ort, Results, Start, Texts,
    Thema, Vertrauensniveau, Words, Zu,
};
use crate::pages::words;

/// All of it.
pub static ENGLISCH: Texts = Texts {
    frame: Frame {
        skip: "Skip to content",
        claim: "Find public services and use them online",
        languages: "Language of this page",
        help: "Help by telephone",
        help_text: [
            "Public service number",
            "Monday to Friday, 8 am to 6 pm (in German). They tell you which office is responsible.",
        ],
        cookies: "This site stores no cookies and loads nothing from third parties.",
        about: "About this site",
        hilfe: "Help",
        barrierefreiheit: "Accessibility",
        barriere_melden: "Report a barrier",
        datenschutz: "Privacy",
        impressum: "Legal notice",
        einbinden: "Embed this search",
        daten: "Open data",
        lebenslagen: "Life situations",
    },
    form: Form {
        name: "Search for services",
        q: "What would you like to do?",
        ort: "Town or postcode",
        q_hint: "In your own words, with the town if you like: “register dog in Bochum”",
        submit: "Search",
        check: "Please check what you entered",
        q_missing: "Please write what you would like to do, for example “register dog”.",
        too_long: "Please shorten the text: 500 characters at most.",
        unknown_place: |ort| {
            format!("We do not know the place “{ort}”. Please check the spelling or give the postcode.")
        },
        ort_missing: "Please give a town or a postcode.",
        suggestions: "Suggestions: {n}",
        no_suggestion: "No suggestion",
    },
    start: Start {
        example_questions: [
            "register a dog",
            "change of address",
            "identity card",
            "housing benefit",
            "register a business",
            "birth certificate",
        ],
        heading: "Find the right office for what you need",
        lead: "Write in your own words what you need. With your town we name the responsible office in \
               North Rhine-Westphalia and take you to its online service.",
        examples: "For example",
        situations: "Life situations",
        all_situations: "See all life situations",
        description: "Find public services in North Rhine-Westphalia, Germany: the responsible office, papers, cost and online \
                      service for your town.",
    },
    results: Results {
        heading: |question, place| match (question.is_empty(), place) {
            (true, None) => "Search".to_owned(),
            (true, Some(place)) => format!("Search in {place}"),
            (false, None) => format!("“{question}”"),
            (false, Some(place)) => format!("“{question}” in {place}"),
        },
        title: |question, place| format!("“{question}” – {}", place.unwrap_or("Search")),
        title_fault: "Error: please complete your search",
        count: |number| if number == 1 { "1 result".to_owned() } else { format!("{} results", grouped(number)) },
        which_place: "There is more than one place of this name. Which one is it?",
        corrected: |typed| format!("We found nothing for “{typed}”. Did you mean"),
        corrected_after: "We searched for that.",
        choice: |about| {
            if about.is_empty() { "What would you like?".to_owned() } else { format!("What would you like? {about}:") }
        },
        narrow: "Narrow down the results",
        for_whom: "For whom?",
        which_situation: "In which life situation?",
        nothing: "Sorry, we found nothing. What you can do:",
        nothing_tips: ["Check the spelling.", "Try another or a shorter word, for example “passport” or “dog”."],
        without_place: "Search without a place.",
        nothing_115: ["Call the public service number", "Monday to Friday, 8 am to 6 pm (in German)."],
        best: "Best result",
        likely: "Most likely",
        needs_place: ["Who is responsible depends on the place.", "Give your town or postcode."],
        several_offices: "Several offices may be responsible. Which one is right?",
        no_office: ["We do not know the responsible office for this place.", "What you can do"],
        locked: "There is an online service whose address is not registered with us. Please contact the responsible office.",
        details: ["Papers, cost, steps", "Responsible office and all details", "See all details"],
        why: "Why this result?",
        why_place: |place| format!("The place we understood: {place}."),
        why_searched: |text| format!("We searched for “{text}”."),
        why_corrected: |typed, text| format!("There is nothing for “{typed}”. We searched for “{text}”."),
        why_language: |lang| format!("We understood your question in {lang}."),
        why_best: [
            |name| format!("“{name}” fits clearly better than anything else."),
            |name| format!("“{name}” is most likely. Others are possible."),
        ],
        why_service: |body, host| format!("{body} names the online service. The address {host} is registered for it."),
        others: ["Other results", "Results"],
        remarks: ["online possible", "Responsible office not known"],
        offices: |number| format!("{number} offices to choose from"),
        pages: ["More pages", "Previous page", "Next page"],
        only_online: ["Online services only.", "Only what is not possible online.", "Show all"],
        only_for: |whom| format!("Only for {whom}."),
        for_all: "Show for everybody",
        only_situation: |name| format!("Only the life situation “{name}”."),
        all_situations: "Show all life situations",
        narrow_online: ["Show what is possible online", "Show what is done on site"],
        narrow_for: |whom| format!("For {whom}"),
        all_of_place: |place| format!("All services in {place}"),
    },
    leistung: Leistung {
        back: "Back to the results",
        in_place: "in",
        change_place: "Change place",
        general: "In general, without a place",
        ask_place: [
            "Where do you live?",
            "With your town we name the responsible office and its online service. For a business, say where it is.",
        ],
        next: "Continue",
        of_one_body: |body| {
            format!(
                "This text was written by {body}. Costs, deadlines and documents may differ where you live: please choose \
                 your place."
            )
        },
        other_place: "Another place",
        apply: "Apply online now",
        leaving: |body, host| format!("You are leaving this site for {body} ({host})."),
        several_services: "There are several services. You choose on the next page.",
        services: ["Online services", "More online services"],
        at_host: |body, host| format!("at {body} ({host})"),
        not_registered: "The address of this service is not registered with us. Please contact the responsible office.",
        office: "Responsible office",
        office_for: |area| format!("Responsible for {area}"),
        several_offices: [
            "Several offices may be responsible",
            "Please choose the office that fits. If in doubt, ask one of them.",
        ],
        on_site: "Only on site or in writing: we know of no online service.",
        no_office: "We do not know the responsible office for this place. What you can do:",
        contact: "Contact point",
        why: "Why this office?",
        stand: |changed, source| match changed {
            Some(changed) => format!("As of {} · Source: {source}", date(changed)),
            None => format!("Source: {source}"),
        },
        whose: |role, source, changed| {
            let role = match role {
                TextRole::Own => "Local text",
                TextRole::Master => "Master text",
                TextRole::Supplement => "Local supplement",
            };
            let changed = changed.map(|at| format!(", as of {}", date(at))).unwrap_or_default();
            format!("{role}: {source}{changed}")
        },
        origin: "Original page:",
        supplement: "Local supplement",
        channels: ["If you apply online", "If you apply on site"],
        hours: "Opening hours",
        text_in_german: "The office has written this text in German only.",
        feedback: ["Is something wrong?", "Give feedback"],
        number_115: [
            "Public service number 115",
            "Call",
            "Monday to Friday, 8 am to 6 pm (in German). They help you find the right office.",
        ],
        contents: "On this page",
        description: |name, place| match place {
            Some(place) => format!("{name} in {place}: responsible office, papers, cost and online service."),
            None => format!("{name} in North Rhine-Westphalia: responsible office, papers, cost and online service."),
        },
    },
    bevor: Bevor {
        heading: "Before you start",
        title: |name, place| format!("Before you start: {name} – {place}"),
        lead: "What you should know before you go to the online service.",
        who: "Responsible office",
        target: "Where you go",
        target_text: |body, host| format!("{body} ({host})"),
        account: "Account and sign-in",
        papers: "Papers",
        cost: "Cost",
        pay: "Payment",
        duration: "How long it takes",
        deadline: "Deadline",
        languages: "Languages",
        unknown: "not stated",
        see: "see all details",
        go: |host| format!("Go to {host}"),
        all: "All details of this service",
    },
    zu: Zu {
        headings: [
            "Please choose",
            "We cannot open this online service",
            "Only on site or in writing",
            "No responsible office known",
        ],
        which: "Which service fits?",
        several: "Several offices may be responsible for this place. If in doubt, ask one of them.",
        locked: "We take you only to addresses that are registered with us. These are not:",
        ask_office: "Please contact the responsible office.",
        on_site: "We know of no online service here. Please contact the responsible office.",
        none: "We do not know the responsible office for this place. What you can do:",
        offices: "These offices may be responsible",
        help: "Where you get help",
    },
    ort: Ort {
        which: "For which place?",
        none_of_these: "None of these?",
        choose_title: |name| format!("Choose a place – {name}"),
        heading: |place| format!("Services in {place}"),
        title: |place| format!("Services in {place}"),
        lead: |all, online| match online {
            0 => format!("{} services of town, district, state and federation.", grouped(all)),
            online => format!(
                "{} services of town, district, state and federation, {} of them possible online.",
                grouped(all),
                grouped(online)
            ),
        },
        description: |place| {
            format!("All public services in {place}: responsible office, papers, cost and online services.")
        },
        by_situation: "By life situation",
        a_to_z: "From A to Z",
        letters: "First letters",
        online: "online possible",
        filter: ["All", "Only what is possible online"],
        nothing: "We do not know any service for this place yet. What you can do:",
        other: "Another place",
        own_page: |host| format!("Page of the town: {host}"),
    },
    lebenslage: Lebenslage {
        heading: "Life situations",
        lead: "What has to be done in a situation of life, in one list.",
        title: |name, place| match place {
            Some(place) => format!("{name} – {place}"),
            None => name.to_owned(),
        },
        list_lead: [
            "What may have to be done in this situation. Not all of it will apply to you.",
            "What may have to be done in this situation. With your town we name the responsible offices.",
        ],
        nothing: "We do not know any service for this situation here yet.",
        description: |name, place| match place {
            Some(place) => format!("{name} in {place}: public services as a list, with offices and online services."),
            None => format!("{name}: public services in North Rhine-Westphalia as a list."),
        },
        further: "More",
        all: "All life situations",
        name: lebenslagen::english,
    },
    voice: crate::voice::texts::ENGLISCH,
    fault: Faults {
        not_found: FaultText {
            title: "Error: page not found",
            heading: "There is no such page",
            text: "The address may be old, or a character is missing. Search here for what you would like to do.",
        },
        no_leistung: FaultText {
            title: "Error: service not found",
            heading: "We do not know this service",
            text: "It may have been renamed or is no longer offered. Search here for what you would like to do.",
        },
        gone: FaultText {
            title: "Service no longer offered",
            heading: "This service is no longer there",
            text: "The portal that offered it has withdrawn it. Search here for what you would like to do.",
        },
        no_place: FaultText {
            title: "Error: place not found",
            heading: "We do not know this place",
            text: "Search here for what you would like to do, and give your town or postcode.",
        },
        no_lebenslage: FaultText {
            title: "Error: life situation not found",
            heading: "We do not know this life situation",
            text: "The address may be old. Search here for what you would like to do.",
        },
        no_dienst: FaultText {
            title: "Error: online service not found",
            heading: "This online service is not there",
            text: "Its address may have changed. Search here for what you would like to do.",
        },
        address: FaultText {
            title: "Error: address not readable",
            heading: "We cannot read this address",
            text: "A part of the address is incomplete or there twice. Search here for what you would like to do.",
        },
        method: FaultText {
            title: "Error: not in this way",
            heading: "This page cannot be opened in this way",
            text: "Please open the page by its address, or search here for what you would like to do.",
        },
        catalog: FaultText {
            title: "Error: not possible at the moment",
            heading: "Sorry, this does not work at the moment",
            text: "Something went wrong on our side. Please try again in a few minutes.",
        },
        start: "To the start page",
    },
    words: Words {
        thema: |thema| match thema {
            Thema::Unterlagen => "What you need",
            Thema::Dokumente => "Papers and forms",
            Thema::Kosten => "Cost",
            Thema::Dauer => "How long it takes",
            Thema::Frist => "Deadline",
            Thema::Voraussetzungen => "Requirements",
            Thema::Ablauf => "Steps",
            Thema::Beschreibung => "Full description",
            Thema::Formulare => "Forms",
            Thema::Hinweise => "Please note",
            Thema::Zustaendig => "Who is responsible",
            Thema::Ansprechpunkt => "Where you get advice",
            Thema::Weiteres => "More information",
            Thema::Rechtsbehelf => "If you do not agree (legal remedy)",
            Thema::Recht => "Legal basis",
        },
        kanal: |kanal| match kanal {
            Kanal::Telefon => "Telephone",
            Kanal::Mobil => "Mobile telephone",
            Kanal::Mail => "E-mail",
            Kanal::Internet => "Website",
            Kanal::Fax => "Fax",
            Kanal::DeMail => "De-Mail",
            Kanal::Weiterer => "Other contact",
        },
        anschrift: |art| match art {
            Anschriftart::Besuch => "Address for visitors",
            Anschriftart::Post => "Postal address",
            Anschriftart::Lieferung => "Address for deliveries",
            Anschriftart::Unbestimmt => "Address",
        },
        // As the post needs it.
        postfach: |number| format!("Postfach {number}"),
        level: |level| match level {
            Level::Bund => "Federation",
            Level::Land => "State",
            Level::Regierungsbezirk => "Region (Regierungsbezirk)",
            Level::Kreis => "District (Kreis)",
            Level::Verband => "Association of municipalities",
            Level::Gemeinde => "Town or municipality",
        },
        gebiet: |level| match level {
            Level::Bund => "all of Germany",
            Level::Land => "the state",
            Level::Regierungsbezirk => "your region",
            Level::Kreis => "your district",
            Level::Verband => "your association of municipalities",
            Level::Gemeinde => "your town or municipality",
        },
        this_leistung: "the service above",
        vertrauensniveau: |niveau| match niveau {
            Vertrauensniveau::Basis => "basic registration (user name and password)",
            Vertrauensniveau::Substanziell => "substantial (for example an ELSTER certificate)",
            Vertrauensniveau::Hoch => "high (German eID card)",
        },
        language: |code| match code {
            "ar" => "Arabic",
            "de" => "German",
            "en" => "English",
            "es" => "Spanish",
            "fr" => "French",
            "it" => "Italian",
            "nl" => "Dutch",
            "pl" => "Polish",
            "ro" => "Romanian",
            "ru" => "Russian",
            "tr" => "Turkish",
            "uk" => "Ukrainian",
            other => other,
        },
        adressat: |code| match code {
            "001" => Some("citizens"),
            "002" => Some("businesses"),
            _ => None,
        },
        why,
    },
};

fn why(why: &Why) -> Vec<String> {
    let role = if why.is_contact() { "contact point" } else { "responsible office" };
    let mut said = vec![format!("{} is entered as {role} for “{}” in {}.", why.office, why.leistung, why.area)];
    if why.inherited() {
        said.push(format!("{} belongs to {}. Below that, no office is entered.", why.place, why.area));
    }
    said.push(format!("Source: {}.", why.source));
    said
}

/// "30 September 2026"
fn date(when: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let day = words::day(when);
    let month = usize::try_from(day.month() - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{} {month} {}", day.day(), day.year())
}

/// A number with a comma between thousands.
fn grouped(number: usize) -> String {
    words::grouped(number).replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_numbers_are_written_as_in_english() {
        assert_eq!(date("2026-09-30T22:30:00Z".parse().unwrap()), "1 October 2026");
        assert_eq!([1, 2, 1234].map(ENGLISCH.results.count), ["1 result", "2 results", "1,234 results"]);
    }
}
