//! What the hits can be narrowed down by, with true counts, and the narrowing itself.
//!
//! A count says how many hits there would be with that value. So each facet is counted before it narrows anything
//! itself, and with all the others holding: two filters go together, and what a link promises is what it shows.

use std::collections::BTreeMap;

use connectors::gebiet::Ars;
use connectors::leika::Leika;
use connectors::xzufi::codes;

use super::{Facet, SearchRequest, Verdict};
use crate::index::postings::{ConceptNo, Postings};

/// What a question asks for besides its words.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters {
    online: Option<bool>,
    adressat: Option<String>,
    lebenslage: Option<String>,
}

impl Filters {
    /// Those of a request.
    pub(super) fn of(request: &SearchRequest) -> Self {
        let SearchRequest { online, adressat, lebenslage, .. } = request;
        Self { online: *online, adressat: adressat.clone(), lebenslage: lebenslage.clone() }
    }

    /// Leaves only what fits, and says what else there is to narrow down by.
    pub(super) fn narrow(&self, postings: &Postings, areas: &[Ars], ranked: &mut Vec<(ConceptNo, f32)>) -> Vec<Facet> {
        let here = postings.online(&areas.iter().map(Ars::number).collect::<Vec<_>>());
        let (mut online, mut adressat, mut lebenslage) = ([0; 2], BTreeMap::new(), BTreeMap::new());
        ranked.retain(|(number, _)| {
            let concept = &postings.concepts[*number as usize];
            let is_online = here[*number as usize];
            let fits_online = self.online.is_none_or(|wanted| wanted == is_online);
            let fits_adressat = self.adressat.as_ref().is_none_or(|wanted| concept.adressat.contains(wanted));
            let fits_lebenslage = self.lebenslage.as_ref().is_none_or(|wanted| concept.lebenslagen.contains(wanted));
            if fits_adressat && fits_lebenslage {
                online[usize::from(!is_online)] += 1;
            }
            if fits_online && fits_lebenslage {
                count(&mut adressat, &concept.adressat);
            }
            if fits_online && fits_adressat {
                count(&mut lebenslage, &concept.lebenslagen);
            }
            fits_online && fits_adressat && fits_lebenslage
        });
        let facet = |name, value: &str, label: Option<&str>, count| Facet {
            name,
            value: value.to_owned(),
            label: label.unwrap_or(value).to_owned(),
            count,
        };
        let mut facets = vec![
            facet("online", "true", Some("Online möglich"), online[0]),
            facet("online", "false", Some("Nicht online möglich"), online[1]),
        ];
        facets.extend(
            adressat.into_iter().map(|(code, count)| facet("adressat", code, codes::leistungsadressat(code), count)),
        );
        let name = |code: &str| Leika::built_in().lebenslage(code).map(|lebenslage| lebenslage.name);
        facets.extend(lebenslage.into_iter().map(|(code, count)| facet("lebenslage", code, name(code), count)));
        facets.retain(|facet| facet.count > 0);
        facets
    }
}

/// Counts each of `values` once.
fn count<'v>(counts: &mut BTreeMap<&'v str, usize>, values: &'v [String]) {
    for (at, value) in values.iter().enumerate() {
        if !values[..at].contains(value) {
            *counts.entry(value).or_default() += 1;
        }
    }
}

/// The first hits, which a verdict is about.
pub(super) fn first_two(ranked: &[(ConceptNo, f32)]) -> [Option<ConceptNo>; 2] {
    [0, 1].map(|at| ranked.get(at).map(|one| one.0))
}

/// What a verdict on `before` is worth once hits were left out: one that lost what it was about says nothing any more.
pub(super) fn still(verdict: Verdict, before: [Option<ConceptNo>; 2], after: [Option<ConceptNo>; 2]) -> Verdict {
    match verdict {
        Verdict::Clear if before[0] != after[0] => Verdict::Open,
        Verdict::Choose if before != after => Verdict::Open,
        verdict => verdict,
    }
}
