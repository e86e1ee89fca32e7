//! A delivery that lies on the disk, taken: one run, one answer, written down before and after.

use std::sync::Arc;
use std::time::Duration;

use config::clock;
use connectors::registration::{Connector, Portal};
use connectors::run::Coverage;
use indexer::run::{Delivered, Format, Indexer, Outcome, RunError, RunOptions, RunReport, Source};
use jiff::SignedDuration;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::spool::{Received, SpoolError};
use super::wire::{About, ImportAnswer};
use crate::api::problem::{Kind, Problem};
use crate::registry::{Desk, ImportRow, NewImport, RegistryError, Who};

/// How long a delivery waits for the end of another run of its portal, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(60);
const TURN: Duration = Duration::from_millis(100);

/// What is to be done with a delivery.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Whose it is.
    pub portal: Portal,
    /// The way it came: `push`, `table` or `form`.
    pub way: &'static str,
    /// How it is to be read.
    pub format: Format,
    /// Whether it is the whole stock.
    pub whole: bool,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// Whether somebody has looked, and what is not named may go, however much that is.
    pub release: bool,
    /// The name that a program gave it.
    pub key: Option<String>,
}

/// Why a delivery got no verdict.
#[derive(Debug, thiserror::Error)]
pub(super) enum IntakeError {
    /// This process cannot write.
    #[error("this process takes no deliveries; it runs without the indexer")]
    Closed,
    /// The portal is collected.
    #[error("the portal {0} is collected by its connector; what is handed in would be removed by its next run")]
    Collected(String),
    /// The key is another delivery's.
    #[error("the Idempotency-Key is that of import {0}, which had another body or other parameters; use a new key")]
    KeyReused(i64),
    /// The same delivery is on its way.
    #[error("a delivery of this Idempotency-Key is on its way; ask again in a moment")]
    OnItsWay,
    /// Something else has changed the portal since.
    #[error("something else has changed the portal since this delivery")]
    NotLast,
    /// A run of the portal goes on, or its runs are paused.
    #[error("{0}")]
    Busy(String),
    /// The disk is full.
    #[error("there is no room for the delivery at the moment; nothing was changed, please try again later")]
    Full,
    /// It did not come whole.
    #[error("the delivery did not come whole; nothing was changed")]
    Broken,
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The disk.
    #[error(transparent)]
    Spool(SpoolError),
    /// The run.
    #[error(transparent)]
    Run(RunError),
    /// A panic, which is in the log.
    #[error("the delivery ended inside the program")]
    Lost,
}

impl From<SpoolError> for IntakeError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Full => Self::Full,
            SpoolError::Broken => Self::Broken,
            disk => Self::Spool(disk),
        }
    }
}

impl From<RunError> for IntakeError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Running { .. } | RunError::Paused { .. } => Self::Busy(error.to_string()),
            // SQLite has no other word for it than its message.
            error if error.to_string().contains("disk is full") => Self::Full,
            error => Self::Run(error),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let kind = match &error {
            IntakeError::Closed => Kind::IntakeClosed,
            IntakeError::Collected(_) => Kind::PortalIsCollected,
            IntakeError::KeyReused(_) => Kind::KeyReused,
            IntakeError::OnItsWay => Kind::OnItsWay,
            IntakeError::NotLast | IntakeError::Busy(_) => Kind::Conflict,
            IntakeError::Full => Kind::NoRoom,
            IntakeError::Broken => Kind::BadParameter,
            IntakeError::Registry(_) => Kind::RegistryFailed,
            IntakeError::Spool(_) | IntakeError::Run(_) | IntakeError::Lost => Kind::IntakeFailed,
        };
        if kind.status().is_server_error() {
            tracing::error!(%error, "a delivery could not be taken");
        }
        match kind {
            // The cause is for our log; it may name files.
            Kind::RegistryFailed | Kind::IntakeFailed => {
                Self::new(kind, "the delivery could not be taken; please try again later with the same Idempotency-Key")
            }
            kind => Self::new(kind, error.to_string()),
        }
    }
}

impl IntakeError {
    /// The sentence for people; the cause is logged where it is ours.
    pub(super) fn sentence(&self) -> String {
        let sentence = match self {
            Self::Closed => {
                "Zurzeit können hier keine Lieferungen angenommen werden. Bitte versuchen Sie es später noch einmal."
            }
            Self::Collected(_) => {
                "Die Daten dieses Portals werden von uns abgeholt. Was hier geliefert würde, ginge mit der nächsten \
                 Abholung verloren."
            }
            Self::OnItsWay | Self::Busy(_) => {
                "Für dieses Portal ist gerade ein Lauf im Gange oder angehalten. Bitte versuchen Sie es später noch einmal."
            }
            Self::NotLast => "Inzwischen wurde anderes übernommen.",
            Self::Full => {
                "Bei uns ist zurzeit kein Platz. Es hat sich nichts geändert; bitte versuchen Sie es später noch einmal."
            }
            Self::KeyReused(_) | Self::Broken => {
                "Die Lieferung kam nicht vollständig an. Bitte senden Sie sie noch einmal."
            }
            Self::Registry(_) | Self::Spool(_) | Self::Run(_) | Self::Lost => {
                tracing::error!(error = %self, "a delivery could not be taken");
                "Bei uns ist ein Fehler aufgetreten. Bitte versuchen Sie es in einigen Minuten noch einmal."
            }
        };
        sentence.to_owned()
    }
}

/// The answer to a delivery, and the status that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    /// 200; 409 when the guard held it; 422 when it could not be read.
    pub status: u16,
    /// An [`ImportAnswer`] as JSON.
    pub json: String,
}

/// Whether this process can take a delivery of this portal at all; asked before its bytes are.
pub(super) fn may_come(desk: &Desk, portal: &Portal, dry_run: bool) -> Result<Arc<Indexer>, IntakeError> {
    let indexer = desk.indexer.clone().ok_or(IntakeError::Closed)?;
    match portal.connector {
        Connector::Push {} => Ok(indexer),
        _ if dry_run => Ok(indexer),
        _ => Err(IntakeError::Collected(portal.id.to_string())),
    }
}

/// Takes a delivery; to the end also when nobody waits for the answer any more.
pub(super) async fn deliver(desk: &Desk, who: &Who, order: Order, received: Received) -> Result<Answered, IntakeError> {
    let (desk_there, who) = (desk.clone(), who.clone());
    let taking = desk.tasks.spawn(async move { take(&desk_there, &who, &order, received).await });
    taking.await.map_err(|_| IntakeError::Lost)?
}

async fn take(desk: &Desk, who: &Who, order: &Order, received: Received) -> Result<Answered, IntakeError> {
    let indexer = may_come(desk, &order.portal, order.dry_run)?;
    let how = format!("{} {} {} {}", order.format.extension(), order.whole, order.dry_run, order.release);
    let digest = received.digest(&how);
    let portal = &order.portal.id;
    let way = match &order.key {
        None => None,
        Some(key) => Some(desk.on_their_way.begin(format!("{portal} {key}")).ok_or(IntakeError::OnItsWay)?),
    };
    let known = match &order.key {
        None => None,
        Some(key) => desk.registry.import_of_key(portal, key).await?,
    };
    if let Some(row) = &known {
        if row.digest != digest {
            return Err(IntakeError::KeyReused(row.id));
        }
        if let Some(answered) = answered(desk, row).await? {
            return Ok(answered);
        }
    }
    // One that was on its way when the process ended is taken again: what it had done already is `unchanged` now.
    let (id, at) = match known {
        Some(row) => (row.id, row.at),
        None => begin(desk, who, order, &received, &digest).await?,
    };
    let ran = run(&indexer, order, &received).await;
    let (report, visible) = match ran {
        Ok(ran) => ran,
        Err(error) => {
            let mut tx = desk.registry.begin().await?;
            tx.forget_import(id).await?;
            tx.commit().await?;
            return Err(error);
        }
    };
    let about = About {
        import: id,
        received: at,
        way: order.way,
        format: format_name(order.format),
        whole: order.whole,
        dry_run: order.dry_run,
        visible,
        public_url: &desk.site.public_url,
    };
    let answer = ImportAnswer::of(&about, &report);
    let status = match report.outcome {
        Outcome::Held => 409,
        Outcome::Failed => 422,
        _ => 200,
    };
    let json = serde_json::to_string(&answer).expect("an answer is made of plain values");
    let mut tx = desk.registry.begin().await?;
    tx.end_import(id, report.run, report.outcome.as_str(), status, &json).await?;
    if report.outcome == Outcome::Applied {
        let did = json!({"import": id, "run": report.run, "counts": answer.counts});
        tx.audit(who, "import.applied", Some(portal), None, Some(did)).await?;
    }
    tx.commit().await?;
    drop(way);
    Ok(Answered { status, json })
}

async fn begin(
    desk: &Desk,
    who: &Who,
    order: &Order,
    received: &Received,
    digest: &str,
) -> Result<(i64, jiff::Timestamp), IntakeError> {
    let portal = &order.portal.id;
    let mut tx = desk.registry.begin().await?;
    let new = NewImport {
        portal,
        way: order.way,
        format: format_name(order.format),
        whole: order.whole,
        trial: order.dry_run,
        bytes: received.bytes,
        digest,
        key: order.key.as_deref(),
    };
    let oldest = clock::now() - SignedDuration::from_hours(24 * i64::from(desk.config.intake.keep_days));
    let id = tx.begin_import(who, &new, oldest).await?;
    if !order.dry_run {
        let did = json!({"import": id, "way": new.way, "format": new.format, "whole": new.whole, "bytes": new.bytes});
        tx.audit(who, "import.received", Some(portal), None, Some(did)).await?;
    }
    let at = tx.now;
    tx.commit().await?;
    Ok((id, at))
}

/// The answer that was given to a delivery; none while there is none.
pub(super) async fn answered(desk: &Desk, row: &ImportRow) -> Result<Option<Answered>, IntakeError> {
    let Some(status) = row.status else { return Ok(None) };
    Ok(desk.registry.import_answer(row.id).await?.map(|json| Answered { status, json }))
}

async fn run(indexer: &Indexer, order: &Order, received: &Received) -> Result<(RunReport, bool), IntakeError> {
    let file = Delivered {
        name: format!("lieferung.{}", order.format.extension()),
        path: received.path().to_owned(),
        format: order.format,
    };
    let coverage = if order.whole { Coverage::Whole } else { Coverage::Part };
    let source = Source::Delivery { files: vec![file], coverage };
    let options = RunOptions { dry_run: order.dry_run, release: order.release, ..RunOptions::default() };
    let asked = clock::monotonic();
    let report = loop {
        match indexer.run(&order.portal, &source, options, &CancellationToken::new()).await {
            // Of each portal one run goes on at a time; the next delivery waits for its turn, and not for ever.
            Err(RunError::Running { .. }) if asked.elapsed() < PATIENCE => tokio::time::sleep(TURN).await,
            ran => break ran?,
        }
    };
    let visible = report.outcome == Outcome::Applied && follow(indexer).await;
    Ok((report, visible))
}

/// Lets citizens see what was applied; that it is applied is true already.
pub(super) async fn follow(indexer: &Indexer) -> bool {
    match indexer.follow().await {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(%error, "the index does not follow; it catches up with the next run");
            false
        }
    }
}

/// The word of the interface.
pub(super) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Xzufi => "xzufi",
        Format::Ndjson => "ndjson",
        Format::Csv => "csv",
        Format::Xlsx => "xlsx",
    }
}
