//! `portalverbund`: the one binary of the Portalverbund.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = gateway::cli::Cli::parse();
    ExitCode::from(gateway::cli::run(cli))
}
