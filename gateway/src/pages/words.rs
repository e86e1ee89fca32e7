//! What codes of records stand for, and dates and numbers as they are written. A code becomes a value here or stays
//! unsaid, never guessed; the words for it stand in `texts`.

use std::sync::LazyLock;

use indexer::record::ModulArt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::texts::{Anschriftart, Thema, Vertrauensniveau};

/// German legal time by its rule, so that no time zone files are needed on the machine (EU directive 2000/84/EC).
static BERLIN: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rule is valid POSIX TZ"));

/// Where a module stands on the page, and under which heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Sections are shown in this order; equal ones as delivered.
    pub order: u8,
    /// What it is about; none where we have no word for that.
    pub thema: Option<Thema>,
    /// Name of the section inside the page.
    pub anchor: &'static str,
}

/// The section of a module; none for what stands elsewhere on the page or is not for citizens.
pub fn section(art: &ModulArt) -> Option<Section> {
    let (order, thema, anchor) = match art {
        ModulArt::Text(code) => match code.as_str() {
            "02" | "03" | "05" | "18" | "24" => return None,
            "08" => (10, Some(Thema::Unterlagen), "unterlagen"),
            "09" => (45, Some(Thema::Voraussetzungen), "voraussetzungen"),
            "11" => (50, Some(Thema::Ablauf), "ablauf"),
            "06" => (60, Some(Thema::Beschreibung), "beschreibung"),
            "14" => (65, Some(Thema::Formulare), "formulare"),
            "16" => (70, Some(Thema::Hinweise), "hinweise"),
            "22" => (75, Some(Thema::Zustaendig), "zustaendig"),
            "23" => (76, Some(Thema::Ansprechpunkt), "ansprechpunkt"),
            "15" => (85, Some(Thema::Weiteres), "weiteres"),
            "25" => (90, Some(Thema::Rechtsbehelf), "rechtsbehelf"),
            "07" => (95, Some(Thema::Recht), "recht"),
            _ => (80, None, "angaben"),
        },
        ModulArt::Dokumente => (11, Some(Thema::Dokumente), "dokumente"),
        ModulArt::Kosten => (20, Some(Thema::Kosten), "kosten"),
        ModulArt::Bearbeitungsdauer => (30, Some(Thema::Dauer), "dauer"),
        ModulArt::Frist => (40, Some(Thema::Frist), "frist"),
        ModulArt::Individuell(_) => (80, None, "angaben"),
        ModulArt::Auskunftshinweis => return None,
    };
    Some(Section { order, thema, anchor })
}

/// The trust level, where a delivery says it in words. What its codes (00 to 40) mean is published nowhere that we know,
/// so a code stays unsaid.
pub fn vertrauensniveau(text: Option<&str>) -> Option<Vertrauensniveau> {
    match text?.trim().to_lowercase().as_str() {
        "basisregistrierung" | "basis" => Some(Vertrauensniveau::Basis),
        "substanziell" | "substantiell" => Some(Vertrauensniveau::Substanziell),
        "hoch" => Some(Vertrauensniveau::Hoch),
        _ => None,
    }
}

/// The kind of an address.
pub fn anschrift_art(code: Option<&str>) -> Anschriftart {
    match code {
        Some("002") => Anschriftart::Besuch,
        Some("003" | "004" | "006") => Anschriftart::Post,
        Some("005") => Anschriftart::Lieferung,
        _ => Anschriftart::Unbestimmt,
    }
}

/// The day in Germany.
pub fn day(when: Timestamp) -> Date {
    when.to_zoned(BERLIN.clone()).date()
}

/// The day in Germany as `JJJJ-MM-TT`, for programs.
pub fn date_iso(when: Timestamp) -> String {
    day(when).to_string()
}

/// The day in Germany as `TT.MM.JJJJ`, for people.
pub fn date(when: Timestamp) -> String {
    when.to_zoned(BERLIN.clone()).strftime("%d.%m.%Y").to_string()
}

/// A day as `TT.MM.JJJJ`, for people.
pub fn day_text(day: Date) -> String {
    day.strftime("%d.%m.%Y").to_string()
}

/// A point in time in Germany, for people: "Dienstag, 1. Dezember 2026, 6:00 Uhr".
pub fn moment(when: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];
    const MONTHS: [&str; 12] = [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ];
    let here = when.to_zoned(BERLIN.clone());
    let named = |names: &[&'static str], number: i8| {
        usize::try_from(number - 1).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    let day = named(&DAYS, here.weekday().to_monday_one_offset());
    let month = named(&MONTHS, here.month());
    format!("{day}, {}. {month} {}, {}:{:02} Uhr", here.day(), here.year(), here.hour(), here.minute())
}

/// The same for tables: "01.12.2026, 06:00 Uhr".
pub fn moment_brief(when: Timestamp) -> String {
    when.to_zoned(BERLIN.clone()).strftime("%d.%m.%Y, %H:%M Uhr").to_string()
}

/// "1 Ergebnis", "1.234 Ergebnisse".
pub fn results(number: usize) -> String {
    if number == 1 { "1 Ergebnis".to_owned() } else { format!("{} Ergebnisse", grouped(number)) }
}

/// A number with a point between thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    grouped
}

/// A telephone number as it is dialled from anywhere (RFC 3966); none when there is no number in the text.
pub fn tel(number: &str) -> Option<String> {
    // What follows a letter is a second number or a remark.
    let number = number.trim().replace("(0)", "");
    let number = number.split(|letter: char| letter.is_alphabetic() || letter == ',' || letter == ';').next()?;
    let plus = number.trim_start().starts_with('+');
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 3 || digits.len() > 18 {
        return None;
    }
    Some(match (plus, digits.strip_prefix("00"), digits.strip_prefix('0')) {
        (true, _, _) => format!("tel:+{digits}"),
        (false, Some(rest), _) => format!("tel:+{rest}"),
        (false, None, Some(rest)) => format!("tel:+49{rest}"),
        (false, None, None) => format!("tel:{digits}"),
    })
}

/// An e-mail address as a link; none when the text is no plain address.
pub fn mailto(address: &str) -> Option<String> {
    let address = address.trim();
    let (local, domain) = address.split_once('@')?;
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let usable = plain(local, b".+-_'") && plain(domain, b".-") && domain.contains('.');
    usable.then(|| format!("mailto:{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_day_in_germany() {
        for (when, iso, german) in [
            ("2026-10-01T00:00:00Z", "2026-10-01", "01.10.2026"),
            ("2026-06-30T22:30:00Z", "2026-07-01", "01.07.2026"),
            ("2026-12-31T22:59:59Z", "2026-12-31", "31.12.2026"),
            ("2026-12-31T23:00:00Z", "2027-01-01", "01.01.2027"),
        ] {
            let when: Timestamp = when.parse().unwrap();
            assert_eq!((date_iso(when).as_str(), date(when).as_str()), (iso, german));
        }
    }

    #[test]
    fn a_number_is_dialled_from_anywhere() {
        for (text, expected) in [
            ("0234 910-0", Some("tel:+492349100")),
            ("(02861) 681-0", Some("tel:+4928616810")),
            ("+49 (0) 211 / 837-01", Some("tel:+4921183701")),
            ("0049 211 837", Some("tel:+49211837")),
            ("115", Some("tel:115")),
            ("0234 910-1 oder -2", Some("tel:+492349101")),
            ("siehe Internet", None),
            ("", None),
        ] {
            assert_eq!(tel(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn only_a_plain_address_becomes_a_mail_link() {
        assert_eq!(mailto(" info@stadt.example ").as_deref(), Some("mailto:info@stadt.example"));
        for bad in
            ["info", "a@b", "a b@c.example", "a@b.example?bcc=x@y.example", "\"><script>@x.example", "@x.example"]
        {
            assert_eq!(mailto(bad), None, "{bad}");
        }
    }

    #[test]
    fn results_are_counted_in_german() {
        assert_eq!(
            [0, 1, 2, 1234, 1_234_567].map(results),
            ["0 Ergebnisse", "1 Ergebnis", "2 Ergebnisse", "1.234 Ergebnisse", "1.234.567 Ergebnisse"]
        );
    }

    #[test]
    fn a_code_that_nobody_explains_stays_unsaid() {
        assert_eq!(vertrauensniveau(Some("20")), None);
        assert_eq!(vertrauensniveau(None), None);
        assert_eq!(vertrauensniveau(Some("Substantiell")), Some(Vertrauensniveau::Substanziell));
        assert_eq!(section(&ModulArt::Text("04".into())).unwrap().thema, None);
        assert_eq!(section(&ModulArt::Auskunftshinweis), None);
    }
}
