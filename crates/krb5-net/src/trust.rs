//! How HTTPS servers are recognised.

use alloc::sync::Arc;
use core::fmt;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_files::config::Config;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Which certification authorities vouch for KDC proxies.
#[derive(Clone, Debug, Default)]
pub struct Trust(Anchors);

#[derive(Clone, Debug, Default)]
enum Anchors {
    #[default]
    System,
    Given(Arc<ClientConfig>),
}

impl Trust {
    /// Those of `http_anchors` in the realm's section of krb5.conf; without any, those of the system.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// These and no others: certificates in PEM.
    ///
    /// # Errors
    /// There is no certificate in it, or one that cannot be used.
    pub fn pem(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        add_pem(&mut roots, pem)
            .and_then(|()| client_config(roots))
            .map(|config| Self(Anchors::Given(config)))
            .map_err(|text| TrustError { text })
    }
}

/// Certificates that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustError {
    text: String,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no certification authorities: {}", self.text)
    }
}

impl core::error::Error for TrustError {}

impl Diagnose for TrustError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        "trust_anchors_unusable"
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}

/// The TLS settings for each realm.
pub(crate) struct Tls {
    trust: Trust,
    config: Arc<Config>,
    system: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(crate) fn new(trust: Trust, config: Arc<Config>) -> Self {
        Self { trust, config, system: OnceLock::new() }
    }

    /// The settings for a realm's proxies, or why there are none.
    pub(crate) fn config(&self, realm: &str) -> Result<Arc<ClientConfig>, String> {
        if let Trust(Anchors::Given(config)) = &self.trust {
            return Ok(Arc::clone(config));
        }
        let anchors = self.config.realm(realm).http_anchors();
        if anchors.is_empty() {
            return self.system.get_or_init(system_config).clone();
        }
        let mut roots = RootCertStore::empty();
        for anchor in anchors {
            add_anchor(&mut roots, anchor.value, true).map_err(|text| format!("{}: {text}", anchor.place))?;
        }
        client_config(roots)
    }
}

/// Adds what one value of `http_anchors` names.
fn add_anchor(roots: &mut RootCertStore, anchor: &str, indirect: bool) -> Result<(), String> {
    match anchor.split_once(':') {
        Some(("FILE", path)) => add_file(roots, Path::new(path)),
        Some(("DIR", path)) => add_directory(roots, Path::new(path)),
        Some(("ENV", name)) if indirect => {
            let value = std::env::var(name).map_err(|error| format!("{name}: {error}"))?;
            add_anchor(roots, &value, false)
        }
        _ => Err(format!("{anchor:?} is none of FILE:path, DIR:path and ENV:variable")),
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let pem = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    add_pem(roots, &pem).map_err(|text| format!("{}: {text}", path.display()))
}

/// Adds all certificates of a directory's files; files without any are passed over.
fn add_directory(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let entries = fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let before = roots.len();
    for entry in entries.flatten() {
        if let Ok(pem) = fs::read(entry.path()) {
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        }
    }
    if roots.len() > before { Ok(()) } else { Err(format!("{}: no certificate", path.display())) }
}

fn add_pem(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.len() > before { Ok(()) } else { Err("no certificate in PEM".into()) }
}

fn system_config() -> Result<Arc<ClientConfig>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(match found.errors.first() {
            Some(error) => format!("the system's cannot be read: {error}"),
            None => "the system has none".into(),
        });
    }
    client_config(roots)
}

fn client_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
