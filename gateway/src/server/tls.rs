//! TLS towards citizens: which certificate answers, what is offered with it, and certificates that change while we serve.
//!
//! Certificates are chosen by the name that the client asks for (SNI). One that cannot be used costs only itself: its last
//! good one stays in use, and the others with it. No 0-RTT, no sessions on the server: a session is resumed by its ticket,
//! whose key lives twelve hours at most. Sources: BSI TR-02102-2; RFC 6066, section 3; RFC 6125, section 6.4.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::{CertificateFiles, FilesState, Profile, Tls, clock};
use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

mod certificate;

pub use certificate::{Certificate, CertificateFault};

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate can be used.
    #[error("no certificate of [tls] can be used: {0}")]
    NoneUsable(String),
    /// The cryptography does not offer what the profile asks for: a fault of ours.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The certificates in use.
pub struct Certificates {
    profile: Profile,
    files: Vec<CertificateFiles>,
    /// As the files were just before they were first read.
    state: FilesState,
    /// What is in use, in the order of `files`; none where nothing good was ever read.
    loaded: Mutex<Vec<Option<Certificate>>>,
    chosen: Arc<ArcSwap<Chosen>>,
    metrics: Arc<Metrics>,
}

impl Certificates {
    /// Reads what `tls` names. One that cannot be used is logged and left out. Blocks on the disk.
    ///
    /// # Errors
    /// When none can be used.
    pub fn open(tls: &Tls, metrics: Arc<Metrics>, now: Timestamp) -> Result<Self, TlsError> {
        let state = FilesState::of(paths(&tls.certificates));
        let mut faults = Vec::new();
        let read = tls.certificates.iter().map(|files| match Certificate::read(files, tls.profile) {
            Ok(certificate) => {
                metrics.certificate_used(&label(files), certificate.not_after as f64);
                if let Some(fault) = certificate.not_now(files, now) {
                    tracing::error!(%fault, "a certificate is used although it is not valid now");
                }
                Some(certificate)
            }
            Err(fault) => {
                metrics.certificate_failed(&label(files));
                tracing::error!(%fault, "a certificate is left out");
                faults.push(fault.to_string());
                None
            }
        });
        let loaded: Vec<_> = read.collect();
        if loaded.iter().all(Option::is_none) {
            return Err(TlsError::NoneUsable(faults.join("; ")));
        }
        let chosen = Arc::new(ArcSwap::from_pointee(Chosen::of(&loaded)));
        let files = tls.certificates.clone();
        Ok(Self { profile: tls.profile, files, state, loaded: Mutex::new(loaded), chosen, metrics })
    }

    /// Reads all files again and takes what is good into use, for connections that come; blocks on the disk.
    ///
    /// What cannot be used, or is not valid now while the old one is, leaves the old one in its place.
    pub fn reload(&self, now: Timestamp) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for (files, place) in self.files.iter().zip(loaded.iter_mut()) {
            let read = Certificate::read(files, self.profile).and_then(|certificate| {
                let old_is_better = place.as_ref().is_some_and(|old| old.not_now(files, now).is_none());
                match certificate.not_now(files, now) {
                    Some(fault) if old_is_better => Err(fault),
                    _ => Ok(certificate),
                }
            });
            match read {
                Ok(certificate) => {
                    self.metrics.certificate_used(&label(files), certificate.not_after as f64);
                    tracing::info!(certificate = label(files), "read a certificate again");
                    *place = Some(certificate);
                }
                Err(fault) => {
                    self.metrics.certificate_failed(&label(files));
                    let kept = place.is_some();
                    tracing::error!(%fault, kept, "a new certificate cannot be used; the old one stays where there is one");
                }
            }
        }
        self.chosen.store(Arc::new(Chosen::of(&loaded)));
    }

    /// Reloads whenever one of the files has changed and then stayed the same for `look`, until `stop`.
    pub async fn watch(self: Arc<Self>, look: Duration, stop: CancellationToken) {
        let (mut read, mut seen) = (self.state.clone(), self.state.clone());
        while stop.run_until_cancelled(tokio::time::sleep(look)).await.is_some() {
            let certificates = Arc::clone(&self);
            let (was_read, was_seen) = (read.clone(), seen.clone());
            let looked = tokio::task::spawn_blocking(move || {
                let now = FilesState::of(paths(&certificates.files));
                if now == was_read || now != was_seen {
                    return (was_read, now);
                }
                certificates.reload(clock::now());
                (now.clone(), now)
            });
            match looked.await {
                Ok(states) => (read, seen) = states,
                Err(error) => tracing::error!(%error, "the reading of certificates ended by a panic"),
            }
        }
    }

    /// What connections are accepted with.
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider(self.profile)))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(Arc::clone(&self.chosen))));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config.max_early_data_size = 0;
        config.require_ems = true;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn paths(files: &[CertificateFiles]) -> impl Iterator<Item = PathBuf> {
    files.iter().flat_map(|files| [files.certificate.clone(), files.key.clone()])
}

/// What a certificate is called in metrics: its file, as the configuration names it.
fn label(files: &CertificateFiles) -> String {
    files.certificate.display().to_string()
}

/// Suites and groups of a profile.
pub(super) fn provider(profile: Profile) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if profile == Profile::Bsi {
        let chacha = [
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ];
        provider.cipher_suites.retain(|suite| !chacha.contains(&suite.suite()));
        provider.kx_groups = vec![aws_lc_rs::kx_group::SECP256R1, aws_lc_rs::kx_group::SECP384R1];
    }
    provider
}

/// Which certificate answers which name.
#[derive(Debug)]
struct Chosen {
    /// By names as certificates write them, in lower case: `a.example`, `*.a.example`.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// For all other names, and for clients that ask for none: the first one, then the others.
    all: Vec<Arc<CertifiedKey>>,
}

impl Chosen {
    fn of(loaded: &[Option<Certificate>]) -> Self {
        let mut chosen = Self { by_name: HashMap::new(), all: Vec::new() };
        for certificate in loaded.iter().flatten() {
            chosen.all.push(Arc::clone(&certificate.key));
            for name in &certificate.names {
                chosen.by_name.entry(name.clone()).or_default().push(Arc::clone(&certificate.key));
            }
        }
        chosen
    }

    /// The first that fits the name and that the client can verify; else the first of all.
    fn find(&self, name: Option<&str>, usable: impl Fn(&CertifiedKey) -> bool) -> Option<Arc<CertifiedKey>> {
        let exact = name.and_then(|name| self.by_name.get(name));
        // A wildcard stands for one label (RFC 6125, section 6.4.3).
        let parent = name.and_then(|name| name.split_once('.'));
        let wildcard = parent.and_then(|(_, parent)| self.by_name.get(&format!("*.{parent}")));
        let fitting = [exact, wildcard, Some(&self.all)].into_iter().flatten().flatten();
        fitting.clone().find(|key| usable(key)).or_else(|| fitting.clone().next()).cloned()
    }
}

#[derive(Debug)]
struct ByName(Arc<ArcSwap<Chosen>>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        self.0.load().find(hello.server_name(), |key| key.key.choose_scheme(schemes).is_some())
    }
}

#[cfg(test)]
mod tests;
