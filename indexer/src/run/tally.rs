//! What one run found, counted and bounded.

use std::collections::HashMap;
use std::time::Duration;

use connectors::finding::{Finding, Severity};
use connectors::registration::Portal;

use super::{Applied, Outcome, Plan, RunReport};

/// Findings of one rule that one run keeps; beyond that they are counted.
const KEPT_PER_RULE: usize = 1_000;

/// The findings of a run.
#[derive(Default)]
pub(super) struct Tally {
    findings: Vec<Finding>,
    per_rule: HashMap<connectors::finding::Rule, usize>,
    left_out: u64,
    refused: u64,
    pub(super) bytes: u64,
}

impl Tally {
    pub(super) fn extend(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            self.refused += u64::from(finding.severity == Severity::Business);
            let known = self.per_rule.entry(finding.rule).or_default();
            *known += 1;
            if *known > KEPT_PER_RULE {
                self.left_out += 1;
            } else {
                self.findings.push(finding);
            }
        }
    }

    /// Records that were not taken so far.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// How the run ended, without a plan.
    pub(super) fn report(
        &mut self,
        portal: &Portal,
        outcome: Outcome,
        applied: Applied,
        duration: Duration,
    ) -> RunReport {
        RunReport {
            portal: portal.id.clone(),
            run: None,
            outcome,
            applied,
            plan: Plan::default(),
            cut: false,
            findings: std::mem::take(&mut self.findings),
            findings_left_out: self.left_out,
            refused: self.refused,
            bytes: self.bytes,
            duration,
            verdicts: Vec::new(),
            verdicts_left_out: 0,
        }
    }
}
