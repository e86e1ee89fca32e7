//! TLS towards citizens: which certificates, and how strict.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::{ranged, socket};

/// Certificates and what is offered with them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Which suites and groups are offered.
    #[serde(default)]
    pub profile: Profile,
    /// Certificates, chosen by the name that a client asks for; the first is for all other names.
    #[serde(deserialize_with = "some_certificates")]
    pub certificates: Vec<CertificateFiles>,
    /// How often it is looked whether one of their files has changed; 0 is never.
    #[serde(default = "crate::number::<10, _>", deserialize_with = "ranged::<0, 86_400, _, _>")]
    pub look_s: u64,
    /// A listener without TLS that only sends pages on to the public address.
    #[serde(default, deserialize_with = "some_socket")]
    pub redirect_from: Option<SocketAddr>,
}

/// What is offered in a TLS handshake. Both: TLS 1.2 and 1.3, forward secrecy, AES-GCM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// ChaCha20-Poly1305 and X25519 as well.
    #[default]
    Modern,
    /// Of what BSI TR-02102-2 lists, all that is there: no ChaCha20-Poly1305, groups secp256r1 and secp384r1, RSA keys of
    /// 3000 bits at least.
    Bsi,
}

/// One certificate; both files are PEM and are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The chain, the certificate of the host first.
    pub certificate: PathBuf,
    /// The key of the first one.
    pub key: PathBuf,
}

fn some_certificates<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<CertificateFiles>, D::Error> {
    let files = Vec::<CertificateFiles>::deserialize(from)?;
    let fault = "expected at least one `{ certificate = \"chain.pem\", key = \"key.pem\" }`";
    if files.is_empty() { Err(D::Error::custom(fault)) } else { Ok(files) }
}

fn some_socket<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    socket(from).map(Some)
}
