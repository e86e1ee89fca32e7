//! The commands of `portalverbund`: what they are called, what they take, and how they end.
//!
//! Data go to stdout, talk goes to stderr. Exit status: 0 done; 1 done with findings, or held back by a guard; 2 wrong
//! use or broken configuration; 3 could not do its work.

mod account;
mod audit;
mod bench;
mod check;
mod demo;
mod import;
mod judge;
mod known;
mod portals;
mod rebuild;
mod report;
mod responsible;
mod routes;
mod runs;
mod search;
mod serve;
mod setup;
mod token;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use connectors::gebiet::Ars;
use connectors::ids::PortalId;

/// A proxied request makes some fifty small allocations; why this one stands in BENCHMARKS.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, and there is something that somebody should look at.
    Findings,
}

/// Why a command ended without doing what it was asked.
#[derive(Debug)]
pub enum Fault {
    /// Wrong use or a broken configuration: the caller mends it.
    Usage(String),
    /// The work could not be done.
    Work(String),
}

impl Fault {
    /// What `what` says, as a failure of the work.
    pub fn work(what: impl std::fmt::Display) -> Self {
        Self::Work(what.to_string())
    }
}

/// Das Herz des Portalverbunds: sammelt Verwaltungsleistungen, findet die zuständige Stelle und leitet weiter.
#[derive(Debug, Parser)]
#[command(name = "portalverbund", version, about, long_about = None, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs gateway and indexer in one process; SIGTERM drains, SIGHUP reloads
    Serve {
        #[command(flatten)]
        config: ConfigArg,
        /// Run one half alone
        #[arg(long, value_enum)]
        only: Option<Half>,
    },
    /// Loads all that `serve` would load and says what is wrong, with its place
    Check {
        #[command(flatten)]
        config: ConfigArg,
        /// How to say it
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Makes one run now: a folder with index.txt, an XZuFi file, or the address of an index
    Import {
        #[command(flatten)]
        config: ConfigArg,
        /// The portal that delivers
        #[arg(long)]
        portal: PortalId,
        /// The Gebiet it may speak for; needed when the portal is not registered
        #[arg(long)]
        gebiet: Option<Ars>,
        /// Change nothing, say what would change
        #[arg(long)]
        dry_run: bool,
        /// Remove what is gone even when the guard would hold the run
        #[arg(long)]
        release: bool,
        /// Read the delivery again although it did not change
        #[arg(long)]
        again: bool,
        /// Report as JSON
        #[arg(long)]
        json: bool,
        /// Folder, file or address; what is registered when left out
        what: Option<String>,
    },
    /// Answers a question as the web does
    Search {
        #[command(flatten)]
        config: ConfigArg,
        /// The question, in everyday German; may name the place
        query: String,
        /// Name, PLZ or ARS of the place
        #[arg(long)]
        ort: Option<String>,
        /// Language of the answer
        #[arg(long, default_value = "de")]
        lang: String,
        /// How many hits
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
        limit: u16,
        #[command(flatten)]
        filters: search::Filters,
        /// Say how the answer came about
        #[arg(long)]
        explain: bool,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Says who is responsible, and why
    Responsible {
        #[command(flatten)]
        config: ConfigArg,
        /// The Leistungsschluessel of 14 digits, or an id
        #[arg(long)]
        leistung: String,
        /// The place
        #[arg(long)]
        ars: String,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// The Prüfbericht: what the Verbund knows of a place, Leistung by Leistung, and what is missing or wrong
    Report {
        #[command(flatten)]
        config: ConfigArg,
        /// The place
        #[arg(long, required_unless_present = "all", conflicts_with = "all")]
        ars: Option<String>,
        /// The coverage of all towns instead
        #[arg(long)]
        all: bool,
        /// As JSON, all Leistungen
        #[arg(long)]
        json: bool,
        /// As a table
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// What the Verbund knows of a portal: records, last runs, findings, what was not understood
    Known {
        #[command(flatten)]
        config: ConfigArg,
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// Show the pieces that were not understood as well
        #[arg(long)]
        fragments: bool,
    },
    /// The runs of a portal: what they did, what is held, what can be undone, when the next one is due
    Runs {
        #[command(flatten)]
        config: ConfigArg,
        #[command(subcommand)]
        what: runs::What,
    },
    /// The table of routes, and which of its rules answers an address
    Routes {
        #[command(flatten)]
        config: ConfigArg,
        #[command(subcommand)]
        what: routes::What,
    },
    /// Portals of files and of registrations side by side, and the way from each to the other
    Portals {
        #[command(flatten)]
        config: ConfigArg,
        #[command(subcommand)]
        what: portals::What,
    },
    /// Accounts of operators, providers and editors
    Account {
        #[command(flatten)]
        config: ConfigArg,
        #[command(subcommand)]
        what: account::What,
    },
    /// Tokens by which programs use the interface
    Token {
        #[command(flatten)]
        config: ConfigArg,
        #[command(subcommand)]
        what: token::What,
    },
    /// The audit trail: who did what, and whether that is still what was written
    Audit {
        #[command(flatten)]
        config: ConfigArg,
        #[command(subcommand)]
        what: audit::What,
    },
    /// Makes the index anew from the store
    Rebuild {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// A sample Verbund, offline: portals, data, search, hand-over; prints the address to open
    Demo {
        /// Where its data go; a temporary folder when left out
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Port of the public side; any free one when left out
        #[arg(long)]
        port: Option<u16>,
    },
    /// How well the search answers judged questions, by kind of question; learns the weights from them when asked to
    Judge {
        #[command(flatten)]
        config: ConfigArg,
        #[command(flatten)]
        judge: judge::Judging,
    },
    /// Measures with the deliveries in a folder, one folder per portal and `portale.tsv` beside them
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigArg {
    /// The configuration; the portals lie beside it in portale.d/
    #[arg(long, default_value = "config/portalverbund.toml", value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    Gateway,
    Indexer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs the command that the process was called with, and gives its exit status.
pub fn run(cli: Cli) -> u8 {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = workers(&cli.command) {
        builder.worker_threads(workers.get());
    }
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return 3;
        }
    };
    let ended = runtime.block_on(dispatch(cli.command));
    // What still hangs (a slow disk, a stuck peer) does not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match ended {
        Ok(Exit::Done) => 0,
        Ok(Exit::Findings) => 1,
        Err(Fault::Usage(what)) => {
            eprintln!("{what}");
            2
        }
        Err(Fault::Work(what)) => {
            eprintln!("{what}");
            3
        }
    }
}

/// How many threads the configuration of a serving process asks for; none where it leaves that open. What is wrong with
/// a configuration is said by the command itself.
fn workers(command: &Command) -> Option<NonZeroUsize> {
    let Command::Serve { config, .. } = command else { return None };
    NonZeroUsize::new(config::load_main(&config.config).ok()?.server.workers)
}

async fn dispatch(command: Command) -> Result<Exit, Fault> {
    match command {
        Command::Serve { config, only } => serve::run(&config.config, only).await,
        Command::Check { config, format } => check::run(&config.config, format).await,
        Command::Import { config, portal, gebiet, dry_run, release, again, json, what } => {
            let options = indexer::run::RunOptions { dry_run, release, again };
            import::run(import::Import { config: config.config, portal, gebiet, options, json, what }).await
        }
        Command::Search { config, query, ort, lang, limit, filters, explain, json } => {
            let limit = usize::from(limit);
            search::run(&config.config, search::Question { query, ort, lang, limit, filters, explain, json }).await
        }
        Command::Responsible { config, leistung, ars, json } => {
            responsible::run(&config.config, &leistung, &ars, json).await
        }
        Command::Known { config, portal, fragments } => known::run(&config.config, &portal, fragments).await,
        Command::Report { config, ars, all: _, json, csv } => {
            let form = match (json, csv) {
                (true, _) => report::Form::Json,
                (_, true) => report::Form::Csv,
                _ => report::Form::Text,
            };
            match ars {
                Some(ars) => report::run(&config.config, &ars, form).await,
                None => report::run_everywhere(&config.config, form).await,
            }
        }
        Command::Runs { config, what } => runs::run(&config.config, what).await,
        Command::Routes { config, what } => routes::run(&config.config, what).await,
        Command::Portals { config, what } => portals::run(&config.config, what).await,
        Command::Account { config, what } => account::run(&config.config, what).await,
        Command::Token { config, what } => token::run(&config.config, what).await,
        Command::Audit { config, what } => audit::run(&config.config, what).await,
        Command::Rebuild { config } => rebuild::run(&config.config).await,
        Command::Demo { dir, port } => demo::run(dir, port).await,
        Command::Judge { config, judge } => judge::run(&config.config, judge).await,
        Command::Bench { what } => bench::run(what).await,
    }
}
