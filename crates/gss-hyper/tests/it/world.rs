//! A KDC, certificates, and clients that know both.

use alloc::sync::Arc;
use core::net::SocketAddr;
use gss::AcceptorConfig;
use gss_hyper::{Body, Client, ClientBuilder, Hosts, KerberosLogin};
use http::{Request, Response};
use krb5_client::{AsOptions, Policy, Secret};
use krb5_net::TransportError;
use krb5_net::credentials::{Credentials, CredentialsSource};
use krb5_testkdc::{Account, Kdc, Port, Realm};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::io;

pub(crate) const SITE: &str = "www.example.com";
pub(crate) const OTHER: &str = "other.example.com";
pub(crate) const PROXY: &str = "proxy.example.com";
const SERVICES: [&str; 4] = [SITE, OTHER, PROXY, "trusted.example.com"];

pub(crate) struct World {
    pub(crate) kdc: Arc<Kdc>,
    pub(crate) site: Certified,
    pub(crate) proxy: Certified,
}

pub(crate) struct Certified {
    pub(crate) certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Certified {
    fn new(names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        Self { certificate: cert.der().clone(), key: signing_key }
    }

    pub(crate) fn server_config(&self, alpn: &[&[u8]]) -> Arc<ServerConfig> {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key.into())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let realm = Realm { spake: false, ..Realm::new("EXAMPLE.COM") };
        let realm = realm.user("alice", "secret").user("bob", "secret");
        let realm = SERVICES.iter().fold(realm, |realm, host| {
            let service = Account::service(format!("HTTP/{host}"));
            realm.account(Account { ok_as_delegate: *host == "trusted.example.com", ..service })
        });
        Self {
            kdc: Arc::new(Kdc::new(realm).unwrap()),
            site: Certified::new(&[SITE, OTHER, "trusted.example.com"]),
            proxy: Certified::new(&[PROXY]),
        }
    }

    /// What brings requests to the KDC.
    pub(crate) fn line(
        &self,
    ) -> impl Fn(&krb5_client::Request) -> Result<Vec<u8>, TransportError> + Send + Sync + use<> {
        let kdc = Arc::clone(&self.kdc);
        move |request| {
            let silence = || TransportError::Other(io::Error::from(io::ErrorKind::TimedOut).into());
            kdc.answer(Port::Kdc, &request.message).ok_or_else(silence)
        }
    }

    pub(crate) fn login(&self, user: &str) -> KerberosLogin {
        self.login_with(user, "secret")
    }

    pub(crate) fn login_with(&self, user: &str, password: &str) -> KerberosLogin {
        let credentials = self.credentials(user, password);
        KerberosLogin::new(user, credentials).forwarding(self.line(), Policy::default())
    }

    pub(crate) fn credentials(&self, user: &str, password: &str) -> Credentials {
        let client = format!("{user}@EXAMPLE.COM").parse().unwrap();
        let options = AsOptions { forwardable: true, ..AsOptions::new(client) };
        let source = CredentialsSource::Secret { options, secret: Secret::password(password) };
        Credentials::builder(source, self.line()).build()
    }

    /// What all servers and proxies take: their own tickets.
    pub(crate) fn acceptor(&self, host: &str) -> AcceptorConfig {
        let keytab = self.kdc.keytab(&[&format!("HTTP/{host}@EXAMPLE.COM")]).unwrap();
        AcceptorConfig::from_keytab(&keytab.to_bytes().unwrap()).unwrap()
    }

    /// The same with the newest keys alone.
    pub(crate) fn newest(&self, host: &str) -> AcceptorConfig {
        let mut keytab = self.kdc.keytab(&[&format!("HTTP/{host}@EXAMPLE.COM")]).unwrap();
        let newest = keytab.entries.iter().map(|entry| entry.kvno).max().unwrap();
        keytab.entries.retain(|entry| entry.kvno == newest);
        AcceptorConfig::from_keytab(&keytab.to_bytes().unwrap()).unwrap()
    }

    pub(crate) fn tls(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for certified in [&self.site, &self.proxy] {
            roots.add(certified.certificate.clone()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        config.with_root_certificates(roots).with_no_client_auth()
    }

    /// A client without a login, for which all hosts are at this address.
    pub(crate) fn plain_client(&self, address: SocketAddr) -> ClientBuilder {
        let builder = Client::builder().tls(self.tls());
        SERVICES.iter().fold(builder, |builder, host| builder.resolve(host, [address]))
    }

    /// A client of alice's, who logs in at the site by herself.
    pub(crate) fn client(&self, address: SocketAddr) -> ClientBuilder {
        self.plain_client(address).login(self.login("alice"), Hosts::new([SITE]).unwrap())
    }
}

pub(crate) fn get(url: &str) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}

pub(crate) fn post(url: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(url).body(body.into()).unwrap()
}

pub(crate) async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().bytes(1 << 20).await.unwrap().to_vec()).unwrap()
}
