//! Sign-in by OpenID Connect: whom we ask who somebody is, and what its claims mean here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

use crate::some_file;

/// A provider of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Its address, exactly as it stands in its tokens (`iss`), with or without `/` at the end; its description lies
    /// below it.
    #[serde(deserialize_with = "issuer")]
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// The file with the secret that it gave us; none where it gave none.
    #[serde(default, deserialize_with = "some_file")]
    pub client_secret_file: Option<PathBuf>,
    /// What people call it, for the button.
    #[serde(default = "name")]
    pub name: String,
    /// What we ask for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim that says who is what, a text or a list of texts; without it the operator alone gives roles.
    #[serde(default)]
    pub role_claim: Option<String>,
    /// The values of that claim and the roles that they give; the highest counts, and without one it is an editor's.
    #[serde(default)]
    pub roles: BTreeMap<String, OidcRole>,
    /// Seconds by which its clock may differ from ours.
    #[serde(default = "crate::number::<60, _>", deserialize_with = "crate::ranged::<0, 300, _, _>")]
    pub clock_skew_s: u32,
}

/// A role that a claim gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OidcRole {
    /// Keeps portals.
    Editor,
    /// Serves many portals.
    Provider,
    /// Runs the Verbund.
    Operator,
}

fn name() -> String {
    "dem Anmeldedienst".to_owned()
}

fn scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).into()
}

/// An address by https; by http only on this machine, where tests have their provider.
fn issuer<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let local = |url: &Url| match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let usable = |url: &Url| {
        (url.scheme() == "https" || (url.scheme() == "http" && local(url)))
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let fault = "no usable issuer, expected an https:// address without query, as it stands in the provider's tokens";
    match Url::parse(&text) {
        Ok(url) if usable(&url) => Ok(text),
        _ => Err(D::Error::custom(fault)),
    }
}
