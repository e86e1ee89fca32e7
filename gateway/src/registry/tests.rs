use std::sync::Arc;

use arc_swap::ArcSwap;
use config::{Config, clock};
use connectors::registration::Portal;
use indexer::crawl::Fetcher;
use indexer::run::{Indexer, Setup};

use super::*;
use crate::insights::Insights;
use crate::pages::Site;

/// A desk on an empty index and a registry of its own, both in the folder.
pub(crate) async fn desk(portals: Vec<Portal>) -> (tempfile::TempDir, Desk) {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
         [store]\nurl = \"sqlite://{}\"\n[index]\ndir = {:?}\n[egress]\nallow = [\"127.0.0.0/8\"]\n",
        dir.path().join("portalverbund.db").display(),
        dir.path().join("index"),
    );
    let config = Config::parse(std::path::Path::new("test"), &text).unwrap();
    let shown = config::telemetry::registry();
    let setup = Setup {
        store_url: config.store.url.clone(),
        index_dir: config.index.dir.clone(),
        spool_dir: config.spool_dir(),
        portals: portals.clone(),
        fetcher: Fetcher::new(&config).unwrap(),
        metrics: indexer::metrics::Metrics::new(&shown).unwrap(),
        journal: config.journal,
    };
    let indexer = Arc::new(Indexer::open(setup).await.unwrap());
    let counted = Arc::new(crate::metrics::Metrics::new(shown).unwrap());
    let site = Site {
        catalog: indexer.catalog(),
        public_url: config.server.public_url.clone(),
        insights: Arc::new(Insights::open(&config, counted, clock::now())),
        reports: Arc::default(),
        sitemaps: crate::sitemap::Sitemaps::none(config.server.public_url.clone()),
    };
    let registry = Registry::open(&config.registry_file()).await.unwrap();
    let fetcher = Arc::new(Fetcher::new(&config).unwrap());
    let portals = Arc::new(ArcSwap::from_pointee(portals));
    (dir, Desk::new(registry, site, Some(indexer), portals, Arc::new(config), fetcher).unwrap())
}

/// Somebody of this role with these rights, signed in: the value of `Cookie`, and the word for forms.
pub(crate) async fn signed_in(desk: &Desk, name: &str, role: Role, rights: &[(&str, Right)]) -> (String, String) {
    let account = account(desk, name, role, rights).await;
    let secret = secrets::random().unwrap();
    let mut tx = desk.registry.begin().await.unwrap();
    let oldest = tx.now - desk.sessions.whole;
    tx.open_session(&secrets::hash(&secret), account, None, oldest).await.unwrap();
    tx.commit().await.unwrap();
    (format!("{}={secret}", desk.cookie), secrets::csrf(&secret))
}

/// A token of an account with these rights, valid for so many hours: the value of `Authorization`.
pub(crate) async fn with_token(
    desk: &Desk,
    name: &str,
    role: Role,
    rights: &[(&str, Right)],
    right: Right,
    hours: i64,
) -> String {
    let account = account(desk, name, role, rights).await;
    let secret = secrets::token().unwrap();
    let mut tx = desk.registry.begin().await.unwrap();
    let ends = tx.now + jiff::SignedDuration::from_hours(hours);
    let new = NewToken { account, name: "t".into(), right, portals: None, ends };
    tx.add_token(&new, &secrets::hash(&secret)).await.unwrap();
    tx.commit().await.unwrap();
    format!("Bearer {secret}")
}

/// The account of this name, made when it is not there; its number.
async fn account(desk: &Desk, name: &str, role: Role, rights: &[(&str, Right)]) -> i64 {
    if let Some(known) = desk.registry.account_named(name).await.unwrap() {
        return known.id;
    }
    let mut tx = desk.registry.begin().await.unwrap();
    let new = NewAccount { name: name.into(), role, password: None, subject: None };
    let id = tx.add_account(&new).await.unwrap();
    for (portal, right) in rights {
        tx.set_right(id, &portal.parse().unwrap(), Some(*right)).await.unwrap();
    }
    tx.commit().await.unwrap();
    id
}

/// Somebody with an account of this role, as a session makes them.
pub(crate) async fn somebody(registry: &Registry, name: &str, role: Role) -> Who {
    let mut tx = registry.begin().await.unwrap();
    let new = NewAccount { name: name.into(), role, password: None, subject: None };
    let account = tx.add_account(&new).await.unwrap();
    tx.commit().await.unwrap();
    let by = who::By::Session { hash: String::new(), csrf: String::new() };
    Who { account, name: name.into(), role, rights: Default::default(), by, network: None }
}

mod walk;
