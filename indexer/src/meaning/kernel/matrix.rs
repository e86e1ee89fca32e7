//! Products of matrices with 8-bit weights and finely quantised inputs.

use pulp::NullaryFnOnce;

use super::{Cpu, LANES};

/// Outputs that are computed side by side: as many as keep the vector units busy between two loads.
const OUTPUTS: usize = 2 * LANES;

/// Weights of one pair of inputs for `OUTPUTS` outputs.
type Pair = [i8; 2 * OUTPUTS];

/// Largest value of a quantised input. With weights up to 127 and `MOST_INPUTS` inputs a sum stays below 2^31.
const INPUT_PEAK: f32 = 8191.0;

/// Most inputs a matrix may have.
pub(super) const MOST_INPUTS: usize = 2048;

/// Tokens that go through a matrix together: enough to read its weights rarely, few enough to stay in the cache.
const TOKENS_AT_ONCE: usize = 64;

/// How one kind of vector unit multiplies. The methods are inlined into code compiled for that unit.
trait Unit: Copy {
    /// The running sums of 32 outputs.
    type Sums: Copy;
    /// Two weights for each of 32 outputs.
    type Weights: Copy;
    /// Tokens per pass over the weights, limited by the number of registers.
    const TOKENS: usize;

    fn zero(self) -> Self::Sums;
    fn widen(self, weights: &Pair) -> Self::Weights;
    /// Adds both products of every output; `pair` holds the two inputs as its lower and upper half.
    fn step(self, sums: Self::Sums, weights: Self::Weights, pair: i32) -> Self::Sums;
    fn done(self, sums: Self::Sums) -> [i32; OUTPUTS];
}

#[cfg(target_arch = "x86_64")]
impl Unit for pulp::x86::V4 {
    type Sums = [std::arch::x86_64::__m512i; 2];
    type Weights = [std::arch::x86_64::__m512i; 2];
    const TOKENS: usize = 8;

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        [self.avx512f._mm512_setzero_si512(); 2]
    }

    #[inline(always)]
    fn widen(self, weights: &Pair) -> Self::Weights {
        let [low, high]: [[i8; OUTPUTS]; 2] = pulp::cast(*weights);
        [self.avx512bw._mm512_cvtepi8_epi16(pulp::cast(low)), self.avx512bw._mm512_cvtepi8_epi16(pulp::cast(high))]
    }

    #[inline(always)]
    fn step(self, sums: Self::Sums, weights: Self::Weights, pair: i32) -> Self::Sums {
        let pair = self.avx512f._mm512_set1_epi32(pair);
        let low = self.avx512bw._mm512_madd_epi16(weights[0], pair);
        let high = self.avx512bw._mm512_madd_epi16(weights[1], pair);
        [self.avx512f._mm512_add_epi32(sums[0], low), self.avx512f._mm512_add_epi32(sums[1], high)]
    }

    #[inline(always)]
    fn done(self, sums: Self::Sums) -> [i32; OUTPUTS] {
        pulp::cast(sums)
    }
}

#[cfg(target_arch = "x86_64")]
impl Unit for pulp::x86::V3 {
    type Sums = [std::arch::x86_64::__m256i; 4];
    type Weights = [std::arch::x86_64::__m256i; 4];
    const TOKENS: usize = 2;

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        [self.avx._mm256_setzero_si256(); 4]
    }

    #[inline(always)]
    fn widen(self, weights: &Pair) -> Self::Weights {
        let quarters: [[i8; LANES]; 4] = pulp::cast(*weights);
        let [a, b, c, d] = quarters.map(pulp::cast);
        let widen = |half| self.avx2._mm256_cvtepi8_epi16(half);
        [widen(a), widen(b), widen(c), widen(d)]
    }

    #[inline(always)]
    fn step(self, mut sums: Self::Sums, weights: Self::Weights, pair: i32) -> Self::Sums {
        let pair = self.avx._mm256_set1_epi32(pair);
        for at in 0..sums.len() {
            let products = self.avx2._mm256_madd_epi16(weights[at], pair);
            sums[at] = self.avx2._mm256_add_epi32(sums[at], products);
        }
        sums
    }

    #[inline(always)]
    fn done(self, sums: Self::Sums) -> [i32; OUTPUTS] {
        pulp::cast(sums)
    }
}

/// No particular vector unit; the compiler uses what it may assume.
#[derive(Clone, Copy)]
struct Plain;

impl Unit for Plain {
    type Sums = [i32; OUTPUTS];
    type Weights = Pair;
    const TOKENS: usize = 4;

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        [0; OUTPUTS]
    }

    #[inline(always)]
    fn widen(self, weights: &Pair) -> Self::Weights {
        *weights
    }

    #[inline(always)]
    fn step(self, mut sums: Self::Sums, weights: Self::Weights, pair: i32) -> Self::Sums {
        let (low, high) = (i32::from(pair as i16), pair >> 16);
        for (sum, [a, b]) in sums.iter_mut().zip(weights.as_chunks().0) {
            *sum = sum.wrapping_add(i32::from(*a) * low + i32::from(*b) * high);
        }
        sums
    }

    #[inline(always)]
    fn done(self, sums: Self::Sums) -> [i32; OUTPUTS] {
        sums
    }
}

/// Inputs of a matrix, each token's numbers as whole multiples of that token's own step.
#[derive(Default)]
pub(in super::super) struct Quantised {
    /// Two neighbouring inputs per element, the first in the lower half.
    pairs: Vec<i32>,
    steps: Vec<f32>,
}

impl Quantised {
    /// Takes over `inputs`, rows of `width` numbers (an even count).
    pub(in super::super) fn fill(&mut self, cpu: Cpu, inputs: &[f32], width: usize) {
        self.pairs.resize(inputs.len() / 2, 0);
        self.steps.resize(inputs.len() / width, 0.0);
        cpu.run(Fill { inputs, width, quantised: self });
    }
}

struct Fill<'a> {
    inputs: &'a [f32],
    width: usize,
    quantised: &'a mut Quantised,
}

impl NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { inputs, width, quantised } = self;
        let rows = inputs.chunks_exact(width).zip(quantised.pairs.chunks_exact_mut(width / 2));
        for ((row, pairs), step) in rows.zip(&mut quantised.steps) {
            let peak = peak(row);
            *step = peak / INPUT_PEAK;
            let factor = if peak > 0.0 { INPUT_PEAK / peak } else { 0.0 };
            for (pair, [a, b]) in pairs.iter_mut().zip(row.as_chunks().0) {
                *pair = (rounded(a * factor) & 0xffff) | (rounded(b * factor) << 16);
            }
        }
    }
}

#[inline(always)]
fn peak(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut peaks = [0.0_f32; LANES];
    for chunk in chunks {
        for (peak, value) in peaks.iter_mut().zip(chunk) {
            *peak = if value.abs() > *peak { value.abs() } else { *peak };
        }
    }
    peaks.iter().chain(rest).fold(0.0, |peak, value| if value.abs() > peak { value.abs() } else { peak })
}

/// The nearest whole number, for values well below 2^22: adding 1.5 * 2^23 leaves no room for a fraction, and the sum's
/// bits then hold the number itself. Unlike `f32::round` this costs the same everywhere.
#[inline(always)]
pub(super) fn rounded(value: f32) -> i32 {
    ((value + 12_582_912.0).to_bits() as i32).wrapping_sub(0x4b40_0000)
}

/// A matrix with 8-bit weights, one step per output, laid out for `Unit`.
pub(in super::super) struct Matrix {
    /// For each group of 32 outputs, for each pair of inputs: two weights per output.
    weights: Vec<Pair>,
    steps: Vec<[f32; OUTPUTS]>,
    bias: Vec<[f32; OUTPUTS]>,
    inputs: usize,
}

impl Matrix {
    /// Builds a matrix from rows of `inputs` weights, one row and one bias per output.
    ///
    /// The number of outputs is a multiple of 32 and `inputs` is even and at most `MOST_INPUTS`.
    pub(in super::super) fn new(rows: &[f32], inputs: usize, bias: &[f32]) -> Self {
        assert!(inputs.is_multiple_of(2) && inputs <= MOST_INPUTS && bias.len().is_multiple_of(OUTPUTS));
        let mut matrix = Self { weights: Vec::new(), steps: Vec::new(), bias: bias.as_chunks().0.to_vec(), inputs };
        for group in rows.chunks_exact(inputs * OUTPUTS) {
            let mut steps = [0.0; OUTPUTS];
            let start = matrix.weights.len();
            matrix.weights.resize(start + inputs / 2, [0; 2 * OUTPUTS]);
            for (output, row) in group.chunks_exact(inputs).enumerate() {
                let peak = peak(row);
                steps[output] = peak / 127.0;
                let factor = if peak > 0.0 { 127.0 / peak } else { 0.0 };
                for (pair, [a, b]) in matrix.weights[start..].iter_mut().zip(row.as_chunks().0) {
                    pair[2 * output] = rounded(a * factor) as i8;
                    pair[2 * output + 1] = rounded(b * factor) as i8;
                }
            }
            matrix.steps.push(steps);
        }
        matrix
    }

    fn outputs(&self) -> usize {
        self.bias.len() * OUTPUTS
    }

    /// Multiplies every token's inputs; `out` receives one row of outputs per token.
    pub(in super::super) fn apply(&self, cpu: Cpu, inputs: &Quantised, out: &mut Vec<f32>) {
        out.resize(inputs.steps.len() * self.outputs(), 0.0);
        match cpu {
            #[cfg(target_arch = "x86_64")]
            Cpu::V4(v4) => v4.vectorize(Apply { unit: v4, matrix: self, inputs, out }),
            #[cfg(target_arch = "x86_64")]
            Cpu::V3(v3) => v3.vectorize(Apply { unit: v3, matrix: self, inputs, out }),
            Cpu::Plain => Apply { unit: Plain, matrix: self, inputs, out }.call(),
        }
    }
}

struct Apply<'a, U> {
    unit: U,
    matrix: &'a Matrix,
    inputs: &'a Quantised,
    out: &'a mut [f32],
}

impl<U: Unit> NullaryFnOnce for Apply<'_, U> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { unit, matrix, inputs, out } = self;
        let (half, outputs) = (matrix.inputs / 2, matrix.outputs());
        let blocks = inputs.pairs.chunks(half * TOKENS_AT_ONCE).zip(inputs.steps.chunks(TOKENS_AT_ONCE));
        for ((pairs, steps), out) in blocks.zip(out.chunks_mut(outputs * TOKENS_AT_ONCE)) {
            // Equal shares, so that no pass over the weights serves a single left-over token.
            let share = steps.len().div_ceil(steps.len().div_ceil(U::TOKENS));
            for (group, weights) in matrix.weights.chunks_exact(half).enumerate() {
                let shares = pairs.chunks(half * share).zip(steps.chunks(share)).zip(out.chunks_mut(outputs * share));
                for ((pairs, steps), out) in shares {
                    let target = Target { matrix, group, steps, out };
                    match steps.len() {
                        1 => target.tile::<U, 1>(unit, weights, pairs),
                        2 => target.tile::<U, 2>(unit, weights, pairs),
                        3 => target.tile::<U, 3>(unit, weights, pairs),
                        4 => target.tile::<U, 4>(unit, weights, pairs),
                        5 => target.tile::<U, 5>(unit, weights, pairs),
                        6 => target.tile::<U, 6>(unit, weights, pairs),
                        7 => target.tile::<U, 7>(unit, weights, pairs),
                        _ => target.tile::<U, 8>(unit, weights, pairs),
                    }
                }
            }
        }
    }
}

/// Where the sums of one group of outputs go, for a few tokens.
struct Target<'a> {
    matrix: &'a Matrix,
    group: usize,
    steps: &'a [f32],
    out: &'a mut [f32],
}

impl Target<'_> {
    #[inline(always)]
    fn tile<U: Unit, const T: usize>(self, unit: U, weights: &[Pair], pairs: &[i32]) {
        let half = weights.len();
        let mut sums = [unit.zero(); T];
        let mut rows = [pairs; T];
        for (token, row) in rows.iter_mut().enumerate() {
            *row = &pairs[token * half..][..half];
        }
        for at in 0..half {
            let weights = unit.widen(&weights[at]);
            for token in 0..T {
                sums[token] = unit.step(sums[token], weights, rows[token][at]);
            }
        }
        let Self { matrix, group, steps, out } = self;
        let (weight_steps, bias, outputs) = (&matrix.steps[group], &matrix.bias[group], matrix.outputs());
        for ((sums, step), row) in sums.into_iter().zip(steps).zip(out.chunks_exact_mut(outputs)) {
            let sums = unit.done(sums);
            for (lane, out) in row[group * OUTPUTS..][..OUTPUTS].iter_mut().enumerate() {
                *out = sums[lane] as f32 * (weight_steps[lane] * step) + bias[lane];
            }
        }
    }
}
