//! How a process starts: its configuration, its secrets, its clock and its log.
//!
//! One TOML file says how the process runs; the portals of the Verbund stand beside it in `portale.d`, one file each.
//! There is no layering by environment variables. Every fault names file, line, column, what is wrong and what would
//! be right. Paths in the files are relative to the working directory of the process, not to the file.

pub mod clock;
mod engines;
mod fault;
mod feedback;
mod intake;
mod joining;
mod links;
mod oidc;
mod operator;
mod portals;
mod proxy;
mod registry;
mod report;
mod routes;
pub mod secret;
mod seen;
mod server;
pub mod telemetry;
mod tls;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connectors::egress::Egress;
use connectors::registration::Portal;
use connectors::run::Limits;
use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::de::DeTable;
use url::Url;

pub use engines::{IndexNow, Sitemap};
pub use fault::{ConfigError, ConfigFault};
pub use feedback::Feedback;
pub use intake::Intake;
pub use joining::{Joining, Release};
pub use links::Links;
pub use oidc::{Oidc, OidcRole};
pub use operator::{Accessibility, Conformity, Operator};
pub use proxy::Proxy;
pub use registry::Registry;
pub use report::Report;
pub use routes::{RegistryState, Routes, registry_state};
pub use seen::FilesState;
pub use server::{ForwardedField, Server};
pub use tls::{CertificateFiles, Profile, Tls};

/// What each reason counts in the search, as it is built in; the file `config/ranking.toml`.
pub const RANKING: &str = include_str!("../ranking.toml");

/// The everyday words that are built in, by the names of their files in `config/words`.
pub const WORDS: &[(&str, &str)] = &[
    ("ar", include_str!("../words/ar.tsv")),
    ("de-bauen", include_str!("../words/de-bauen.tsv")),
    ("de-familie", include_str!("../words/de-familie.tsv")),
    ("de-melden", include_str!("../words/de-melden.tsv")),
    ("de-soziales", include_str!("../words/de-soziales.tsv")),
    ("de-verkehr", include_str!("../words/de-verkehr.tsv")),
    ("de-wirtschaft", include_str!("../words/de-wirtschaft.tsv")),
    ("en", include_str!("../words/en.tsv")),
    ("fr", include_str!("../words/fr.tsv")),
    ("it", include_str!("../words/it.tsv")),
    ("pl", include_str!("../words/pl.tsv")),
    ("ru", include_str!("../words/ru.tsv")),
    ("tr", include_str!("../words/tr.tsv")),
    ("uk", include_str!("../words/uk.tsv")),
];

/// The whole configuration of a process; the file `config/portalverbund.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The listeners and their limits.
    pub server: Server,
    /// Certificates towards citizens; without them the public side speaks plain HTTP.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Where records are kept.
    pub store: Store,
    /// Where the search index lies.
    pub index: Index,
    /// How questions are understood.
    #[serde(default)]
    pub search: Search,
    /// What is counted of what people search.
    #[serde(default)]
    pub insights: Insights,
    /// How portals join.
    #[serde(default)]
    pub joining: Joining,
    /// Accounts of editors and operators.
    #[serde(default)]
    pub registry: Registry,
    /// What portals hand in themselves.
    #[serde(default)]
    pub intake: Intake,
    /// Who runs this installation, for the pages that the law asks for.
    #[serde(default)]
    pub operator: Option<Operator>,
    /// What citizens say in the forms of the pages.
    #[serde(default)]
    pub feedback: Feedback,
    /// Whom people sign in with, beside those who have a password here.
    #[serde(default)]
    pub oidc: Option<Oidc>,
    /// How the table of routes is kept.
    #[serde(default)]
    pub routes: Routes,
    /// What may be dialled.
    #[serde(default)]
    pub egress: EgressAllow,
    /// How portals are collected.
    #[serde(default)]
    pub crawl: Crawl,
    /// How the addresses are visited that records name.
    #[serde(default)]
    pub links: Links,
    /// How the lists of all pages are kept, for search engines.
    #[serde(default)]
    pub sitemap: Sitemap,
    /// Who is told of pages that changed.
    #[serde(default)]
    pub indexnow: IndexNow,
    /// How far portals can be restored.
    #[serde(default)]
    pub journal: Journal,
    /// Whom the Prüfbericht asks.
    #[serde(default)]
    pub report: Report,
    /// How portals are proxied.
    #[serde(default)]
    pub proxy: Proxy,
    /// What is kept of portals' answers.
    #[serde(default)]
    pub cache: Cache,
    /// What is logged.
    #[serde(default)]
    pub log: Log,
}

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `sqlite://` and a path. PostgreSQL is not built in yet, and `check` says so.
    #[serde(deserialize_with = "store_url")]
    pub url: String,
}

/// Where the search index lies.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its folder; it can be removed and made anew from the store.
    #[serde(deserialize_with = "folder")]
    pub dir: PathBuf,
}

/// How questions are understood.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// The file of the model that knows meanings; without it the search goes by words alone.
    pub meaning: PathBuf,
    /// A folder of everyday words, `*.tsv`, instead of those that are built in.
    pub words: Option<PathBuf>,
    /// A file of weights instead of those that are built in.
    pub ranking: Option<PathBuf>,
}

impl Default for Search {
    fn default() -> Self {
        Self { meaning: PathBuf::from("data/meaning/e5-small-q4.bin"), words: None, ranking: None }
    }
}

/// What is counted of what people search; never who searched.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Insights {
    /// Whether questions are counted at all.
    pub enabled: bool,
    /// Where the counts are kept; `insights.json` beside the index when none.
    #[serde(deserialize_with = "some_file")]
    pub file: Option<PathBuf>,
    /// How often a question has to be asked before its text is kept or shown. Ten at least.
    #[serde(deserialize_with = "ranged::<10, 10_000, _, _>")]
    pub min_count: u32,
    /// Days that are kept, today included.
    #[serde(deserialize_with = "ranged::<1, 366, _, _>")]
    pub keep_days: u32,
    /// Within this time a question counts once for one client, however often it is asked.
    #[serde(deserialize_with = "ranged::<60, 86_400, _, _>")]
    pub repeat_s: u32,
}

impl Default for Insights {
    fn default() -> Self {
        Self { enabled: true, file: None, min_count: 10, keep_days: 90, repeat_s: 3600 }
    }
}

/// What may be dialled beside public addresses.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressAllow {
    /// Networks.
    #[serde(default)]
    allow: Vec<Network>,
}

impl EgressAllow {
    /// Opens `allow`.
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow: allow.into_iter().map(Network).collect() }
    }

    /// The rule that this makes.
    pub fn rule(&self) -> Egress {
        Egress::new(self.allow.iter().map(|network| network.0).collect())
    }
}

/// What is kept of records that runs change or remove, so that the state before can be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// Runs of each portal, of those that changed something.
    #[serde(deserialize_with = "ranged::<1, 1_000, _, _>")]
    pub keep_runs: u32,
    /// Days after which a run cannot be undone any more.
    #[serde(deserialize_with = "ranged::<1, 3_660, _, _>")]
    pub keep_days: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self { keep_runs: 20, keep_days: 90 }
    }
}

/// How portals are collected.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Crawl {
    /// The internal side of a process that runs `--only indexer`; none when it shows nothing.
    #[serde(deserialize_with = "some_socket")]
    pub internal: Option<SocketAddr>,
    /// Portals that are collected at a time.
    #[serde(deserialize_with = "ranged::<1, 64, _, _>")]
    pub portals: usize,
    /// The threads that collect and index run only when nothing else wants to, such as those that answer citizens.
    pub idle: bool,
    /// Files of one portal that are fetched at a time.
    #[serde(deserialize_with = "ranged::<1, 64, _, _>")]
    pub parallel: usize,
    /// Time to get a connection.
    #[serde(deserialize_with = "ranged::<1, 600, _, _>")]
    pub connect_timeout_s: u64,
    /// Time between two pieces of an answer, and until its first.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub idle_timeout_s: u64,
    /// Time for one whole answer.
    #[serde(deserialize_with = "ranged::<1, 86_400, _, _>")]
    pub timeout_s: u64,
    /// Bytes of an index file.
    #[serde(deserialize_with = "ranged::<1024, 1_073_741_824, _, _>")]
    pub max_index_bytes: u64,
    /// Files that an index may list.
    #[serde(deserialize_with = "ranged::<1, 1_000_000, _, _>")]
    pub max_files: usize,
    /// Bytes of one listed file.
    #[serde(deserialize_with = "ranged::<1024, 1_099_511_627_776, _, _>")]
    pub max_file_bytes: u64,
    /// Bytes of all files of one run.
    #[serde(deserialize_with = "ranged::<1024, 1_099_511_627_776, _, _>")]
    pub max_run_bytes: u64,
    /// Bytes of one envelope of the Bereitstelldienst.
    #[serde(deserialize_with = "ranged::<1024, 1_073_741_824, _, _>")]
    pub max_envelope_bytes: u64,
    /// Blocks of the Bereitstelldienst in one run.
    #[serde(deserialize_with = "ranged::<1, 1_000_000_000, _, _>")]
    pub max_blocks: u64,
    /// How often one request is made before the run is given up.
    #[serde(deserialize_with = "ranged::<1, 20, _, _>")]
    pub max_tries: u32,
    /// Wait before the second try; it doubles with each further one.
    #[serde(deserialize_with = "ranged::<1, 60_000, _, _>")]
    pub retry_wait_ms: u64,
    /// The longest wait within a run, `Retry-After` included.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub max_wait_s: u64,
    /// Pages of a site that one run reads.
    #[serde(deserialize_with = "ranged::<1, 200_000, _, _>")]
    pub max_pages: usize,
    /// Bytes of one page.
    #[serde(deserialize_with = "ranged::<1024, 67_108_864, _, _>")]
    pub max_page_bytes: u64,
    /// The least time between two requests for the pages of one host; robots.txt can ask for more.
    #[serde(deserialize_with = "ranged::<0, 60_000, _, _>")]
    pub page_interval_ms: u64,
    /// Days after which a page that is gone has to be found so once more before its records go.
    #[serde(deserialize_with = "ranged::<0, 365, _, _>")]
    pub gone_after_days: u64,
}

impl Default for Crawl {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            internal: None,
            portals: 2,
            idle: true,
            parallel: 4,
            connect_timeout_s: 5,
            idle_timeout_s: 30,
            timeout_s: 600,
            max_index_bytes: limits.max_index_bytes,
            max_files: limits.max_files,
            max_file_bytes: limits.max_file_bytes,
            max_run_bytes: limits.max_run_bytes,
            max_envelope_bytes: limits.max_envelope_bytes,
            max_blocks: limits.max_blocks,
            max_tries: limits.max_tries,
            retry_wait_ms: limits.retry_wait.as_millis() as u64,
            max_wait_s: limits.max_wait.as_secs(),
            max_pages: limits.max_pages,
            max_page_bytes: limits.max_page_bytes,
            page_interval_ms: limits.pace.as_millis() as u64,
            gone_after_days: limits.gone_after.as_secs() / 86_400,
        }
    }
}

impl Crawl {
    /// The bounds of one run.
    pub fn limits(&self) -> Limits {
        Limits {
            max_index_bytes: self.max_index_bytes,
            max_files: self.max_files,
            max_file_bytes: self.max_file_bytes,
            max_run_bytes: self.max_run_bytes,
            max_envelope_bytes: self.max_envelope_bytes,
            max_blocks: self.max_blocks,
            max_tries: self.max_tries,
            retry_wait: Duration::from_millis(self.retry_wait_ms),
            max_wait: Duration::from_secs(self.max_wait_s),
            max_pages: self.max_pages,
            max_page_bytes: self.max_page_bytes,
            pace: Duration::from_millis(self.page_interval_ms),
            gone_after: Duration::from_hours(self.gone_after_days * 24),
        }
    }
}

/// What is kept of the answers of portals whose routes say `cache`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Bytes in all, heads included; 0 keeps nothing.
    #[serde(deserialize_with = "ranged::<0, 1_099_511_627_776, _, _>")]
    pub max_bytes: usize,
    /// Bytes of one body; a larger one streams through.
    #[serde(deserialize_with = "ranged::<0, 1_073_741_824, _, _>")]
    pub max_object_bytes: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_object_bytes: 8 << 20 }
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A level (`error`, `warn`, `info`, `debug`, `trace`) or a list such as `warn,indexer=debug`.
    #[serde(deserialize_with = "log_filter")]
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into() }
    }
}

impl Config {
    /// Reads `text`, which is the content of `file`.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigFault> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigFault::from_toml(file, text, &error))?;
        if config.server.listen == config.server.internal && config.server.listen.port() != 0 {
            let at = value_span(text, "server", "internal").unwrap_or(0..0);
            let message = "the internal listener has the address of the public one, expected another port";
            return Err(ConfigFault::at(file, text, at, message));
        }
        if let Some((table, key, message)) = config.contradiction() {
            return Err(ConfigFault::at(file, text, value_span(text, table, key).unwrap_or(0..0), message));
        }
        Ok(config)
    }

    /// Values that are right by themselves and not together: table, key, and what would be right.
    fn contradiction(&self) -> Option<(&'static str, &'static str, &'static str)> {
        if self.server.proxy_protocol && self.server.trusted.is_empty() {
            let message = "nobody may send the PROXY protocol, expected the networks of the load balancer in `trusted`";
            return Some(("server", "proxy_protocol", message));
        }
        if !self.indexnow.endpoints.is_empty() && self.indexnow.key.is_none() {
            return Some(("indexnow", "endpoints", "nobody is told without a key, expected `key` beside it"));
        }
        let tls = self.tls.as_ref()?;
        if self.server.public_url.scheme() != "https" {
            let message = "citizens reach this address by TLS, because there is `[tls]`: expected https://";
            return Some(("server", "public_url", message));
        }
        let taken = [self.server.listen, self.server.internal];
        if tls.redirect_from.is_some_and(|from| from.port() != 0 && taken.contains(&from)) {
            let message = "another listener has this address, expected another port such as `0.0.0.0:80`";
            return Some(("tls", "redirect_from", message));
        }
        None
    }

    /// Where the counts of questions are kept: where the configuration says, else beside the index.
    pub fn insights_file(&self) -> PathBuf {
        self.insights.file.clone().unwrap_or_else(|| self.beside_index("insights.json"))
    }

    /// Where the last good registry is kept: where the configuration says, else beside the index.
    pub fn routes_file(&self) -> PathBuf {
        self.routes.file.clone().unwrap_or_else(|| self.beside_index("routes.json"))
    }

    /// Where accounts and the audit trail are kept: where the configuration says, else beside the store.
    pub fn registry_file(&self) -> PathBuf {
        let beside_store = || {
            let store = Path::new(self.store.url.strip_prefix("sqlite://").unwrap_or(&self.store.url));
            store.with_file_name("registry.db")
        };
        self.registry.file.clone().unwrap_or_else(beside_store)
    }

    /// Where the lists of all pages are kept: beside the index.
    pub fn sitemaps_dir(&self) -> PathBuf {
        self.beside_index("sitemaps")
    }

    /// Where is kept what search engines are to be told and were told: beside the index.
    pub fn announce_dir(&self) -> PathBuf {
        self.beside_index("announce")
    }

    fn beside_index(&self, name: &str) -> PathBuf {
        self.index.dir.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Where fetched files are kept between two runs: beside the index.
    pub fn spool_dir(&self) -> PathBuf {
        self.beside_index("spool")
    }
}

/// Everything that `serve` starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The portals that can be used, by id.
    pub portals: Vec<Portal>,
    /// Why other portals cannot be used; each fault disables the portal of its file.
    pub faults: Vec<ConfigFault>,
    /// What will not work as it is written, though the portal can be used.
    pub warnings: Vec<ConfigFault>,
    /// There is no folder of portals, which is not the same as an empty one.
    pub no_registry: bool,
}

/// Loads `file` without the portals beside it.
pub fn load_main(file: &Path) -> Result<Config, ConfigError> {
    let text = fs::read_to_string(file).map_err(|source| ConfigError::Read { file: file.to_owned(), source })?;
    Ok(Config::parse(file, &text)?)
}

/// Reads the portal in a file, or every one in a folder of such files, and what is wrong with those that cannot be used.
pub fn read_portals(path: &Path, egress: &Egress) -> Result<(Vec<Portal>, Vec<ConfigFault>), ConfigError> {
    let found =
        if path.is_dir() { portals::load(path, egress)? } else { portals::load_files(vec![path.to_owned()], egress) };
    Ok((found.portals, found.faults))
}

/// Loads `file` and the portals in `portale.d` beside it.
///
/// Fails when the file or the folder cannot be read or the file is wrong. A wrong file of a portal is a fault in the
/// answer; a missing folder is a Verbund without portals.
pub fn load(file: &Path) -> Result<Loaded, ConfigError> {
    let config = load_main(file)?;
    let found = portals::load(&routes::folder(file), &config.egress.rule())?;
    let portals::Found { portals, faults, warnings, missing } = found;
    Ok(Loaded { config, portals, faults, warnings, no_registry: missing })
}

/// Where the value of `key` in `table` stands.
fn value_span(text: &str, table: &str, key: &str) -> Option<std::ops::Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    Some(document.get_ref().get(table)?.get_ref().as_table()?.get(key)?.span())
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Network(IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("`{text}` is no network, expected an address and a length such as `10.0.0.0/8`");
        text.parse().map(Self).map_err(|_| fault())
    }
}

fn number<const VALUE: u64, T: TryFrom<u64>>() -> T {
    T::try_from(VALUE).unwrap_or_else(|_| unreachable!("every default fits its type"))
}

fn ranged<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>, T: TryFrom<u64>>(from: D) -> Result<T, D::Error> {
    let value = i64::deserialize(from)?;
    u64::try_from(value)
        .ok()
        .filter(|value| (MIN..=MAX).contains(value))
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(|| D::Error::custom(format!("{value} is out of range, expected {MIN} to {MAX}")))
}

fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    Ok(Vec::<Network>::deserialize(from)?.into_iter().map(|network| network.0).collect())
}

fn socket<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    let fault = || format!("`{text}` is no address to listen on, expected an IP address and a port: `127.0.0.1:8080`");
    text.parse().map_err(|_| D::Error::custom(fault()))
}

fn some_socket<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    socket(from).map(Some)
}

fn origin<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let fault = "no usable address, expected http:// or https://, a host, perhaps a port, and no path";
    Url::parse(&text).ok().filter(usable).ok_or_else(|| D::Error::custom(fault))
}

fn store_url<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.strip_prefix("sqlite:").is_some_and(|path| !path.trim_start_matches('/').is_empty()) {
        return Ok(text);
    }
    // The address is not repeated: one of another kind may hold a password.
    Err(D::Error::custom("no usable store, expected `sqlite://data/portalverbund.db`; PostgreSQL is not built in yet"))
}

fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(from)?;
    if path.file_name().is_some() { Ok(path) } else { Err(D::Error::custom("expected the path of a folder")) }
}

fn some_file<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(from)?;
    if path.file_name().is_some() { Ok(Some(path)) } else { Err(D::Error::custom("expected the path of a file")) }
}

fn log_filter<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    telemetry::parse_filter(&text).map_err(D::Error::custom)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
