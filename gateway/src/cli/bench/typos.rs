//! How many questions are still answered alike when their longest word is mistyped.
//!
//! Against the answer to the same question typed right, so that nobody has to judge it: a mistake should change nothing.

use std::path::{Path, PathBuf};

use indexer::catalog::{Catalog, SearchRequest};

use super::super::{Exit, Fault};
use super::{catalog, load, portals, say};

/// The shortest word that is mistyped, in letters.
const MIN_LETTERS: usize = 5;
/// Letters beside each other on a German keyboard.
const KEYS: [&str; 3] = ["qwertzuiopü", "asdfghjklöä", "yxcvbnm"];

/// A way to mistype a word.
#[derive(Clone, Copy)]
enum Mistake {
    Swapped,
    LeftOut,
    Doubled,
    NextKey,
    Two,
    Apart,
}

impl Mistake {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Swapped, "two letters swapped"),
        (Self::LeftOut, "a letter left out"),
        (Self::Doubled, "a letter doubled"),
        (Self::NextKey, "the key beside it"),
        (Self::Two, "two mistakes"),
        (Self::Apart, "typed apart"),
    ];

    /// The word with the mistake behind its first `at` letters; the same word where it cannot be made there.
    fn made(self, word: &str, at: usize) -> String {
        let mut letters: Vec<char> = word.chars().collect();
        match self {
            Self::Swapped => letters.swap(at, at + 1),
            Self::LeftOut => {
                letters.remove(at);
            }
            Self::Doubled => letters.insert(at, letters[at]),
            Self::NextKey => {
                let key = letters[at].to_lowercase().next().unwrap_or_default();
                let row = KEYS.iter().map(|row| row.chars().collect::<Vec<_>>()).find(|row| row.contains(&key));
                let Some(row) = row else { return word.to_owned() };
                let place = row.iter().position(|one| *one == key).unwrap_or(0);
                letters[at] = row[if place + 1 < row.len() { place + 1 } else { place - 1 }];
            }
            Self::Two if letters.len() < 9 => {}
            Self::Two => {
                let again = Self::Swapped.made(word, at);
                return Self::LeftOut.made(&again, (at + 4) % (letters.len() - 2) + 1);
            }
            Self::Apart if letters.len() < 10 => {}
            Self::Apart => letters.insert(at.clamp(4, letters.len() - 4), ' '),
        }
        letters.into_iter().collect()
    }
}

pub(super) async fn run(dir: &Path, kept: Option<PathBuf>, count: usize) -> Result<Exit, Fault> {
    let (_config, catalog, _aside) = catalog(dir, kept).await?;
    let titles = load::titles(dir, &portals(dir)?, count)?;
    let step = (titles.len() / count.max(1)).max(1);
    let short = |title: &String| title.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let questions: Vec<String> = titles.iter().step_by(step).take(count).map(short).collect();
    let (mut all, mut alike) = (0usize, 0usize);
    for (mistake, name) in Mistake::ALL {
        let (mut asked, mut same) = (0usize, 0usize);
        for (at, question) in questions.iter().enumerate() {
            let Some(mistyped) = mistyped(question, mistake, at) else { continue };
            let Some(right) = first(&catalog, question).await? else { continue };
            asked += 1;
            same += usize::from(first(&catalog, &mistyped).await? == Some(right));
        }
        say(name, format!("{:.3}", same as f64 / asked.max(1) as f64), &format!("of {asked} questions"));
        (all, alike) = (all + asked, alike + same);
    }
    say("all", format!("{:.3}", alike as f64 / all.max(1) as f64), &format!("of {all} questions"));
    Ok(Exit::Done)
}

/// The question with a mistake in its longest word; where in it, `at` decides.
fn mistyped(question: &str, mistake: Mistake, at: usize) -> Option<String> {
    let plain = |word: &&str| word.chars().all(char::is_alphabetic);
    let word = question.split_whitespace().filter(plain).max_by_key(|word| word.chars().count())?;
    let letters = word.chars().count();
    if letters < MIN_LETTERS {
        return None;
    }
    let wrong = mistake.made(word, 1 + at % (letters - 2));
    (wrong.to_lowercase() != word.to_lowercase()).then(|| question.replacen(word, &wrong, 1))
}

async fn first(catalog: &Catalog, text: &str) -> Result<Option<String>, Fault> {
    let request = SearchRequest { text: text.to_owned(), limit: 1, anywhere: true, ..SearchRequest::default() };
    let answer = catalog.search(&request).await.map_err(Fault::work)?;
    Ok(answer.hits.into_iter().next().map(|hit| hit.leistung.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_one() {
        for (mistake, name) in Mistake::ALL {
            let wrong = mistyped("den Personalausweis beantragen", mistake, 3).unwrap();
            assert_ne!(wrong, "den Personalausweis beantragen", "{name}");
            assert!(wrong.starts_with("den ") && wrong.ends_with(" beantragen"), "{wrong}");
        }
        assert_eq!(mistyped("den Hund", Mistake::Swapped, 0), None);
    }

    #[test]
    fn mistakes_are_what_their_names_say() {
        let made = |mistake: Mistake| mistake.made("führerschein", 3);
        assert_eq!(made(Mistake::Swapped), "füherrschein");
        assert_eq!(made(Mistake::LeftOut), "füherschein");
        assert_eq!(made(Mistake::Doubled), "führrerschein");
        assert_eq!(made(Mistake::NextKey), "fühterschein");
        assert_eq!(made(Mistake::Apart), "führ erschein");
    }
}
