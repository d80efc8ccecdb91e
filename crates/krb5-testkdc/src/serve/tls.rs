//! The certificate authority of one server, and its certificate.

use alloc::string::String;
use alloc::sync::Arc;
use std::io;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Names that the server's certificate holds.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What a server needs for TLS, made anew for each.
pub(super) struct Identity {
    pub(super) config: Arc<ServerConfig>,
    /// The authority's certificate, which clients are to trust.
    pub(super) ca_pem: String,
}

/// Makes an authority and a certificate of the loopback host, signed by it.
pub(super) fn identity() -> io::Result<Identity> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "krb5-testkdc authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign].into();
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let ca_pem = authority.self_signed(&key).map_err(io::Error::other)?.pem();
    let issuer = Issuer::new(authority, key);

    let mut own = CertificateParams::new(NAMES.map(String::from)).map_err(io::Error::other)?;
    own.distinguished_name.push(DnType::CommonName, "krb5-testkdc");
    own.use_authority_key_identifier_extension = true;
    own.key_usages = [KeyUsagePurpose::DigitalSignature].into();
    own.extended_key_usages = [ExtendedKeyUsagePurpose::ServerAuth].into();
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = own.signed_by(&key, &issuer).map_err(io::Error::other)?;

    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(
            [certificate.der().clone()].into(),
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .map_err(io::Error::other)?;
    Ok(Identity { config: Arc::new(config), ca_pem })
}
