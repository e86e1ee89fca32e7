//! The figures of a judged run: success at one and at three, nDCG at ten, answers without a hit, each by kind of
//! question and with the interval that chance leaves.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use indexer::catalog::Verdict;

/// How often the questions are drawn anew for an interval.
const DRAWS: usize = 1_000;

/// How one question went.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    one: f64,
    three: f64,
    ndcg: f64,
    nothing: f64,
    /// "This is it" was said, and whether it was right.
    clear: Option<bool>,
    place: bool,
}

impl Outcome {
    /// Of the ids that were answered and the gains of the right ones.
    pub(super) fn of(ids: &[&str], right: &HashMap<String, f32>, verdict: Verdict, place: bool) -> Self {
        let gain = |id: &&str| right.get(*id).copied().unwrap_or(0.0);
        let hit = |count: usize| f64::from(u8::from(ids.iter().take(count).any(|id| gain(id) > 0.0)));
        let worth = |gains: &mut dyn Iterator<Item = f32>| -> f64 {
            let one = |(at, gain): (usize, f32)| f64::from(gain.exp2() - 1.0) / ((at + 2) as f64).log2();
            gains.take(super::DEPTH).enumerate().map(one).sum()
        };
        let mut best: Vec<f32> = right.values().copied().collect();
        best.sort_by(|a, b| b.total_cmp(a));
        let ideal = worth(&mut best.into_iter());
        let found = worth(&mut ids.iter().map(gain));
        Self {
            one: hit(1),
            three: hit(3),
            ndcg: if ideal > 0.0 { found / ideal } else { 0.0 },
            nothing: f64::from(u8::from(super::nothing(verdict, ids.len()))),
            clear: (verdict == Verdict::Clear).then(|| hit(1) > 0.0),
            place,
        }
    }

    /// Of the place of the first right hit alone.
    pub(super) fn at(place: Option<usize>) -> Self {
        let within = |count: usize| f64::from(u8::from(place.is_some_and(|place| place < count)));
        let ndcg = place.filter(|place| *place < super::DEPTH).map_or(0.0, |place| 1.0 / ((place + 2) as f64).log2());
        Self { one: within(1), three: within(3), ndcg, ..Self::default() }
    }
}

/// All outcomes by kind.
#[derive(Debug, Default)]
pub(super) struct Figures {
    kinds: BTreeMap<String, Vec<Outcome>>,
    times: Vec<Duration>,
}

type Figure = (&'static str, fn(&Outcome) -> f64);
const FIGURES: [Figure; 4] =
    [("s@1", |one| one.one), ("s@3", |one| one.three), ("nDCG@10", |one| one.ndcg), ("nothing", |one| one.nothing)];

impl Figures {
    pub(super) fn add(&mut self, kind: &str, outcome: Outcome) {
        self.kinds.entry(kind.to_owned()).or_default().push(outcome);
    }

    /// Notes how long a question took.
    pub(super) fn took(&mut self, time: Duration) {
        self.times.push(time);
    }

    /// Half of the questions, and all but one in a hundred, took at most so many milliseconds.
    fn milliseconds(&self) -> Option<[f64; 2]> {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |share: usize| Some(times.get(times.len() * share / 100)?.as_secs_f64() * 1e3);
        Some([at(50)?, at(99)?])
    }

    /// The table, and whether a figure of all or free questions fell by more than the noise.
    pub(super) fn report(&self, accepted: Option<&str>) -> (String, bool) {
        let accepted: HashMap<(&str, &str), f64> = accepted.map(parse).unwrap_or_default();
        let mut fell = false;
        let mut text = format!("{:<20}{:>5}", "kind", "n");
        FIGURES.iter().for_each(|(name, _)| {
            let _ = write!(text, "  {name:<22}");
        });
        text.push('\n');
        for (kind, outcomes) in &self.kinds {
            let _ = write!(text, "{kind:<20}{:>5}", outcomes.len());
            for (name, figure) in FIGURES {
                let values: Vec<f64> = outcomes.iter().map(figure).collect();
                let (mean, low, high) = interval(&values);
                let mut cell = format!("{mean:.3} [{low:.3} {high:.3}]");
                if let Some(before) = accepted.get(&(kind.as_str(), name)) {
                    let _ = write!(cell, " {:+.3}", mean - before);
                    fell |= kind.starts_with('=') && name.starts_with('s') && *before > high;
                }
                let _ = write!(text, "  {cell:<22}");
            }
            text.push('\n');
        }
        if let Some(all) = self.kinds.get("= all") {
            let clear: Vec<bool> = all.iter().filter_map(|one| one.clear).collect();
            let right = clear.iter().filter(|right| **right).count();
            let _ = writeln!(text, "said to be the one: {} of {}, right: {right}", clear.len(), all.len());
        }
        if let Some(places) = self.kinds.get("ort") {
            let right = places.iter().filter(|one| one.place).count();
            let _ = writeln!(text, "place understood: {right} of {}", places.len());
        }
        if let Some([half, most]) = self.milliseconds() {
            let _ = writeln!(text, "time: p50 {half:.2} ms, p99 {most:.2} ms");
        }
        (text, fell)
    }

    /// The figures as a file to compare with later.
    pub(super) fn accepted(&self) -> String {
        let mut text = String::from("kind\tfigure\tvalue\n");
        for (kind, outcomes) in &self.kinds {
            for (name, figure) in FIGURES {
                let sum: f64 = outcomes.iter().map(figure).sum();
                let _ = writeln!(text, "{kind}\t{name}\t{:.4}", sum / outcomes.len().max(1) as f64);
            }
        }
        if let Some([half, most]) = self.milliseconds() {
            let _ = write!(text, "= all\tp50_ms\t{half:.2}\n= all\tp99_ms\t{most:.2}\n");
        }
        text
    }
}

fn parse(text: &str) -> HashMap<(&str, &str), f64> {
    let mut all = HashMap::new();
    for one in text.lines().skip(1) {
        let mut fields = one.split('\t');
        if let (Some(kind), Some(name), Some(value)) = (fields.next(), fields.next(), fields.next())
            && let Ok(value) = value.parse()
        {
            all.insert((kind, name), value);
        }
    }
    all
}

/// Mean, and the interval in which it lies in 95 of 100 draws of these questions.
fn interval(values: &[f64]) -> (f64, f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0, 0.0);
    }
    let mean = |sum: f64| sum / values.len() as f64;
    // A fixed sequence, so that the same run gives the same interval. The constants are those of Knuth's MMIX.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % values.len()
    };
    let mut draws: Vec<f64> = (0..DRAWS).map(|_| mean((0..values.len()).map(|_| values[next()]).sum())).collect();
    draws.sort_by(f64::total_cmp);
    (mean(values.iter().sum()), draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40])
}
