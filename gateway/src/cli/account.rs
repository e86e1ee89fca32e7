//! `account`: who may sign in, made and mended on the machine itself, also when nobody can sign in any more.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use clap::{Subcommand, ValueEnum};
use connectors::ids::PortalId;
use serde_json::json;

use super::{Exit, Fault};
use crate::registry::{self, Account, AccountChange, AccountError, Registry, Right, Role, Who};

/// What is done with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Makes an account that signs in by a password, which is made and shown once
    Add {
        /// Its name
        name: String,
        /// What it is
        #[arg(long, value_enum)]
        role: RoleArg,
        /// Take the password from stdin instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// All accounts
    List {
        /// As JSON, one account a line, with its rights
        #[arg(long)]
        json: bool,
    },
    /// Lets an account sign in no more and ends its sessions; its tokens are refused
    Lock {
        /// Its name
        name: String,
    },
    /// Lets an account sign in again, also at once after too many failed attempts
    Unlock {
        /// Its name
        name: String,
    },
    /// Gives an account a new password, which is made and shown once, and ends its sessions
    Password {
        /// Its name
        name: String,
        /// Take the password from stdin instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Makes an account an operator, a provider or an editor
    Role {
        /// Its name
        name: String,
        /// What it is
        #[arg(long, value_enum)]
        role: RoleArg,
    },
    /// Gives an account a right on a portal, or takes it away
    Right {
        /// Its name
        name: String,
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// What it may do with it
        #[arg(long, value_enum)]
        right: RightArg,
    },
    /// Removes an account with its rights, sessions and tokens
    Remove {
        /// Its name
        name: String,
    },
}

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    Operator,
    Provider,
    Editor,
}

/// A right, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RightArg {
    Read,
    Deliver,
    Manage,
    None,
}

impl RoleArg {
    fn role(self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Provider => Role::Provider,
            Self::Editor => Role::Editor,
        }
    }
}

impl RightArg {
    pub(super) fn right(self) -> Option<Right> {
        match self {
            Self::Read => Some(Right::Read),
            Self::Deliver => Some(Right::Deliver),
            Self::Manage => Some(Right::Manage),
            Self::None => None,
        }
    }
}

/// Opens the registry of a configuration. One that is not there is made only where something is put into it.
pub(super) async fn open(file: &Path, make: bool) -> Result<Registry, Fault> {
    let config = config::load_main(file).map_err(|error| Fault::Usage(error.to_string()))?;
    let file = config.registry_file();
    if !make && !file.exists() {
        let what = format!("there is no registry at {}; `account add` or `serve` makes it", file.display());
        return Err(Fault::Work(what));
    }
    Registry::open(&file).await.map_err(Fault::work)
}

pub(super) async fn named(registry: &Registry, name: &str) -> Result<Account, Fault> {
    let found = registry.account_named(&name.trim().to_lowercase()).await.map_err(Fault::work)?;
    found.ok_or_else(|| Fault::Usage(AccountError::Unknown(name.to_owned()).to_string()))
}

/// What the caller can mend, and what not.
fn fault(error: AccountError) -> Fault {
    match error {
        AccountError::Hash(_) => Fault::work(error),
        AccountError::Registry(registry::RegistryError::NameTaken(_)) => Fault::Usage(error.to_string()),
        AccountError::Registry(_) => Fault::work(error),
        other => Fault::Usage(other.to_string()),
    }
}

/// A password: the first line of stdin, or a new one, which is to be shown.
fn password(from_stdin: bool) -> Result<(String, bool), Fault> {
    if !from_stdin {
        return Ok((registry::generated().map_err(Fault::work)?, true));
    }
    let mut text = String::new();
    std::io::stdin().lock().take(4_096).read_to_string(&mut text).map_err(Fault::work)?;
    Ok((text.lines().next().unwrap_or_default().to_owned(), false))
}

pub(super) async fn run(file: &Path, what: What) -> Result<Exit, Fault> {
    let registry = open(file, matches!(what, What::Add { .. })).await?;
    let ended = act(&registry, what).await;
    registry.close().await;
    ended
}

async fn act(registry: &Registry, what: What) -> Result<Exit, Fault> {
    let who = Who::command_line();
    match what {
        What::Add { name, role, password_stdin } => {
            let (password, shown) = password(password_stdin)?;
            registry.make_account(&who, &name, role.role(), &password).await.map_err(fault)?;
            if shown {
                eprintln!("the password of `{}`, shown this once:", name.trim().to_lowercase());
                println!("{password}");
            }
        }
        What::List { json } => list(registry, json).await?,
        What::Lock { name } => {
            change(registry, &name, AccountChange { locked: Some(true), ..Default::default() }).await?
        }
        What::Unlock { name } => {
            let account = named(registry, &name).await?;
            registry.end_bar(&who, &account).await.map_err(fault)?;
            change(registry, &name, AccountChange { locked: Some(false), ..Default::default() }).await?;
        }
        What::Password { name, password_stdin } => {
            let account = named(registry, &name).await?;
            let (password, shown) = password(password_stdin)?;
            registry.change_password(&who, &account, None, &password).await.map_err(fault)?;
            if shown {
                eprintln!("the new password of `{}`, shown this once:", account.name);
                println!("{password}");
            }
        }
        What::Role { name, role } => {
            change(registry, &name, AccountChange { role: Some(role.role()), ..Default::default() }).await?;
        }
        What::Right { name, portal, right } => {
            let rights = BTreeMap::from([(portal, right.right())]);
            change(registry, &name, AccountChange { rights, ..Default::default() }).await?;
        }
        What::Remove { name } => {
            let account = named(registry, &name).await?;
            registry.drop_account(&who, account.id).await.map_err(fault)?;
        }
    }
    Ok(Exit::Done)
}

async fn change(registry: &Registry, name: &str, change: AccountChange) -> Result<(), Fault> {
    let account = named(registry, name).await?;
    let who = Who::command_line();
    let (before, after) = registry.change_account(&who, account.id, &change, None, false).await.map_err(fault)?;
    if before == after {
        eprintln!("`{}` is so already; nothing was changed", account.name);
    }
    Ok(())
}

async fn list(registry: &Registry, as_json: bool) -> Result<(), Fault> {
    for account in registry.accounts().await.map_err(Fault::work)? {
        let by = match &account.subject {
            Some((issuer, _)) => issuer.as_str(),
            None => "password",
        };
        let state = if account.locked { "locked" } else { "open" };
        let signed_in = account.signed_in.map(|when| when.to_string());
        if as_json {
            let rights = registry.rights(account.id).await.map_err(Fault::work)?;
            let rights: BTreeMap<_, _> = rights.iter().map(|(portal, right)| (portal.as_str(), right.code())).collect();
            let line = json!({
                "name": account.name, "role": account.role.code(), "by": by, "state": state, "signed_in": signed_in,
                "rights": rights,
            });
            println!("{line}");
        } else {
            let signed_in = signed_in.unwrap_or_else(|| "never".to_owned());
            println!("{}\t{}\t{by}\t{state}\t{signed_in}", account.name, account.role.code());
        }
    }
    Ok(())
}
