//! What a form sent, as it may be kept: read, cleaned, and held against what is allowed. A pure function of the fields.

use serde::Deserialize;

use super::texts::Formular;
use crate::metrics::FeedbackKind;
use crate::registry::Fehler;

/// Longest text, in characters.
pub(super) const TEXT_MAX: usize = 2_000;
/// Longest name of a page, in characters.
const PAGE_MAX: usize = 500;
/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3).
const EMAIL_MAX: usize = 254;

/// The kinds that feedback can have, in the order of the form.
pub(super) const KINDS: [FeedbackKind; 5] = [
    FeedbackKind::WrongOffice,
    FeedbackKind::Outdated,
    FeedbackKind::BrokenLink,
    FeedbackKind::Unclear,
    FeedbackKind::Other,
];

/// The fields as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    /// Key or id of the Leistung.
    pub leistung: String,
    /// The place.
    pub ars: String,
    /// What it is about.
    pub art: String,
    /// The page.
    pub seite: String,
    /// What somebody wrote.
    pub text: String,
    /// Where an answer is wanted.
    pub email: String,
    /// The field that people leave empty.
    pub website: String,
}

/// What may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub kind: FeedbackKind,
    pub page: String,
    pub text: String,
    pub email: Option<String>,
}

/// What is wrong with the fields.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// At which field, and what would be right.
    pub fehler: Vec<Fehler>,
    /// The field was filled in that people leave empty.
    pub trapped: bool,
}

impl Sent {
    /// The same without what cannot be seen, as it may stand in a form again.
    pub(super) fn shown(self) -> Self {
        let line = |text: String| seen(&text).replace(['\n', '\t'], " ");
        Self {
            leistung: line(self.leistung),
            ars: line(self.ars),
            art: line(self.art),
            seite: line(self.seite),
            text: seen(&self.text),
            email: line(self.email),
            website: line(self.website),
        }
    }

    /// The message, or all that is wrong with it. `barrier` says which of the two forms it is.
    pub(super) fn read(&self, barrier: bool, texts: &Formular) -> Result<Message, Wrong> {
        let mut fehler = Vec::new();
        let kind = match barrier {
            true => Some(FeedbackKind::Barrier),
            false => KINDS.into_iter().find(|kind| kind.label() == self.art),
        };
        if kind.is_none() {
            fehler.push(Fehler::new("art", texts.keine_art));
        }
        let page = cleaned(&self.seite).replace(['\n', '\t'], " ");
        if page.chars().count() > PAGE_MAX {
            fehler.push(Fehler::new("seite", texts.seite_zu_lang));
        }
        let text = cleaned(&self.text);
        match text.chars().count() {
            0 => fehler.push(Fehler::new("text", texts.kein_text)),
            long if long > TEXT_MAX => fehler.push(Fehler::new("text", (texts.zu_lang)(long, TEXT_MAX))),
            _ => {}
        }
        let email = self.email.trim();
        if !email.is_empty() && !is_email(email) {
            fehler.push(Fehler::new("email", texts.email_falsch));
        }
        let trapped = !self.website.trim().is_empty();
        if trapped {
            fehler.push(Fehler::new("website", texts.falle_voll));
        }
        match kind {
            Some(kind) if fehler.is_empty() => {
                let email = (!email.is_empty()).then(|| email.to_owned());
                Ok(Message { kind, page, text, email })
            }
            _ => Err(Wrong { fehler, trapped }),
        }
    }
}

/// A text without what cannot be seen: control characters but line breaks and tabs, and marks that turn the direction of
/// all that follows, by which a message could show itself as something else.
fn seen(text: &str) -> String {
    let turns =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|letter| matches!(letter, '\n' | '\t') || !(letter.is_control() || turns(*letter))).collect()
}

/// The same without space at its ends.
fn cleaned(text: &str) -> String {
    seen(text).trim().to_owned()
}

/// Whether an address can be written to. Only what every mail program takes.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let sign = |letter: char| letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
    text.len() <= EMAIL_MAX
        && !local.is_empty()
        && local.len() <= 64
        && local.chars().all(sign)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sprache::Sprache;

    fn sent(text: &str) -> Sent {
        Sent { art: "link".into(), text: text.into(), ..Sent::default() }
    }

    fn fields(sent: &Sent, barrier: bool) -> Vec<&'static str> {
        let read = sent.read(barrier, &Sprache::Deutsch.texts().voice.formular);
        read.err().map(|wrong| wrong.fehler.iter().map(|one| one.feld).collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        assert_eq!(fields(&sent("Der Link geht nicht"), false), [""; 0]);
        assert_eq!(fields(&Sent::default(), false), ["art", "text"]);
        assert_eq!(fields(&Sent::default(), true), ["text"]);
        assert_eq!(fields(&Sent { art: "barriere".into(), ..sent("x") }, false), ["art"]);
        assert_eq!(fields(&sent("\u{202e}\u{0}\r\n \t"), false), ["text"]);
        assert_eq!(fields(&sent(&"ä".repeat(TEXT_MAX)), false), [""; 0]);
        assert_eq!(fields(&sent(&"ä".repeat(TEXT_MAX + 1)), false), ["text"]);
        assert_eq!(fields(&Sent { website: "x".into(), ..sent("x") }, false), ["website"]);
        assert_eq!(fields(&Sent { seite: "x".repeat(501), ..sent("x") }, true), ["seite"]);
    }

    #[test]
    fn line_breaks_count_once_and_nothing_hides() {
        let read = |text: &str| sent(text).read(false, &Sprache::Leicht.texts().voice.formular).unwrap().text;
        assert_eq!(read("a\r\nb\rc\u{202e}d\u{0}e\u{7f}"), "a\nb\ncde");
        assert_eq!(read(&format!("{}x", "\r\n".repeat(1_900))), "x");
        assert_eq!(read("<script>&amp;"), "<script>&amp;");
    }

    #[test]
    fn an_address_for_an_answer_can_be_written_to() {
        for (text, expected) in [
            ("name@beispiel.example", true),
            ("vor.nach+x@mail.beispiel.example", true),
            ("jörg@müller.example", true),
            ("name@beispiel", false),
            ("name", false),
            ("@beispiel.example", false),
            ("name@", false),
            ("a b@beispiel.example", false),
            ("name@beispiel..example", false),
            ("name@beispiel.example\r\nBcc: x@y.example", false),
            ("<name@beispiel.example>", false),
        ] {
            assert_eq!(is_email(text), expected, "{text}");
        }
        assert!(!is_email(&format!("{}@b.example", "a".repeat(65))));
    }
}
