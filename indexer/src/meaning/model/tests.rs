use std::fs;
use std::io::Write;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::tokenizer::tests::written;
use super::*;

/// The genuine model, 72 MB, is not part of the source tree: without it the tests that need it say so and pass.
fn genuine(path: &str) -> Option<&'static Model> {
    static MODEL: OnceLock<Model> = OnceLock::new();
    if !Path::new(path).exists() {
        println!("left out: {path} is not there");
        return None;
    }
    Some(MODEL.get_or_init(|| Model::open(Path::new(path)).expect("the genuine file is readable")))
}

/// Cosine of the angle between two vectors of length one.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Where `make meaning` lays it.
const GENUINE: &str = "../data/meaning/e5-small-q4.bin";

#[test]
fn tokens_and_vectors_are_those_of_the_c_library() {
    let Some(model) = genuine(GENUINE) else { return };
    for line in include_str!("expected.tsv").lines().skip(1) {
        let [side, times, text, tokens, vector] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let side = if side == "query" { Side::Query } else { Side::Passage };
        let text = text.replace("\\t", "\t").repeat(times.parse().unwrap());
        let tokens: Vec<u32> = tokens.split(' ').map(|token| token.parse().unwrap()).collect();
        let got = model.tokens(&text, side);
        assert_eq!(got[1..got.len() - 1], tokens, "{text}");
        assert_eq!((got[0], got[got.len() - 1]), (0, 2), "{text}");
        let vector: Vec<f32> = vector.as_bytes().chunks(2).map(hex).collect();
        let length = cosine(&vector, &vector).sqrt();
        let near = cosine(&model.embed(&text, side), &vector) / length;
        assert!(near > 0.999, "{near} {text}");
    }
}

fn hex(digits: &[u8]) -> f32 {
    f32::from(u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap() as i8)
}

#[test]
fn a_batch_gives_the_same_bits_as_one_text_after_the_other() {
    let Some(model) = genuine(GENUINE) else { return };
    let texts: Vec<String> = (0..90).map(|at| format!("Nummer {at} ").repeat(1 + at % 7)).collect();
    let together = model.embed_all(&texts, Side::Passage);
    assert_eq!(together.len(), texts.len());
    for (text, vector) in texts.iter().zip(&together).step_by(7) {
        assert!(vector == &model.embed(text, Side::Passage), "{text}");
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
    }
}

#[test]
fn related_texts_are_nearer_than_unrelated_ones() {
    let Some(model) = genuine(GENUINE) else { return };
    let query = model.embed("wir heiraten im Mai", Side::Query);
    let near = model.embed("Anmeldung der Eheschließung", Side::Passage);
    let far = model.embed("Sperrmüll abholen lassen", Side::Passage);
    let (near, far) = (cosine(&query, &near), cosine(&query, &far));
    assert!(near > far + 0.02, "{near} {far}");
}

/// A well-formed file with a tiny vocabulary; every weight is one block pattern.
fn file() -> Vec<u8> {
    let mut bytes = b"E5S1".to_vec();
    [1_u32, 384, 12, 12, 1536, 9, 128, 1].iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    bytes.extend(1e-12_f32.to_le_bytes());
    bytes.extend(32_u32.to_le_bytes());
    bytes.extend(written(&[("▁", -3.0), ("▁wohn", -2.0), ("geld", -2.0), ("e", -5.0), ("ö", -5.0)], &[('\t', " ")]));
    let mut tensors: Vec<(String, bool, usize)> =
        vec![("emb.word".into(), true, 9 * DIM), ("emb.pos".into(), false, 128 * DIM), ("emb.type".into(), false, DIM)];
    let mut level = |name: String| {
        tensors.push((format!("{name}.w"), false, DIM));
        tensors.push((format!("{name}.b"), false, DIM));
    };
    level("emb.ln".into());
    (0..LAYERS).for_each(|at| ["aln", "oln"].iter().for_each(|part| level(format!("l{at}.{part}"))));
    for at in 0..LAYERS {
        for (part, inputs, outputs) in [
            ("q", DIM, DIM),
            ("k", DIM, DIM),
            ("v", DIM, DIM),
            ("ao", DIM, DIM),
            ("fi", DIM, INNER),
            ("fo", INNER, DIM),
        ] {
            tensors.push((format!("l{at}.{part}.w"), true, inputs * outputs));
            tensors.push((format!("l{at}.{part}.b"), false, outputs));
        }
    }
    let length = |blocks, numbers| if blocks { numbers / BLOCK * BLOCK_BYTES } else { numbers * 4 };
    let directory: usize = 4 + tensors.iter().map(|(name, ..)| 2 + name.len() + 1 + 4 + 16).sum::<usize>();
    let mut start = bytes.len() + directory;
    bytes.extend((tensors.len() as u32).to_le_bytes());
    for (name, blocks, numbers) in &tensors {
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.push(u8::from(*blocks));
        bytes.extend((*numbers as u32).to_le_bytes());
        bytes.extend((start as u64).to_le_bytes());
        bytes.extend((length(*blocks, *numbers) as u64).to_le_bytes());
        start += length(*blocks, *numbers);
    }
    for (_, blocks, numbers) in &tensors {
        if *blocks {
            let block: Vec<u8> = [0x00, 0x24].into_iter().chain((0u8..16).map(|at| at.wrapping_mul(37))).collect();
            bytes.extend(block.repeat(numbers / BLOCK));
        } else {
            (0..*numbers).for_each(|at| bytes.extend((0.1 + (at % 7) as f32).to_le_bytes()));
        }
    }
    bytes
}

#[test]
fn a_file_without_knowledge_is_still_a_model() {
    let model = Model::parse(file()).unwrap();
    for text in ["", "wohngeld", "💍"] {
        let vector = model.embed(text, Side::Query);
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5, "{text}");
    }
    assert!(model.embed_all(&[""; 0], Side::Query).is_empty());
}

#[track_caller]
fn refused(bytes: Vec<u8>, sentence: &str) {
    let fault = Model::parse(bytes).err().expect("a damaged file is refused");
    assert!(fault.contains(sentence), "{fault:?} does not say {sentence:?}");
}

#[test]
fn a_damaged_file_is_refused_with_a_sentence() {
    let good = file();
    let with = |at: usize, new: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    refused(Vec::new(), "it ends within the magic");
    refused(with(0, b"GGUF"), "does not begin like");
    refused(with(8, &768_u32.to_le_bytes()), "width is 768");
    refused(with(24, &u32::MAX.to_le_bytes()), "the number of word vectors is 4294967295");
    refused(with(36, &f32::NAN.to_le_bytes()), "epsilon holds the number NaN");
    refused(good[..good.len() - 1].to_vec(), "lies outside");
    let name = good.windows(8).position(|window| window == b"emb.word").unwrap();
    refused(with(name, b"emb.lord"), "tensor emb.word is missing");
    refused(with(name + 9, &1_u32.to_le_bytes()), "tensor emb.word is not of the expected type and size");
    refused(with(name + 13, &u64::MAX.to_le_bytes()), "lies outside");
    let word = u64::from_le_bytes(good[name + 13..name + 21].try_into().unwrap()) as usize;
    refused(with(word, &[0x00, 0x7c]), "tensor emb.word holds the step inf");
}

#[test]
fn opening_names_the_file() {
    let missing = Model::open(Path::new("/nowhere/model.bin")).err().unwrap();
    assert!(matches!(&missing, MeaningError::Disk { path, .. } if path == Path::new("/nowhere/model.bin")));
    let mut short = tempfile::NamedTempFile::new().unwrap();
    short.write_all(b"E5S1").unwrap();
    let error = Model::open(short.path()).err().unwrap().to_string();
    assert!(error.contains("is not usable: it ends within the version"), "{error}");
    // A sparse file: long, but not on the disk.
    fs::File::options().write(true).open(short.path()).unwrap().set_len(MOST_BYTES + 1).unwrap();
    let error = Model::open(short.path()).err().unwrap().to_string();
    assert!(error.contains("it is longer than"), "{error}");
}

#[test]
fn half_precision_is_read_exactly() {
    for (bits, expected) in [
        (0x0000, 0.0),
        (0x3c00, 1.0),
        (0xc000, -2.0),
        (0x7bff, 65504.0),
        (0x0001, 2.0_f32.powi(-24)),
        (0x3555, 0.333_251_95),
    ] {
        assert_eq!(half_to_f32(bits), expected, "{bits:#x}");
    }
    assert!(half_to_f32(0x7c00).is_infinite() && half_to_f32(0x7e00).is_nan());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 4_usize..9000) {
        let _ = Model::parse(bytes.clone());
        let _ = Model::parse([b"E5S1\x01\x00\x00\x00".as_slice(), &bytes].concat());
        // The first 9,000 bytes of the small file are its head and its directory.
        let mut damaged = file();
        for (to, from) in damaged.iter_mut().skip(at).zip(bytes.iter().take(2)) {
            *to = *from;
        }
        if let Ok(model) = Model::parse(damaged) {
            model.embed("wohngeld öe", Side::Query);
        }
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        if let Some(model) = genuine(GENUINE) {
            let vector = model.embed(&text, Side::Query);
            prop_assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-4);
        }
    }
}
