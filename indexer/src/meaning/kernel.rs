//! The arithmetic of the model: matrix products in whole numbers, and what stands between them.
//!
//! Written once and compiled for several widths of the processor's vector unit; `pulp` tells at run time which of them
//! this machine has. All sums of whole numbers are exact and all sums of fractions are added in a fixed order without
//! fused steps, so every machine computes the same bits.

mod matrix;

use matrix::rounded;
pub(super) use matrix::{Matrix, Quantised};
use pulp::NullaryFnOnce;

/// Numbers that are added side by side, one per lane.
const LANES: usize = 16;

/// The widest vector unit of this machine that we have code for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cpu {
    /// AVX-512 (F, BW, CD, DQ, VL).
    #[cfg(target_arch = "x86_64")]
    V4(pulp::x86::V4),
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    V3(pulp::x86::V3),
    /// What the compiler assumes anyway.
    Plain,
}

impl Cpu {
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(v4) = pulp::x86::V4::try_new() {
                return Self::V4(v4);
            }
            if let Some(v3) = pulp::x86::V3::try_new() {
                return Self::V3(v3);
            }
        }
        Self::Plain
    }

    /// Runs `work` compiled for this machine's vector unit.
    ///
    /// `work` is a type of its own with `#[inline(always)]` on its `call`, and so is all that it calls: a closure with
    /// three callers stays a function of its own, and that function is compiled for the plainest machine.
    pub(super) fn run<W: NullaryFnOnce>(self, work: W) -> W::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::V4(v4) => v4.vectorize(work),
            #[cfg(target_arch = "x86_64")]
            Self::V3(v3) => v3.vectorize(work),
            Self::Plain => work.call(),
        }
    }
}

/// Adds `added` to `rows` and brings every row to mean 0 and variance 1, then scales and shifts it.
///
/// A row is as long as `scale` and `shift`.
pub(super) struct AddAndLevel<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) added: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    pub(super) epsilon: f32,
}

impl NullaryFnOnce for AddAndLevel<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { rows, added, scale, shift, epsilon } = self;
        let width = scale.len();
        for (row, added) in rows.chunks_exact_mut(width).zip(added.chunks_exact(width)) {
            for (value, added) in row.iter_mut().zip(added) {
                *value += added;
            }
            let mean = sum(row, |value| value) / width as f32;
            let variance = sum(row, |value| (value - mean) * (value - mean)) / width as f32;
            let factor = 1.0 / (variance + epsilon).sqrt();
            for ((value, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
                *value = (*value - mean) * factor * scale + shift;
            }
        }
    }
}

/// Sum over a row, in an order that does not depend on the machine.
#[inline(always)]
pub(super) fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += term(*value);
        }
    }
    folded(sums) + rest.iter().map(|value| term(*value)).sum::<f32>()
}

#[inline(always)]
fn folded(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for at in 0..width {
            sums[at] += sums[at + width];
        }
        width /= 2;
    }
    sums[0]
}

/// Gaussian error linear unit, `x * P(normal <= x)`, in place.
pub(super) struct Gelu<'a>(pub(super) &'a mut [f32]);

impl NullaryFnOnce for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            *value *= 0.5 + 0.5 * erf(*value * std::f32::consts::FRAC_1_SQRT_2);
        }
    }
}

/// The error function within about 1e-6, as an odd polynomial over an even one (the coefficients that XLA uses).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-3.832_507, 3.832_507);
    let square = x * x;
    let above = [0.000_229_050_66, 0.003_408_291, 0.050_955_694, 0.185_208_32, std::f32::consts::FRAC_2_SQRT_PI];
    let below = [-1.179_160_3e-7, 0.000_023_547_966, 0.001_017_962_5, 0.014_070_47, 0.110_985_05, 0.497_469_25, 1.0];
    x * polynomial(above, square) / polynomial(below, square)
}

/// Horner's rule, the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: [f32; N], x: f32) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

/// `e^x` for `x <= 0`, within about 2e-7 of its value; 0 far below.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = x.max(-87.0);
    let whole = rounded(x * std::f32::consts::LOG2_E);
    // ln 2 in two parts, the first with few bits, so that the product is exact.
    let rest = x - whole as f32 * 0.693_359_4 - whole as f32 * -0.000_212_194_4;
    let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    polynomial(series, rest) * f32::from_bits(((whole + 127) << 23) as u32)
}

/// Numbers of one attention head.
pub(super) const HEAD: usize = 32;

/// Scaled dot product attention among the tokens of one text.
pub(super) struct Attend<'a> {
    /// Each token's queries, keys and values, `width` numbers each.
    pub(super) asked: &'a [f32],
    pub(super) width: usize,
    /// Receives `width` numbers per token.
    pub(super) out: &'a mut [f32],
    /// Room for one number per token.
    pub(super) weights: &'a mut [f32],
}

impl NullaryFnOnce for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { asked, width, out, weights } = self;
        let scale = 1.0 / (HEAD as f32).sqrt();
        for at in (0..width).step_by(HEAD) {
            for (row, out) in asked.chunks_exact(3 * width).zip(out.chunks_exact_mut(width)) {
                let query = head(row, at);
                let mut most = f32::NEG_INFINITY;
                for (weight, row) in weights.iter_mut().zip(asked.chunks_exact(3 * width)) {
                    let key = head(row, width + at);
                    let mut products = [0.0_f32; LANES];
                    for lane in 0..LANES {
                        products[lane] = query[lane] * key[lane] + query[lane + LANES] * key[lane + LANES];
                    }
                    *weight = folded(products) * scale;
                    most = if *weight > most { *weight } else { most };
                }
                for weight in weights.iter_mut() {
                    *weight = exp(*weight - most);
                }
                let share = 1.0 / sum(weights, |weight| weight);
                let mut mixed = [0.0_f32; HEAD];
                for (weight, row) in weights.iter().zip(asked.chunks_exact(3 * width)) {
                    let (weight, value) = (weight * share, head(row, 2 * width + at));
                    for lane in 0..HEAD {
                        mixed[lane] += weight * value[lane];
                    }
                }
                out[at..at + HEAD].copy_from_slice(&mixed);
            }
        }
    }
}

#[inline(always)]
fn head(row: &[f32], at: usize) -> &[f32; HEAD] {
    row[at..].first_chunk().expect("a head lies within its row")
}

#[cfg(test)]
mod tests;
