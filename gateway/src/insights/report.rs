//! What is shown of the counts: three lists, and the same as a table for other programs.

use super::counts::{Counts, share};
use crate::table::{self, defused};

/// Share of pages with hits after which a hit was opened, below which a question has few clicks.
const FEW_CLICKS: f64 = 0.2;

/// What was counted in some days.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How many days, today included.
    pub days: u32,
    /// How often a question has to be asked to be in here.
    pub min_count: u32,
    /// All questions, those that are not shown included.
    pub total: Counts,
    /// The questions that may be shown, in no order.
    pub rows: Vec<Row>,
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As it is counted.
    pub text: String,
    /// What was counted.
    pub counts: Counts,
}

/// Which questions, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liste {
    /// All, the most asked first.
    Alle,
    /// Those that found nothing, the most often first.
    OhneTreffer,
    /// Those with hits that few open, the most missed clicks first.
    WenigKlicks,
}

impl Liste {
    /// Every list.
    pub const ALL: [Self; 3] = [Self::Alle, Self::OhneTreffer, Self::WenigKlicks];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alle => "alle",
            Self::OhneTreffer => "ohne-treffer",
            Self::WenigKlicks => "wenig-klicks",
        }
    }

    /// What places a question in the list, the more the higher; none where it does not belong there.
    fn weight(self, counts: &Counts) -> Option<u32> {
        match self {
            Self::Alle => Some(counts.asked()),
            Self::OhneTreffer => Some(counts.nothing).filter(|nothing| *nothing > 0),
            // Where hits were hardly ever shown, no click could follow.
            Self::WenigKlicks => (counts.shown >= counts.asked().div_ceil(2))
                .then(|| counts.click_share())
                .flatten()
                .filter(|share| *share < FEW_CLICKS)
                .map(|_| counts.shown.saturating_sub(counts.clicks)),
        }
    }
}

impl Report {
    /// One of the lists.
    pub fn list(&self, liste: Liste) -> Vec<&Row> {
        let mut rows: Vec<(u32, &Row)> =
            self.rows.iter().filter_map(|row| Some((liste.weight(&row.counts)?, row))).collect();
        rows.sort_by(|(weight, row), (other_weight, other)| {
            other_weight.cmp(weight).then_with(|| row.text.cmp(&other.text))
        });
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// Askings of the questions that are shown.
    pub fn asked_of_shown(&self) -> u32 {
        self.rows.iter().map(|row| row.counts.asked()).fold(0, u32::saturating_add)
    }

    /// A list as CSV (RFC 4180) with a header; shares are percentages with a point.
    pub fn csv(&self, liste: Liste) -> String {
        table::csv(HEADER, self.list(liste).into_iter().map(|row| self.cells(row)))
    }

    fn cells(&self, row: &Row) -> [String; HEADER.len()] {
        let counts = &row.counts;
        let percent = |share: Option<f64>| share.map_or_else(String::new, |share| format!("{:.1}", share * 100.0));
        [
            defused(&row.text),
            counts.asked().to_string(),
            percent(share(counts.asked(), self.total.asked())),
            counts.nothing.to_string(),
            percent(counts.nothing_share()),
            counts.clear.to_string(),
            counts.choose.to_string(),
            counts.open.to_string(),
            counts.shown.to_string(),
            counts.clicks.to_string(),
            percent(counts.click_share()),
            counts.mean_rank().map_or_else(String::new, |rank| format!("{rank:.1}")),
        ]
    }
}

/// The columns of the table.
const HEADER: [&str; 12] = [
    "frage",
    "gefragt",
    "anteil_prozent",
    "ohne_treffer",
    "ohne_treffer_prozent",
    "eindeutig",
    "rueckfrage",
    "offen",
    "seiten_mit_treffern",
    "klicks",
    "klickrate_prozent",
    "mittlerer_rang",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, counts: Counts) -> Row {
        Row { text: text.to_owned(), counts }
    }

    fn report() -> Report {
        let counts = |clear, nothing, shown, clicks| Counts { clear, nothing, shown, clicks, ..Counts::default() };
        Report {
            days: 30,
            min_count: 10,
            total: counts(100, 100, 80, 30),
            rows: vec![
                row("hund anmelden", Counts { ranks: 45, ..counts(40, 0, 40, 30) }),
                row("=1+1, \"drachen\"", counts(0, 12, 0, 0)),
                row("bürgergeld", counts(20, 1, 20, 3)),
                row("wohngeld", counts(10, 0, 10, 2)),
                row("über die schnittstelle", counts(30, 0, 2, 0)),
            ],
        }
    }

    #[test]
    fn each_list_has_its_own_questions_in_its_own_order() {
        let report = report();
        let texts = |liste| report.list(liste).into_iter().map(|row| row.text.as_str()).collect::<Vec<_>>().join(" | ");
        assert_eq!(
            texts(Liste::Alle),
            "hund anmelden | über die schnittstelle | bürgergeld | =1+1, \"drachen\" | wohngeld"
        );
        assert_eq!(texts(Liste::OhneTreffer), "=1+1, \"drachen\" | bürgergeld");
        // A fifth is not few; where hits were hardly shown nothing can be said.
        assert_eq!(texts(Liste::WenigKlicks), "bürgergeld");
    }

    #[test]
    fn a_table_is_plain_text_for_every_program() {
        let table = report().csv(Liste::Alle);
        let lines: Vec<&str> = table.split("\r\n").collect();
        assert_eq!(lines[0], HEADER.join(","));
        assert_eq!(lines[1], "hund anmelden,40,20.0,0,0.0,40,0,0,40,30,75.0,1.5");
        assert_eq!(lines[4], "\"'=1+1, \"\"drachen\"\"\",12,6.0,12,100.0,0,0,0,0,0,,");
        assert_eq!((lines.len(), lines[6]), (7, ""));
    }
}
