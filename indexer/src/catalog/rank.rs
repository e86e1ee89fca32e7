//! One hit per Leistung: of all portals that describe it, the most local one.

use std::collections::HashMap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

/// Collects the best document of every group.
pub(super) struct ByLeistung {
    /// The areas that count, the most local first; empty when there is no place.
    pub candidates: Vec<u64>,
}

/// What stands for one Leistung.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    /// The best score of any description: how well the Leistung fits.
    pub score: Score,
    /// How local the chosen description is: the place of its area among the candidates; without a place, its area.
    rank: u64,
    chosen_score: Score,
    /// The chosen description.
    pub address: DocAddress,
}

impl Best {
    /// True when `self` is the description to show rather than `other`.
    fn before(&self, other: &Best, with_place: bool) -> bool {
        let by_score = other.chosen_score.total_cmp(&self.chosen_score);
        let by_rank = self.rank.cmp(&other.rank);
        let order = if with_place { by_rank.then(by_score) } else { by_score.then(by_rank) };
        order.then(self.address.cmp(&other.address)).is_lt()
    }
}

impl Collector for ByLeistung {
    type Fruit = HashMap<u64, Best>;
    type Child = InSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<InSegment> {
        let fast = segment.fast_fields();
        Ok(InSegment {
            ordinal,
            candidates: self.candidates.clone(),
            group: fast.u64("group")?,
            areas: fast.u64("gebiet_number")?,
            best: HashMap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<HashMap<u64, Best>>) -> tantivy::Result<HashMap<u64, Best>> {
        let mut all = HashMap::new();
        for (group, best) in segments.into_iter().flatten() {
            keep(&mut all, group, best, !self.candidates.is_empty());
        }
        Ok(all)
    }
}

pub(super) struct InSegment {
    ordinal: SegmentOrdinal,
    candidates: Vec<u64>,
    group: Column,
    areas: Column,
    best: HashMap<u64, Best>,
}

impl SegmentCollector for InSegment {
    type Fruit = HashMap<u64, Best>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let areas = self.areas.values_for_doc(doc);
        let rank = if self.candidates.is_empty() {
            areas.min()
        } else {
            areas.filter_map(|area| self.candidates.iter().position(|one| *one == area)).min().map(|at| at as u64)
        };
        let group = self.group.first(doc).unwrap_or(0);
        let address = DocAddress::new(self.ordinal, doc);
        let best = Best { score, rank: rank.unwrap_or(u64::MAX), chosen_score: score, address };
        keep(&mut self.best, group, best, !self.candidates.is_empty());
    }

    fn harvest(self) -> HashMap<u64, Best> {
        self.best
    }
}

fn keep(all: &mut HashMap<u64, Best>, group: u64, new: Best, with_place: bool) {
    all.entry(group)
        .and_modify(|known| {
            let score = known.score.max(new.score);
            if new.before(known, with_place) {
                *known = new;
            }
            known.score = score;
        })
        .or_insert(new);
}
