//! TLS around HTTP, and what it has to say about the channel.

use crate::source;
use alloc::sync::Arc;
use anyhow::{Context, Result, bail};
use gss::ChannelBindings;
use gss_rustls::ServerEndPoints;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use std::path::{Path, PathBuf};

/// The options about a server's TLS.
#[derive(Debug, clap::Args)]
#[group(id = "tls")]
pub(crate) struct Arguments {
    /// Speak https with this certificate chain in PEM; clients are bound to it then
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Arguments {
    /// Certificate and key, if there are to be any.
    pub(crate) fn load(&self) -> Result<Option<ServerTls>> {
        let files = self.tls_cert.as_deref().zip(self.tls_key.as_deref());
        files.map(|(certificate, key)| ServerTls::from_pem_files(certificate, key)).transpose()
    }
}

/// A server's certificate and key, ready for connections.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    end_points: ServerEndPoints,
}

impl ServerTls {
    /// With the certificate chain, the server's own first, and its key.
    ///
    /// # Errors
    /// There is no certificate, or the key does not fit it.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self> {
        let Some(own) = chain.first() else { bail!("there is no certificate") };
        let end_points = ServerEndPoints::new([own])?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("the key does not fit the certificate")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), end_points })
    }

    /// With certificate chain and key from PEM files.
    ///
    /// # Errors
    /// A file cannot be read, holds something else, or the key does not fit.
    pub fn from_pem_files(certificate: &Path, key: &Path) -> Result<Self> {
        let chain = certificates(certificate)?;
        let bytes = source::read(key, "private key")?;
        let key_der = PrivateKeyDer::from_pem_slice(&bytes)
            .with_context(|| format!("{} holds no private key in PEM", key.display()))?;
        Self::new(chain, key_der).with_context(|| format!("certificate {}", certificate.display()))
    }

    /// The bindings of all channels to this server, `tls-server-end-point` (RFC 5929 section 4). None when the
    /// certificate's signature names no hash.
    pub fn channel_bindings(&self) -> impl Iterator<Item = ChannelBindings<'_>> {
        self.end_points.hashes().map(ChannelBindings::tls_server_end_point)
    }

    /// The configuration, for servers that agree on the version of HTTP themselves.
    pub(crate) fn into_parts(self) -> (ServerConfig, ServerEndPoints) {
        let mut config = Arc::unwrap_or_clone(self.config);
        config.alpn_protocols.clear();
        (config, self.end_points)
    }

    pub(crate) fn connection(&self) -> Result<ServerConnection, rustls::Error> {
        ServerConnection::new(Arc::clone(&self.config))
    }
}

/// Whom a client believes.
#[derive(Clone, Debug)]
pub struct ClientTls(Arc<ClientConfig>);

impl ClientTls {
    /// The authorities that the system trusts.
    ///
    /// # Errors
    /// There are none.
    pub fn of_system() -> Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            bail!("the system trusts no certificate authority; name one with --cacert FILE");
        }
        Self::new(roots)
    }

    /// The authorities in a PEM file, and no others.
    ///
    /// # Errors
    /// The file cannot be read, or holds none.
    pub fn from_pem_file(path: &Path) -> Result<Self> {
        Self::from_authorities(certificates(path)?).with_context(|| format!("{}", path.display()))
    }

    /// These authorities, and no others.
    ///
    /// # Errors
    /// One of them is no certificate.
    pub fn from_authorities(authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).context("not the certificate of an authority")?;
        }
        Self::new(roots)
    }

    fn new(roots: RootCertStore) -> Result<Self> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// The configuration, for HTTP/1.1.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }

    pub(crate) fn connection(&self, host: &str) -> Result<ClientConnection> {
        let name =
            ServerName::try_from(host.to_owned()).with_context(|| format!("{host} in a certificate"))?;
        Ok(ClientConnection::new(Arc::clone(&self.0), name)?)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = source::read(path, "certificate")?;
    let found = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let found = found.with_context(|| format!("{} is not PEM", path.display()))?;
    if found.is_empty() {
        bail!("{} holds no certificate in PEM", path.display());
    }
    Ok(found)
}
