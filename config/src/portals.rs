//! The portals of the Verbund, one file each. What is wrong with one of them stays with that one.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use connectors::egress::Egress;
use connectors::registration::{Connector, ConnectorKind, Destination, Does, Portal, Route, RouteKind, Tail};
use toml::de::DeTable;
use url::Url;

use crate::fault::{ConfigError, ConfigFault};
use crate::secret::Secret;

/// The most bytes of a portal's file.
const MAX_BYTES: u64 = 1 << 20;

/// The portals of a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) portals: Vec<Portal>,
    pub(crate) faults: Vec<ConfigFault>,
    pub(crate) warnings: Vec<ConfigFault>,
    /// There is no folder.
    pub(crate) missing: bool,
}

/// Reads every `*.toml` in `folder`, in the order of their names. Of two portals with one route the later is disabled.
pub(crate) fn load(folder: &Path, egress: &Egress) -> Result<Found, ConfigError> {
    let files = files(folder)?;
    let missing = files.is_none();
    Ok(Found { missing, ..load_files(files.unwrap_or_default(), egress) })
}

/// Reads these files in this order.
pub(crate) fn load_files(files: Vec<PathBuf>, egress: &Egress) -> Found {
    let mut found = Found::default();
    let mut routes: HashMap<String, PathBuf> = HashMap::new();
    for file in files {
        let read = read(&file).and_then(|text| Ok((parse(&file, &text)?, text)));
        let taken = read.and_then(|(portal, text)| {
            check_destinations(&file, &text, &portal)?;
            check_routes(&file, &text, &portal, &mut routes)?;
            Ok((portal, text))
        });
        match taken {
            Ok((portal, text)) => {
                found.warnings.extend(warnings(&file, &text, &portal, egress));
                found.portals.push(portal);
            }
            Err(fault) => found.faults.push(fault),
        }
    }
    found
}

/// The files of the portals by name; none when there is no folder.
pub(crate) fn files(folder: &Path) -> Result<Option<Vec<PathBuf>>, ConfigError> {
    let failed = |source| ConfigError::Registry { folder: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().extension().is_some_and(|extension| extension == "toml") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(Some(files))
}

fn read(file: &Path) -> Result<String, ConfigFault> {
    let whole = |message: String| ConfigFault::whole(file, message);
    let size = fs::metadata(file).map_err(|error| whole(format!("cannot be read: {error}")))?;
    if !size.is_file() {
        return Err(whole("is no file".into()));
    }
    if size.len() > MAX_BYTES {
        return Err(whole(format!("has {} bytes, expected at most {MAX_BYTES}", size.len())));
    }
    let bytes = fs::read(file).map_err(|error| whole(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        ConfigFault::at(file, &text, good..good, "is not in UTF-8")
    })
}

fn parse(file: &Path, text: &str) -> Result<Portal, ConfigFault> {
    let from_toml = |error: toml::de::Error| ConfigFault::from_toml(file, text, &error);
    let document = DeTable::parse(text).map_err(from_toml)?;
    check_connector_keys(file, text, document.get_ref())?;
    check_route_keys(file, text, document.get_ref())?;
    let portal: Portal = toml::from_str(text).map_err(from_toml)?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if stem != portal.id.as_str() {
        let at = document.get_ref().get("id").map_or(0..0, |id| id.span());
        let message = format!("the id is `{}`, but the file is not called `{}.toml`", portal.id, portal.id);
        return Err(ConfigFault::at(file, text, at, message));
    }
    Ok(portal)
}

/// Points at a key of the connector that its kind does not have; a reader of the whole could only name the table.
fn check_connector_keys(file: &Path, text: &str, document: &DeTable<'_>) -> Result<(), ConfigFault> {
    let Some(connector) = document.get("connector").and_then(|value| value.get_ref().as_table()) else {
        return Ok(());
    };
    let name = connector.get("kind").and_then(|kind| kind.get_ref().as_str());
    let Some(kind) = name.and_then(|name| ConnectorKind::try_from(name.to_owned()).ok()) else { return Ok(()) };
    let foreign = |key: &str| key != "kind" && !kind.keys().contains(&key);
    match connector.keys().filter(|key| foreign(key.get_ref())).min_by_key(|key| key.span().start) {
        Some(key) => {
            let message = format!("`{}` does not belong to kind `{}`", key.get_ref(), kind.name());
            let message = format!("{message}, expected {}", expected(kind.keys()));
            Err(ConfigFault::at(file, text, key.span(), message))
        }
        None => Ok(()),
    }
}

fn expected(keys: &[&str]) -> String {
    let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    if keys.is_empty() { "no key beside `kind`".to_owned() } else { keys }
}

/// The same for the routes.
fn check_route_keys(file: &Path, text: &str, document: &DeTable<'_>) -> Result<(), ConfigFault> {
    let Some(routes) = document.get("route").and_then(|value| value.get_ref().as_array()) else { return Ok(()) };
    for route in routes.iter().filter_map(|route| route.get_ref().as_table()) {
        let name = route.get("kind").map_or(Some("proxy"), |kind| kind.get_ref().as_str());
        let Some(kind) = name.and_then(|name| RouteKind::try_from(name.to_owned()).ok()) else { continue };
        let of_another = |key: &str| {
            let known =
                [RouteKind::Proxy, RouteKind::Redirect, RouteKind::Gone].iter().any(|k| k.keys().contains(&key));
            known && !kind.keys().contains(&key)
        };
        if let Some(key) = route.keys().filter(|key| of_another(key.get_ref())).min_by_key(|key| key.span().start) {
            let message = format!("`{}` does not belong to kind `{}`", key.get_ref(), kind.name());
            let message = format!("{message}, expected {}", expected(kind.keys()));
            return Err(ConfigFault::at(file, text, key.span(), message));
        }
    }
    Ok(())
}

/// Refuses destinations on hosts that the portal did not register, and forwarding without a way in.
fn check_destinations(file: &Path, text: &str, portal: &Portal) -> Result<(), ConfigFault> {
    for (at, route) in portal.routes.iter().enumerate() {
        let Some((key, Destination::Address(url))) = route.does.destination() else { continue };
        if !portal.may_hand_over_to(url) {
            let host = url.host_str().unwrap_or_default();
            let message = format!("citizens may not be led to `{host}`, expected a host that stands in `hosts`");
            return Err(ConfigFault::at(file, text, route_span(text, at, key), message));
        }
    }
    if portal.responsible.is_some() && portal.way_in().is_none() {
        let at = crate::value_span(text, "responsible", "path").unwrap_or(0..0);
        let message = "nothing can be forwarded without a route of kind `proxy` with `prefix` or `host`, expected one";
        return Err(ConfigFault::at(file, text, at, message));
    }
    Ok(())
}

/// Takes the routes of `portal`, unless one of them is taken.
fn check_routes(
    file: &Path,
    text: &str,
    portal: &Portal,
    routes: &mut HashMap<String, PathBuf>,
) -> Result<(), ConfigFault> {
    let mut own = HashMap::new();
    for (at, route) in portal.routes.iter().enumerate() {
        let name = route_name(route);
        let holder = routes.get(&name).or_else(|| own.get(&name));
        if let Some(holder) = holder {
            let place = route_span(text, at, place_key(route));
            let message = format!(
                "the route `{}` is taken by {}, expected another one",
                name.trim_start_matches('='),
                holder.display()
            );
            return Err(ConfigFault::at(file, text, place, message));
        }
        own.insert(name, file.to_owned());
    }
    routes.extend(own);
    Ok(())
}

fn route_name(route: &Route) -> String {
    // An exact path and a prefix of the same spelling are two routes.
    let exact = if route.tail == Tail::Exact { "=" } else { "" };
    format!("{exact}{}{}", route.host.as_deref().unwrap_or_default(), route.path)
}

/// The key that says most exactly where a route stands.
fn place_key(route: &Route) -> &'static str {
    match (route.tail, route.path.as_str()) {
        (Tail::Exact, _) => "path",
        (Tail::Below, "") => "host",
        (Tail::Below, _) => "prefix",
    }
}

/// What the portal will run into: addresses that are not dialled, a secret that cannot be read.
fn warnings(file: &Path, text: &str, portal: &Portal, egress: &Egress) -> Vec<ConfigFault> {
    let mut found = Vec::new();
    let mut dialled = |url: &Url, at: Range<usize>| {
        if let Err(refused) = egress.check_url(url) {
            found.push(ConfigFault::at(file, text, at, refused.to_string()));
        }
    };
    if let Some(url) = portal.connector.url() {
        dialled(url, connector_span(text, "url"));
    }
    if let Connector::Bereitstelldienst { token_url: Some(url), .. } = &portal.connector {
        dialled(url, connector_span(text, "token_url"));
    }
    for (at, route) in portal.routes.iter().enumerate() {
        let Does::Proxy { upstream, .. } = &route.does else { continue };
        for url in upstream {
            dialled(url, route_span(text, at, "upstream"));
        }
    }
    if let Connector::Bereitstelldienst { client_secret_file: Some(secret), .. } = &portal.connector
        && let Err(error) = Secret::read(secret)
    {
        found.push(ConfigFault::at(file, text, connector_span(text, "client_secret_file"), error.to_string()));
    }
    found
}

fn connector_span(text: &str, key: &str) -> Range<usize> {
    crate::value_span(text, "connector", key).unwrap_or(0..0)
}

/// Where `key` of route number `at` stands.
fn route_span(text: &str, at: usize, key: &str) -> Range<usize> {
    let span = |document: &DeTable<'_>| {
        let route = document.get("route")?.get_ref().as_array()?.get(at)?;
        Some(route.get_ref().as_table()?.get(key)?.span())
    };
    DeTable::parse(text).ok().and_then(|document| span(document.get_ref())).unwrap_or(0..0)
}
