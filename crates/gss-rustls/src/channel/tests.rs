use super::*;
use crate::EndPointError;
use alloc::sync::Arc;
use gss_core::bindings::TlsBinding;
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use rustls::crypto::ring;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion, version};

/// A server with one certificate, and its client. Sessions are kept for resumption.
struct Site {
    certificate: CertificateDer<'static>,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Site {
    fn new(version: &'static SupportedProtocolVersion, signature: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(signature).unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { certificate, server: Arc::new(server), client: Arc::new(client) }
    }

    /// A connection before its first message.
    fn start(&self) -> (ClientConnection, ServerConnection) {
        let client = ClientConnection::new(Arc::clone(&self.client), "localhost".try_into().unwrap());
        (client.unwrap(), ServerConnection::new(Arc::clone(&self.server)).unwrap())
    }

    /// A connection with its handshake done and all session tickets delivered.
    fn connect(&self) -> (ClientConnection, ServerConnection) {
        let (mut client, mut server) = self.start();
        while client.wants_write() || server.wants_write() {
            carry(&mut client, &mut server);
            carry(&mut server, &mut client);
        }
        assert!(!client.is_handshaking() && !server.is_handshaking());
        (client, server)
    }

    fn channels(&self) -> (TlsChannel, TlsChannel) {
        let (client, server) = self.connect();
        let points = ServerEndPoints::new([&self.certificate]).unwrap();
        (client_channel(&client).unwrap(), server_channel(&server, &points).unwrap())
    }
}

fn carry<A: SideData, B: SideData>(
    from: &mut impl core::ops::DerefMut<Target = ConnectionCommon<A>>,
    to: &mut impl core::ops::DerefMut<Target = ConnectionCommon<B>>,
) {
    while from.wants_write() {
        let mut wire = Vec::new();
        from.write_tls(&mut wire).unwrap();
        let mut rest = &wire[..];
        while !rest.is_empty() {
            to.read_tls(&mut rest).unwrap();
            to.process_new_packets().unwrap();
        }
    }
}

#[test]
fn both_ends_of_tls_1_3_see_the_same_channel() {
    let site = Site::new(&version::TLS13, &rcgen::PKCS_ECDSA_P256_SHA256);
    let (client, server) = site.channels();
    assert_eq!(client, server);
    assert!(TlsBinding::ALL.into_iter().all(|binding| client.has(binding)));
}

#[test]
fn each_connection_has_an_exporter_of_its_own() {
    let site = Site::new(&version::TLS13, &rcgen::PKCS_ECDSA_P256_SHA256);
    let (first, _) = site.channels();
    let (second, _) = site.channels();
    assert!(!first.of(TlsBinding::Exporter).eq(second.of(TlsBinding::Exporter)));
    assert!(first.of(TlsBinding::ServerEndPoint).eq(second.of(TlsBinding::ServerEndPoint)));
}

#[test]
fn both_ends_of_tls_1_2_see_the_certificate_alone() {
    let site = Site::new(&version::TLS12, &rcgen::PKCS_ECDSA_P384_SHA384);
    let (client, server) = site.channels();
    assert_eq!(client, server);
    assert!(client.has(TlsBinding::ServerEndPoint) && !client.has(TlsBinding::Exporter));
}

#[test]
fn a_resumed_session_is_bound_as_a_full_one() {
    for (protocol, exporter) in [(&version::TLS12, false), (&version::TLS13, true)] {
        let site = Site::new(protocol, &rcgen::PKCS_ECDSA_P256_SHA256);
        let points = ServerEndPoints::new([&site.certificate]).unwrap();
        let (full, _) = site.connect();
        let (client, server) = site.connect();
        assert_eq!(full.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(client.handshake_kind(), Some(HandshakeKind::Resumed));
        let channel = client_channel(&client).unwrap();
        assert_eq!(channel, server_channel(&server, &points).unwrap());
        assert!(channel.has(TlsBinding::ServerEndPoint));
        assert_eq!(channel.has(TlsBinding::Exporter), exporter);
        assert_eq!(channel != client_channel(&full).unwrap(), exporter);
    }
}

#[test]
fn a_certificate_without_binding_leaves_the_exporter() {
    let (client, server) = Site::new(&version::TLS13, &rcgen::PKCS_ED25519).channels();
    assert_eq!(client, server);
    assert!(client.has(TlsBinding::Exporter) && !client.has(TlsBinding::ServerEndPoint));
    let (client, server) = Site::new(&version::TLS12, &rcgen::PKCS_ED25519).channels();
    assert!(client.is_empty() && server.is_empty());
}

#[test]
fn each_certificate_of_a_server_is_acceptable() {
    let site = Site::new(&version::TLS13, &rcgen::PKCS_ECDSA_P256_SHA256);
    let other = Site::new(&version::TLS13, &rcgen::PKCS_ECDSA_P384_SHA384);
    let (client, server) = site.connect();
    let points = ServerEndPoints::new([&other.certificate, &site.certificate]).unwrap();
    let points = points.with_hash([7; 32]).unwrap();
    let channel = server_channel(&server, &points).unwrap();
    let seen = client_channel(&client).unwrap();
    assert_eq!(channel.of(TlsBinding::ServerEndPoint).count(), 3);
    assert!(seen.bindings().all(|binding| channel.bindings().any(|own| own == binding)));
    let strangers = ServerEndPoints::new([&other.certificate]).unwrap();
    let channel = server_channel(&server, &strangers).unwrap();
    let seen = seen.of(TlsBinding::ServerEndPoint).next().unwrap();
    assert!(channel.bindings().all(|own| own != seen));
}

#[test]
fn there_is_no_channel_before_the_handshake_is_done() {
    let site = Site::new(&version::TLS13, &rcgen::PKCS_ECDSA_P256_SHA256);
    let (mut client, mut server) = site.start();
    let points = ServerEndPoints::new([&site.certificate]).unwrap();
    assert_eq!(client_channel(&client), Err(ChannelError::Handshaking));
    carry(&mut client, &mut server);
    // The server has sent its Finished and has not seen the client's.
    assert_eq!(server_channel(&server, &points), Err(ChannelError::Handshaking));
}

#[test]
fn a_certificate_that_is_not_understood_is_an_error_with_the_rest() {
    let channel = TlsChannel::none().with_exporter([1; 32]);
    let error = with_certificate(channel.clone(), &CertificateDer::from(&b"text"[..])).unwrap_err();
    assert!(core::error::Error::source(&error).unwrap().to_string().contains("expected X.509"));
    let ChannelError::EndPoint { reason, rest } = error else { panic!("{error}") };
    assert_eq!((reason, rest), (EndPointError::NotACertificate { part: "SEQUENCE" }, channel));
}
