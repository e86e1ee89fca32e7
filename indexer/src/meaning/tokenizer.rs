//! Cuts text into the pieces of the XLM-RoBERTa vocabulary, as the weights expect them.
//!
//! A unigram model: of all ways to cut a text into known pieces, the one with the highest sum of scores. Letters are
//! first replaced by a table of the file (compatibility forms, odd spaces), runs of spaces become one, and every space
//! becomes `▁`, which also opens the text.

use super::file::{Fault, Fields};

/// Stands for a space within pieces.
const SPACE_MARK: char = '\u{2581}';

/// Pieces beyond the wanted number that are still read, so that the cut does not change what stands before it.
const MARGIN: usize = 16;

pub(super) struct Tokenizer {
    /// All pieces behind one another; piece `i` is `blob[starts[i]..starts[i + 1]]`.
    blob: Vec<u8>,
    starts: Vec<u32>,
    scores: Vec<f32>,
    /// Open addressing, a power of two long: index of a piece plus one, zero where free.
    table: Vec<u32>,
    /// Replaced letters in ascending order, each with the end of its replacement in `replacements`.
    replaced: Vec<(char, u32)>,
    replacements: Vec<char>,
    unknown_score: f32,
    longest_bytes: usize,
    longest_letters: usize,
    unknown: u32,
    /// Opens every input of the model.
    pub(super) begin: u32,
    /// Closes every input of the model.
    pub(super) end: u32,
}

impl Tokenizer {
    /// Reads the vocabulary and the letter table. Every piece's index is below `vocabulary`.
    pub(super) fn read(fields: &mut Fields<'_>, vocabulary: usize) -> Result<Self, Fault> {
        let most = u32::try_from(vocabulary).map_err(|_| "the vocabulary is too large".to_owned())?;
        let pieces = fields.count("the number of pieces", 4..=most)?;
        let special = |fields: &mut Fields<'_>, what| fields.count(what, 0..=(most - 1)).map(|id| id as u32);
        let begin = special(fields, "the opening piece")?;
        let end = special(fields, "the closing piece")?;
        special(fields, "the padding piece")?;
        let unknown = special(fields, "the unknown piece")?;
        let length = fields.u64("the length of the pieces")?;
        let starts = fields.words(pieces + 1, "the starts of the pieces")?;
        let scores = fields.floats(pieces, "the scores of the pieces")?;
        let length = usize::try_from(length).map_err(|_| "the pieces are too long".to_owned())?;
        let blob = fields.take(length, "the pieces")?.to_vec();
        if !starts.is_sorted() || starts.last().is_none_or(|last| *last as usize > blob.len()) {
            return Err("the starts of the pieces do not ascend within the pieces".to_owned());
        }
        let (replaced, replacements) = read_letters(fields)?;
        let lowest = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let mut tokenizer = Self {
            table: vec![0; (pieces * 2).next_power_of_two()],
            blob,
            starts,
            scores,
            replaced,
            replacements,
            // An unknown letter must cost more than any known piece.
            unknown_score: lowest - 10.0,
            longest_bytes: 1,
            longest_letters: 1,
            unknown,
            begin,
            end,
        };
        for index in 0..pieces {
            tokenizer.enter(index);
        }
        Ok(tokenizer)
    }

    fn enter(&mut self, index: usize) {
        let piece = self.piece(index);
        let letters = piece.iter().filter(|byte| (**byte as i8) >= -0x40).count();
        let (bytes, hash) = (piece.len(), piece.iter().fold(HASH_START, |hash, byte| hashed(hash, *byte)));
        // The first of two equal pieces counts; entering the second would only lengthen the way to it.
        if bytes == 0 || self.find(hash, self.piece(index)).is_some() {
            return;
        }
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        while self.table[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        self.table[slot] = index as u32 + 1;
        self.longest_bytes = self.longest_bytes.max(bytes);
        self.longest_letters = self.longest_letters.max(letters);
    }

    fn piece(&self, index: usize) -> &[u8] {
        &self.blob[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    fn find(&self, hash: u64, bytes: &[u8]) -> Option<usize> {
        // The table is at most half full, so a free slot ends every search.
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let index = self.table[slot].checked_sub(1)? as usize;
            if self.piece(index) == bytes {
                return Some(index);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The first `most` pieces of `text`, without the opening and the closing one.
    pub(super) fn encode(&self, text: &str, most: usize) -> Vec<u32> {
        let (bytes, starts) = self.normalised(text, (most + MARGIN).saturating_mul(self.longest_letters));
        let mut ids = self.best_cut(&bytes, &starts);
        ids.truncate(most);
        ids
    }

    /// The text as the pieces spell it, and where each letter starts, ended by the length of the whole.
    fn normalised(&self, text: &str, most_letters: usize) -> (Vec<u8>, Vec<usize>) {
        let mut letters: Vec<char> = Vec::with_capacity(most_letters.min(text.len()) + 1);
        for letter in text.chars() {
            if letters.len() > most_letters {
                break;
            }
            match self.replaced.binary_search_by_key(&letter, |(letter, _)| *letter) {
                Err(_) => append(&mut letters, letter),
                Ok(at) => {
                    let start = if at == 0 { 0 } else { self.replaced[at - 1].1 as usize };
                    let end = self.replaced[at].1 as usize;
                    self.replacements[start..end].iter().for_each(|letter| append(&mut letters, *letter));
                }
            }
        }
        if letters.first() != Some(&' ') {
            letters.insert(0, ' ');
        }
        let (mut bytes, mut starts) = (Vec::with_capacity(letters.len() * 3), Vec::with_capacity(letters.len() + 1));
        for letter in letters {
            starts.push(bytes.len());
            let letter = if letter == ' ' { SPACE_MARK } else { letter };
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        starts.push(bytes.len());
        (bytes, starts)
    }

    /// The cut with the highest sum of scores (Viterbi); of equal ones, the first found.
    fn best_cut(&self, bytes: &[u8], starts: &[usize]) -> Vec<u32> {
        let letters = starts.len() - 1;
        /// The best way to a place: its score, its last piece, and where that piece began.
        #[derive(Clone, Copy)]
        struct Way(f32, u32, usize);
        let mut ways = vec![Way(f32::NEG_INFINITY, self.unknown, 0); letters + 1];
        ways[0].0 = 0.0;
        for from in 0..letters {
            let score = ways[from].0;
            let mut hash = HASH_START;
            for to in from + 1..=letters {
                if starts[to] - starts[from] > self.longest_bytes {
                    break;
                }
                hash = bytes[starts[to - 1]..starts[to]].iter().fold(hash, |hash, byte| hashed(hash, *byte));
                if let Some(piece) = self.find(hash, &bytes[starts[from]..starts[to]])
                    && piece as u32 != self.unknown
                    && score + self.scores[piece] > ways[to].0
                {
                    ways[to] = Way(score + self.scores[piece], piece as u32, from);
                }
            }
            // One unknown letter is always possible, so every place is reached.
            if score + self.unknown_score > ways[from + 1].0 {
                ways[from + 1] = Way(score + self.unknown_score, self.unknown, from);
            }
        }
        let mut ids = Vec::new();
        let mut at = letters;
        while at > 0 {
            ids.push(ways[at].1);
            at = ways[at].2;
        }
        ids.reverse();
        ids
    }
}

fn append(letters: &mut Vec<char>, letter: char) {
    if letter != ' ' || letters.last() != Some(&' ') {
        letters.push(letter);
    }
}

/// Replaced letters in ascending order with the ends of their replacements, and these behind one another.
type Letters = (Vec<(char, u32)>, Vec<char>);

/// Reads which letters are replaced by which.
fn read_letters(fields: &mut Fields<'_>) -> Result<Letters, Fault> {
    let count = fields.count("the number of replaced letters", 0..=0x11_0000)?;
    let length = fields.u32("the length of the letter table")?;
    let mut table = Fields::new(fields.take(length as usize, "the letter table")?);
    let letter = |fields: &mut Fields<'_>| {
        let code = fields.u32("the letter table")?;
        char::from_u32(code).ok_or_else(|| format!("the letter table holds {code:#x}, which is no letter"))
    };
    let (mut replaced, mut replacements) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let from = letter(&mut table)?;
        for _ in 0..table.u8("the letter table")? {
            replacements.push(letter(&mut table)?);
        }
        replaced.push((from, replacements.len() as u32));
    }
    if !replaced.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("the letter table is not in ascending order".to_owned());
    }
    Ok((replaced, replacements))
}

/// FNV-1a, because it can be carried on byte by byte while a piece grows.
const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

fn hashed(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
}

#[cfg(test)]
pub(super) mod tests;
