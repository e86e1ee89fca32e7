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
    /// How local the chosen description is: the place of its area among the candidates, and then of where it is
    /// offered; without a place, its widest area.
    rank: (u64, u64),
    chosen_score: Score,
    tie: u64,
    /// The chosen description.
    pub address: DocAddress,
}

impl Best {
    /// True when `self` is the description to show rather than `other`.
    fn before(&self, other: &Best, with_place: bool) -> bool {
        let by_score = other.chosen_score.total_cmp(&self.chosen_score);
        let by_rank = self.rank.cmp(&other.rank);
        let order = if with_place { by_rank.then(by_score) } else { by_score.then(by_rank) };
        order.then(self.tie.cmp(&other.tie)).is_lt()
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
            valid: fast.u64("valid")?,
            offered: fast.u64("offered")?,
            tie: fast.u64("tie")?,
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
    valid: Column,
    offered: Column,
    tie: Column,
    best: HashMap<u64, Best>,
}

impl InSegment {
    /// The place of the most local area of `column` among the candidates.
    fn nearest(&self, column: &Column, doc: DocId) -> u64 {
        let areas = column.values_for_doc(doc);
        let at = areas.filter_map(|area| self.candidates.iter().position(|one| *one == area)).min();
        at.map_or(u64::MAX, |at| at as u64)
    }
}

impl SegmentCollector for InSegment {
    type Fruit = HashMap<u64, Best>;

    fn collect(&mut self, doc: DocId, score: Score) {
        // A text for this very place is nearer than a text for the whole Land that is offered here.
        let rank = if self.candidates.is_empty() {
            (self.valid.values_for_doc(doc).min().unwrap_or(u64::MAX), 0)
        } else {
            (self.nearest(&self.valid, doc), self.nearest(&self.offered, doc))
        };
        let group = self.group.first(doc).unwrap_or(0);
        let address = DocAddress::new(self.ordinal, doc);
        let tie = self.tie.first(doc).unwrap_or(0);
        let best = Best { score, rank, chosen_score: score, tie, address };
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
