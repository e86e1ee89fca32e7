//! Which upstream of a portal takes the next request.
//!
//! Two are drawn, and the one with fewer open requests takes it ("power of two choices"): a slow upstream gets less
//! without anything being measured, and many requests at once do not all run to the same one. Pure; chance is an
//! argument. Source: M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001.

use std::collections::HashMap;

use url::Url;

/// What is known of the upstreams of one portal.
#[derive(Debug, Default)]
pub(super) struct Balance {
    standings: HashMap<Url, Standing>,
}

/// What is known of one upstream.
#[derive(Debug, Default)]
struct Standing {
    /// Requests that it is working on.
    open: usize,
}

impl Balance {
    /// The place in `upstreams` of the one that takes the next request, which is then open there; none when all were
    /// tried. `chance` is uniform over all numbers.
    pub(super) fn choose(&mut self, upstreams: &[Url], tried: &[usize], chance: u64) -> Option<usize> {
        let candidates: Vec<_> = (0..upstreams.len()).filter(|at| !tried.contains(at)).collect();
        let chosen = self.of_two(upstreams, &candidates, chance)?;
        self.standings.entry(upstreams[chosen].clone()).or_default().open += 1;
        Some(chosen)
    }

    /// The one that would take the next request if chance had no say.
    pub(super) fn likely<'a>(&self, upstreams: &'a [Url]) -> Option<&'a Url> {
        upstreams.iter().min_by_key(|upstream| self.open(upstream))
    }

    /// A request at `upstream` is over.
    pub(super) fn left(&mut self, upstream: &Url) {
        if let Some(standing) = self.standings.get_mut(upstream) {
            standing.open = standing.open.saturating_sub(1);
        }
    }

    /// Forgets upstreams that are in no route any more.
    pub(super) fn keep_only(&mut self, routed: impl Fn(&Url) -> bool) {
        self.standings.retain(|upstream, _| routed(upstream));
    }

    fn of_two(&self, upstreams: &[Url], candidates: &[usize], chance: u64) -> Option<usize> {
        let first = *candidates.get(draw(chance, candidates.len()))?;
        if candidates.len() == 1 {
            return Some(first);
        }
        let others: Vec<_> = candidates.iter().copied().filter(|at| *at != first).collect();
        let second = others[draw(chance >> 32, others.len())];
        let fewer = self.open(&upstreams[second]) < self.open(&upstreams[first]);
        Some(if fewer { second } else { first })
    }

    fn open(&self, upstream: &Url) -> usize {
        self.standings.get(upstream).map_or(0, |standing| standing.open)
    }
}

/// One of `many` by the lower half of `chance`; 0 when there are none.
fn draw(chance: u64, many: usize) -> usize {
    usize::try_from((chance & 0xffff_ffff) % (many.max(1) as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
