use proptest::prelude::*;

use super::*;

/// A vocabulary as the file holds it: four special pieces, then `pieces`, then letters to be replaced.
pub(in super::super) fn written(pieces: &[(&str, f32)], letters: &[(char, &str)]) -> Vec<u8> {
    let special = ["<s>", "<pad>", "</s>", "<unk>"].map(|piece| (piece, 0.0));
    let pieces: Vec<_> = special.iter().chain(pieces).collect();
    let mut bytes = (pieces.len() as u32).to_le_bytes().to_vec();
    [0_u32, 2, 1, 3].iter().for_each(|id| bytes.extend(id.to_le_bytes()));
    let blob: String = pieces.iter().map(|(piece, _)| *piece).collect();
    bytes.extend((blob.len() as u64).to_le_bytes());
    let mut start = 0_u32;
    for (piece, _) in &pieces {
        bytes.extend(start.to_le_bytes());
        start += piece.len() as u32;
    }
    bytes.extend(start.to_le_bytes());
    pieces.iter().for_each(|(_, score)| bytes.extend(score.to_le_bytes()));
    bytes.extend(blob.as_bytes());
    let mut table = Vec::new();
    for (letter, replacement) in letters {
        table.extend((*letter as u32).to_le_bytes());
        table.push(replacement.chars().count() as u8);
        replacement.chars().for_each(|letter| table.extend((letter as u32).to_le_bytes()));
    }
    bytes.extend((letters.len() as u32).to_le_bytes());
    bytes.extend((table.len() as u32).to_le_bytes());
    bytes.extend(table);
    bytes
}

fn small() -> Tokenizer {
    let pieces =
        [("▁", -3.0), ("▁wohn", -2.0), ("geld", -2.0), ("▁wohngeld", -3.5), ("g", -5.0), ("e", -5.0), ("ö", -5.0)];
    let bytes = written(&pieces, &[('\t', " "), ('\u{ad}', ""), ('Ⅳ', "ge")]);
    Tokenizer::read(&mut Fields::new(&bytes), 100).unwrap()
}

#[track_caller]
fn check(text: &str, expected: &[u32]) {
    assert_eq!(small().encode(text, 50), expected, "{text:?}");
}

#[test]
fn the_best_sum_of_scores_wins() {
    check("wohngeld", &[7]);
    check("wohn geld", &[5, 4, 6]);
    check("wohnge", &[5, 8, 9]);
    check("ö", &[4, 10]);
}

#[test]
fn letters_are_replaced_and_spaces_joined() {
    check("wohn\t  geld", &[5, 4, 6]);
    check(" wohn\u{ad}geld", &[7]);
    check("Ⅳ", &[4, 8, 9]);
    check("", &[4]);
}

#[test]
fn unknown_letters_stand_alone() {
    check("💍e💍💍", &[4, 3, 9, 3, 3]);
}

#[test]
fn what_is_cut_off_does_not_change_what_is_kept() {
    let text = "wohngeld ".repeat(400);
    assert_eq!(small().encode(&text, 62), vec![7; 62]);
}

#[test]
fn a_damaged_vocabulary_is_refused() {
    let good = written(&[("a", -1.0)], &[('b', "a")]);
    for length in 0..good.len() {
        assert!(Tokenizer::read(&mut Fields::new(&good[..length]), 100).is_err(), "{length}");
    }
    assert!(Tokenizer::read(&mut Fields::new(&good), 4).is_err(), "more pieces than word vectors");
    let unordered = written(&[], &[('b', "a"), ('a', "b")]);
    assert!(Tokenizer::read(&mut Fields::new(&unordered), 100).is_err(), "letters out of order");
    let nan = written(&[("a", f32::NAN)], &[]);
    assert!(Tokenizer::read(&mut Fields::new(&nan), 100).is_err(), "a score that is no number");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        at in 0_usize..200,
        text in ".{0,40}",
    ) {
        let _ = Tokenizer::read(&mut Fields::new(&bytes), 100);
        let mut damaged = written(&[("▁", -3.0), ("ab", -2.0)], &[('b', "a")]);
        for (to, from) in damaged.iter_mut().skip(at).zip(bytes.iter().take(3)) {
            *to = *from;
        }
        if let Ok(tokenizer) = Tokenizer::read(&mut Fields::new(&damaged), 100) {
            tokenizer.encode(&text, 50);
        }
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let ids = small().encode(&text, 50);
        prop_assert!(ids.len() <= 50);
        prop_assert!(ids.iter().all(|id| *id < 11));
    }
}
