//! What people do with runs: go back before one, let a held one pass, stop and start a portal's runs.

use config::clock;
use connectors::ids::PortalId;
use connectors::registration::Portal;
use connectors::run::Coverage;
use tokio_util::sync::CancellationToken;

use super::{Indexer, Outcome, Pause, Phase, RunError, RunOptions, RunReport, Running, Source};

impl Indexer {
    /// Brings the records of a portal to the state before its run `before`, as a run of its own that can be undone in
    /// the same way; with `dry_run` only says what that would change.
    ///
    /// The portal is paused then, because its next run would bring back what was undone. When it runs again, it reads
    /// everything it fetches, and a Bereitstelldienst from where that run had begun.
    pub async fn restore(&self, portal: &Portal, before: i64, dry_run: bool) -> Result<RunReport, RunError> {
        let (started, clock) = (clock::now(), clock::monotonic());
        let (_place, teller) = self.board.begin(&portal.id, started)?;
        let options = RunOptions { dry_run, release: true, again: false };
        let mut run = Running::new(portal, options, teller, started);
        run.phase(Phase::Applying);
        let mut apply = self.store.begin(&portal.id).await?;
        apply.keep_plan();
        apply.restore(before).await?;
        run.phase(Phase::Finishing);
        // No guard stands before a state that was there already.
        let Ok((applied, findings)) = apply.finish(Coverage::Part, None).await? else {
            return Err(RunError::Lost(portal.id.clone()));
        };
        run.tally.extend(findings);
        if !dry_run {
            let why = format!("Der Stand vor Lauf {before} wurde wiederhergestellt.");
            apply.pause(&Pause { since: clock::now(), why }).await?;
        }
        run.keep(apply, !dry_run).await?;
        let outcome = if dry_run { Outcome::Trial } else { Outcome::Restored };
        let report = run.report(outcome, applied, clock.elapsed());
        if dry_run { Ok(report) } else { self.written_down(run, report).await }
    }

    /// Makes the run of a portal that the guard holds, now that somebody has looked at its plan. When the portal
    /// delivers something else meanwhile, that is judged anew, and may be held again.
    pub async fn release(&self, portal: &Portal, run: i64, cancel: &CancellationToken) -> Result<RunReport, RunError> {
        let held = self.store.held(&portal.id).await?.filter(|held| held.run == run);
        let held = held.ok_or_else(|| RunError::NotHeld { portal: portal.id.clone(), run })?;
        let options = RunOptions { release: true, ..RunOptions::default() };
        self.make_run(portal, &Source::Registered, options, Some(held.digest), cancel).await
    }

    /// Makes no more runs of a portal until [`Indexer::resume`] or a run with `release`; `why` is for people.
    pub async fn pause(&self, portal: &PortalId, why: &str) -> Result<(), RunError> {
        let pause = Pause { since: clock::now(), why: why.to_owned() };
        self.store.pause(portal, Some(&pause)).await?;
        self.waits().remove(portal);
        Ok(())
    }

    /// Makes runs of a portal again.
    pub async fn resume(&self, portal: &PortalId) -> Result<(), RunError> {
        self.store.pause(portal, None).await?;
        self.waits().remove(portal);
        Ok(())
    }
}
