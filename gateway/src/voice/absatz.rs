//! Pages that are mostly text, as values: so that a text can be written in each language in one place, and laid out once.

/// One part of a page of text, from above to below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absatz {
    /// A heading.
    Titel(String),
    /// A heading with a name inside the page, to which other pages lead.
    Anker(&'static str, String),
    /// A paragraph.
    Text(String),
    /// Points of a list.
    Liste(Vec<String>),
    /// The same in German, on a page of another language.
    ListeDeutsch(Vec<String>),
    /// Lines that belong together, as those of an address.
    Zeilen(Vec<String>),
    /// Ways to reach somebody: what it is, how it reads, where it leads.
    Kontakte(Vec<(String, String, Option<String>)>),
    /// A link that stands for itself.
    Weg(String, String),
    /// What has to be seen first.
    Hinweis(String),
}

impl Absatz {
    /// A heading.
    pub fn titel(text: impl Into<String>) -> Self {
        Self::Titel(text.into())
    }

    /// A paragraph.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Points of a list.
    pub fn liste<T: Into<String>>(points: impl IntoIterator<Item = T>) -> Self {
        Self::Liste(points.into_iter().map(Into::into).collect())
    }

    /// Paragraphs, one by one.
    pub fn texte<const MANY: usize>(texts: [&str; MANY]) -> [Self; MANY] {
        texts.map(Self::text)
    }

    /// A link.
    pub fn weg(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self::Weg(text.into(), href.into())
    }

    /// A text of the operator's own: empty lines stand between paragraphs, `# ` before a heading, `- ` before the points
    /// of a list. No markup: what looks like some is shown as it stands there.
    pub fn read(text: &str) -> Vec<Self> {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let blocks = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
        let block = |block: &str| {
            let mut parts = Vec::new();
            let mut lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            if let Some(titel) = lines.first().and_then(|line| line.strip_prefix("# ")) {
                parts.push(Self::titel(titel.trim()));
                lines.remove(0);
            }
            let points: Option<Vec<String>> =
                lines.iter().map(|line| line.strip_prefix("- ").map(|point| point.trim().to_owned())).collect();
            match points {
                Some(points) if points.is_empty() => {}
                Some(points) => parts.push(Self::Liste(points)),
                None => parts.push(Self::Zeilen(lines.into_iter().map(str::to_owned).collect())),
            }
            parts
        };
        blocks.flat_map(block).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_operators_own_is_paragraphs_headings_and_lists() {
        let read = Absatz::read("\u{feff}# Wer\r\nStadt Beispiel\r\nWeg 1\r\n\r\n- a\r\n- <b>\r\n\r\n\r\nSchluss");
        let zeilen = |lines: &[&str]| Absatz::Zeilen(lines.iter().map(|line| (*line).to_owned()).collect());
        let expected = [
            Absatz::titel("Wer"),
            zeilen(&["Stadt Beispiel", "Weg 1"]),
            Absatz::liste(["a", "<b>"]),
            zeilen(&["Schluss"]),
        ];
        assert_eq!(read, expected);
        assert_eq!(Absatz::read(" \n\n"), []);
    }
}
