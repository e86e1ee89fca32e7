//! `token`: what programs show to the interface instead of signing in.

use std::path::Path;

use clap::Subcommand;
use connectors::ids::PortalId;

use super::account::{self, RightArg};
use super::{Exit, Fault};
use crate::registry::{Registry, TokenError, TokenWish, Who};

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Makes a token, which is shown once
    Add {
        /// The account that it acts for
        #[arg(long)]
        account: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// The most that it may do; its account may have less
        #[arg(long, value_enum, default_value = "deliver")]
        right: RightArg,
        /// A portal that it reaches, once for each; all of the account when left out
        #[arg(long)]
        portal: Vec<PortalId>,
        /// For how many days it is valid
        #[arg(long, default_value_t = 90)]
        days: i64,
    },
    /// The tokens of an account
    List {
        /// The account
        #[arg(long)]
        account: String,
    },
    /// Ends a token at once
    Revoke {
        /// Its account
        #[arg(long)]
        account: String,
        /// Its number, as `list` shows it
        id: i64,
    },
}

fn fault(error: TokenError) -> Fault {
    match error {
        TokenError::Registry(_) => Fault::work(error),
        other => Fault::Usage(other.to_string()),
    }
}

pub(super) async fn run(file: &Path, what: What) -> Result<Exit, Fault> {
    let registry = account::open(file, false).await?;
    let ended = act(&registry, what).await;
    registry.close().await;
    ended
}

async fn act(registry: &Registry, what: What) -> Result<Exit, Fault> {
    let who = Who::command_line();
    match what {
        What::Add { account, name, right, portal, days } => {
            let account = account::named(registry, &account).await?;
            let right =
                right.right().ok_or_else(|| Fault::Usage("a token needs a right: read, deliver or manage".into()))?;
            let portals = (!portal.is_empty()).then(|| portal.into_iter().collect());
            let wish = TokenWish { name, right, portals, days };
            let made = registry.make_token(&who, account.id, &wish, false).await.map_err(fault)?;
            eprintln!("token {} of `{}`, valid until {}, shown this once:", made.id, account.name, made.ends);
            println!("{}", made.secret.unwrap_or_default());
        }
        What::List { account } => {
            let account = account::named(registry, &account).await?;
            for token in registry.tokens(account.id).await.map_err(Fault::work)? {
                let portals = token.portals.map_or_else(
                    || "all".to_owned(),
                    |portals| portals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                );
                let used = token.used.map_or_else(|| "never".to_owned(), |used| used.to_string());
                let (id, name, right, ends) = (token.id, token.name, token.right.code(), token.ends);
                println!("{id}\t{name}\t{right}\t{portals}\tuntil {ends}\tused {used}");
            }
        }
        What::Revoke { account, id } => {
            let account = account::named(registry, &account).await?;
            registry.revoke_token(&who, account.id, id).await.map_err(fault)?;
        }
    }
    Ok(Exit::Done)
}
