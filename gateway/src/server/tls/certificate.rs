//! One certificate and its key, read from their files and looked at before they are used.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::{CertificateFiles, Profile};
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use super::provider;

/// Most bytes of a file of certificates or a key.
const MAX_BYTES: u64 = 1 << 20;
/// RSA (RFC 8017, appendix C).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Bits of an RSA key at least, in profile `bsi` (BSI TR-02102-2).
const MIN_RSA_BITS: usize = 3000;

/// Why a certificate cannot be used, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// A file cannot be read.
    #[error("cannot read {}: {source}; expected a PEM file that this process may read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No certificate is in the file.
    #[error("{} holds no certificate, expected PEM with `BEGIN CERTIFICATE`, the one of the host first", .0.display())]
    NoCertificate(PathBuf),
    /// No key is in the file.
    #[error("{} holds no key, expected PEM with `BEGIN PRIVATE KEY`, not encrypted", .0.display())]
    NoKey(PathBuf),
    /// What is in the file cannot be understood.
    #[error("{} cannot be used: {reason}; expected a certificate (X.509) and its key of RSA, ECDSA or Ed25519", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// Certificate and key are not a pair.
    #[error("the key in {} is not that of the certificate in {}, expected the two that belong together", key.display(), certificate.display())]
    NoPair {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The key is too short for the profile.
    #[error("{} has an RSA key of {bits} bits, expected {MIN_RSA_BITS} at least in profile `bsi`, or ECDSA", file.display())]
    Weak {
        /// The certificate.
        file: PathBuf,
        /// Bits of its modulus.
        bits: usize,
    },
    /// It is for no name.
    #[error("{} is for no host, expected names of hosts in `subjectAltName`", .0.display())]
    NoNames(PathBuf),
    /// It is not valid at the moment.
    #[error("{} is valid from {from} to {until}, and not now; expected one that is renewed", file.display())]
    NotNow {
        /// The certificate.
        file: PathBuf,
        /// Since when it is valid.
        from: Timestamp,
        /// Until when it is valid.
        until: Timestamp,
    },
}

/// A certificate that can be used.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// Names of hosts, in lower case; `*.` at the beginning stands for one label.
    pub(super) names: Vec<String>,
    /// Seconds since 1970.
    pub(super) not_before: u64,
    /// Seconds since 1970.
    pub(super) not_after: u64,
}

impl Certificate {
    /// Reads and checks it; whether it is valid now is not asked. Blocks on the disk.
    pub fn read(files: &CertificateFiles, profile: Profile) -> Result<Self, CertificateFault> {
        let file = &files.certificate;
        let malformed = |file: &Path, reason: String| CertificateFault::Malformed { file: file.to_owned(), reason };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(file)?)
            .collect::<Result<_, _>>()
            .map_err(|error| malformed(file, error.to_string()))?;
        let first = chain.first().ok_or_else(|| CertificateFault::NoCertificate(file.clone()))?;
        let parsed = x509_cert::Certificate::from_der(first).map_err(|error| malformed(file, error.to_string()))?;
        let parsed = parsed.tbs_certificate;
        if let Some(bits) = rsa_bits(&parsed.subject_public_key_info)
            && profile == Profile::Bsi
            && bits < MIN_RSA_BITS
        {
            return Err(CertificateFault::Weak { file: file.clone(), bits });
        }
        let names = parsed.get::<SubjectAltName>().map_err(|error| malformed(file, error.to_string()))?;
        let names = names.into_iter().flat_map(|(_, names)| names.0).filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
            _ => None,
        });
        let names: Vec<_> = names.collect();
        if names.is_empty() {
            return Err(CertificateFault::NoNames(file.clone()));
        }
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
        let (not_before, not_after) = (seconds(parsed.validity.not_before), seconds(parsed.validity.not_after));
        let no_key = |_| CertificateFault::NoKey(files.key.clone());
        let key = PrivateKeyDer::from_pem_slice(&Zeroizing::new(read(&files.key)?)).map_err(no_key)?;
        let certified = CertifiedKey::from_der(chain, key, &provider(profile)).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                CertificateFault::NoPair { certificate: file.clone(), key: files.key.clone() }
            }
            error => malformed(&files.key, error.to_string()),
        })?;
        Ok(Self { key: Arc::new(certified), names, not_before, not_after })
    }

    /// That it is not valid at `now`.
    pub fn not_now(&self, files: &CertificateFiles, now: Timestamp) -> Option<CertificateFault> {
        let time = |seconds: u64| i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let (from, until) = (time(self.not_before)?, time(self.not_after)?);
        let file = files.certificate.clone();
        (now < from || now > until).then_some(CertificateFault::NotNow { file, from, until })
    }

    /// True when everybody on this machine may read the key.
    pub fn is_open_to_all(files: &CertificateFiles) -> bool {
        std::fs::metadata(&files.key).is_ok_and(|known| known.permissions().mode() & 0o004 != 0)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CertificateFault> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| {
            // Room for all of it, so that growing leaves no copy of a key behind.
            bytes.reserve(usize::try_from(open.metadata()?.len().min(MAX_BYTES)).unwrap_or_default() + 64);
            open.take(MAX_BYTES).read_to_end(&mut bytes)
        })
        .map_err(|source| CertificateFault::Read { file: file.to_owned(), source })?;
    Ok(bytes)
}

/// Bits of the modulus, when it is an RSA key that can be read (RFC 8017, appendix A.1.1).
fn rsa_bits(key: &SubjectPublicKeyInfoOwned) -> Option<usize> {
    if key.algorithm.oid != RSA {
        return None;
    }
    let mut reader = SliceReader::new(key.subject_public_key.as_bytes()?).ok()?;
    let modulus = reader.sequence(|parts| {
        let modulus = UintRef::decode(parts)?;
        UintRef::decode(parts).map(|_| modulus)
    });
    let bytes = modulus.ok()?.as_bytes().to_owned();
    Some(bytes.len() * 8 - bytes.first()?.leading_zeros() as usize)
}
