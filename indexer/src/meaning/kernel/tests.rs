use proptest::prelude::*;

use super::matrix::MOST_INPUTS;
use super::*;

/// Every kind of vector unit that this machine has.
fn units() -> Vec<Cpu> {
    let mut units = vec![Cpu::Plain];
    #[cfg(target_arch = "x86_64")]
    {
        units.extend(pulp::x86::V3::try_new().map(Cpu::V3));
        units.extend(pulp::x86::V4::try_new().map(Cpu::V4));
    }
    units
}

fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(next).collect()
}

#[test]
fn every_unit_gives_the_same_bits_for_any_number_of_tokens() {
    let (inputs, outputs) = (96, 64);
    let matrix = Matrix::new(&noise(inputs * outputs, 1), inputs, &noise(outputs, 2));
    for tokens in (1..20).chain([63, 64, 65, 130]) {
        let rows = noise(inputs * tokens, 3);
        let results = units().into_iter().map(|cpu| {
            let (mut quantised, mut out) = (Quantised::default(), Vec::new());
            quantised.fill(cpu, &rows, inputs);
            matrix.apply(cpu, &quantised, &mut out);
            cpu.run(Gelu(&mut out));
            let added = noise(out.len(), 4);
            let (scale, shift) = (noise(outputs, 5), noise(outputs, 6));
            cpu.run(AddAndLevel { rows: &mut out, added: &added, scale: &scale, shift: &shift, epsilon: 1e-12 });
            out.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        });
        let results: Vec<_> = results.collect();
        assert!(results.iter().all(|result| result == &results[0]), "{tokens} tokens");
    }
}

#[test]
fn every_unit_attends_alike() {
    let (width, tokens) = (2 * HEAD, 7);
    let asked = noise(3 * width * tokens, 9);
    let results = units().into_iter().map(|cpu| {
        let (mut out, mut weights) = (vec![0.0; width * tokens], vec![0.0; tokens]);
        cpu.run(Attend { asked: &asked, width, out: &mut out, weights: &mut weights });
        out
    });
    let results: Vec<_> = results.collect();
    assert!(results.iter().all(|result| result == &results[0]));
    // With one token there is nothing to choose from: the value itself comes out.
    let (mut out, asked) = (vec![0.0; width], noise(3 * width, 10));
    Cpu::detect().run(Attend { asked: &asked, width, out: &mut out, weights: &mut [0.0] });
    assert_eq!(out, asked[2 * width..]);
}

#[test]
fn a_product_in_whole_numbers_is_close_to_the_product_in_fractions() {
    let (inputs, outputs, tokens) = (1536, 32, 3);
    let (weights, bias, rows) = (noise(inputs * outputs, 1), noise(outputs, 2), noise(inputs * tokens, 3));
    let (mut quantised, mut out) = (Quantised::default(), Vec::new());
    quantised.fill(Cpu::detect(), &rows, inputs);
    Matrix::new(&weights, inputs, &bias).apply(Cpu::detect(), &quantised, &mut out);
    for (row, out) in rows.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
        for ((weights, bias), out) in weights.chunks_exact(inputs).zip(&bias).zip(out) {
            let expected = weights.iter().zip(row).map(|(weight, input)| weight * input).sum::<f32>() + bias;
            assert!((expected - out).abs() < 0.2, "{expected} {out}");
        }
    }
}

#[test]
fn the_largest_sum_does_not_overflow() {
    let (inputs, outputs) = (MOST_INPUTS, 2 * LANES);
    let matrix = Matrix::new(&vec![1.0; inputs * outputs], inputs, &vec![0.0; outputs]);
    for cpu in units() {
        let (mut quantised, mut out) = (Quantised::default(), Vec::new());
        quantised.fill(cpu, &vec![1.0; inputs], inputs);
        matrix.apply(cpu, &quantised, &mut out);
        assert!(out.iter().all(|out| (out / inputs as f32 - 1.0).abs() < 1e-4), "{cpu:?} {}", out[0]);
    }
}

#[test]
fn approximations_keep_their_promise() {
    // From tables of the error function.
    for (x, expected) in
        [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3), (-1.0, -0.842_700_8), (9.0, 1.0)]
    {
        assert!((erf(x) - expected).abs() < 1e-6, "erf({x}) = {}", erf(x));
    }
    for step in 0..8700 {
        let x = step as f32 * -0.01;
        let expected = f64::from(x).exp();
        assert!((f64::from(exp(x)) / expected - 1.0).abs() < 3e-7, "exp({x}) = {}", exp(x));
    }
}

proptest! {
    #[test]
    fn rounding_is_the_usual_one(value in -9000.0_f32..9000.0) {
        prop_assert_eq!(rounded(value), value.round_ties_even() as i32);
    }

    #[test]
    fn any_numbers_are_survived(row in proptest::collection::vec(any::<f32>(), 32)) {
        for cpu in units() {
            let (mut quantised, mut out) = (Quantised::default(), Vec::new());
            quantised.fill(cpu, &row, 32);
            Matrix::new(&row.repeat(32), 32, &row).apply(cpu, &quantised, &mut out);
            cpu.run(Gelu(&mut out));
        }
    }
}
