//! The realm and the server of the demonstration.

use crate::inspect::Inspector;
use crate::random;
use crate::serve;
use crate::tls::ServerTls;
use alloc::sync::Arc;
use anyhow::{Context, Result, anyhow};
use core::net::SocketAddr;
use gss::krb5::Principal;
use gss::{AcceptableBindings, AcceptorConfig, BindingPolicy, Framing};
use krb5_client::Service;
use krb5_net::{Dns, KdcAddress, Network};
use krb5_testkdc::serve::{Running, Server, Via};
use krb5_testkdc::{Domain, Kdc, PacStyle, Realm};
use rand_core::Rng as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::Path;
use std::thread;
use zeroize::Zeroizing;

const REALM: &str = "EXAMPLE.COM";
const USER: &str = "alice";
/// The server's names. The first is the one in its URL.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A KDC with its sockets and an HTTPS server, both in this process.
pub(super) struct World {
    kdc: Arc<Kdc>,
    running: Running,
    client: Principal,
    service: Principal,
    password: Zeroizing<String>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    address: SocketAddr,
}

impl World {
    /// Starts both. A quiet server does not log requests.
    pub(super) fn start(listen: SocketAddr, quiet: bool) -> Result<Self> {
        let password = password();
        let realm = Realm { pac: PacStyle::Domain(Domain::new("EXAMPLE")), ..Realm::new(REALM) };
        let realm = HOSTS.iter().fold(realm, |realm, host| realm.service(format!("HTTP/{host}")));
        let kdc = Arc::new(Kdc::new(realm.user(USER, password.as_str()))?);
        let running = Server::for_kdc(Arc::clone(&kdc)).start().context("the KDC's sockets")?;

        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(HOSTS.map(String::from))
                .context("the server's certificate")?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).map_err(|error| anyhow!(error))?;
        let tls = ServerTls::new(vec![cert.der().clone()], key)?;

        let services = HOSTS.map(|host| format!("HTTP/{host}@{REALM}"));
        let keytab = kdc.keytab(&services.each_ref().map(String::as_str))?;
        let bindings: Vec<_> = tls.channel_bindings().collect();
        // curl of Debian 12 sends none.
        let acceptable = AcceptableBindings { policy: BindingPolicy::VerifyIfPresent, any_of: &bindings };
        let config = AcceptorConfig::from_keytab(&keytab.to_bytes()?)?
            .framing(Framing::SpnegoOrRaw)
            .channel_bindings(&acceptable)?;
        let server = serve::Server::bind(listen, config)
            .with_context(|| format!("cannot listen on {listen}; --listen 127.0.0.1:0 takes a free port"))?;
        let server = if quiet { server.quiet() } else { server }.tls(tls);
        let address = server.address()?;
        thread::Builder::new().name("demo server".into()).spawn(move || server.run())?;

        let [host, ..] = HOSTS;
        Ok(Self {
            kdc,
            running,
            client: Principal::new(USER, REALM),
            service: Principal::new_service("HTTP", host, REALM),
            password,
            certificate: cert.der().clone(),
            certificate_pem: cert.pem(),
            address,
        })
    }

    pub(super) const fn client(&self) -> &Principal {
        &self.client
    }

    pub(super) const fn service(&self) -> &Principal {
        &self.service
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(super) fn url(&self) -> String {
        let [host, ..] = HOSTS;
        format!("https://{host}:{}/", self.address.port())
    }

    /// How the client gets to the KDC: by its address, without any file.
    pub(super) fn network(&self) -> Network {
        let kdc = KdcAddress::from(self.running.addresses().kdc);
        Network::builder().servers(REALM, Service::Kdc, [kdc]).dns(Dns::Off).build()
    }

    /// What looks into messages: with the keys of the services and of the KDC.
    pub(super) fn inspector(&self) -> Result<Inspector> {
        let names = [self.service.to_string(), Principal::new_tgs(REALM, REALM).to_string()];
        let keytab = self.kdc.keytab(&names.each_ref().map(String::as_str))?;
        Ok(Inspector { keytab: Some(keytab), secrets: false })
    }

    pub(super) fn introduction(&self) -> String {
        let addresses = self.running.addresses();
        format!(
            "realm {REALM}: a KDC in this process, on {} (UDP and TCP) and {}\nserver {}: in this process too, with the \
             key of {}",
            addresses.kdc,
            addresses.proxy_url(),
            self.url(),
            self.service
        )
    }

    /// Stays up until Ctrl-C, and says how other programs log in.
    pub(super) fn stay(&self, folder: Option<&Path>) -> Result<()> {
        let temporary;
        let folder = match folder {
            Some(folder) => folder,
            None => {
                temporary = tempfile::Builder::new().prefix("gssctl-demo-").tempdir()?;
                temporary.path()
            }
        };
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let config =
            HOSTS.iter().fold(self.running.client_config(Via::Udp), |config, host| config.host(host, REALM));
        let config = config.write_to(folder).context("krb5.conf")?;
        let authority = folder.join("server.pem");
        fs::write(&authority, &self.certificate_pem).context("the server's certificate")?;
        let (password, url) = (&*self.password, self.url());
        let (config, authority) = (config.display(), authority.display());
        let tickets = folder.join("tickets");
        let tickets = tickets.display();
        println!(
            "\nBoth stay up until Ctrl-C. In another terminal, with MIT's programs and curl:\n\n\
             export KRB5_CONFIG={config} KRB5CCNAME=FILE:{tickets}\n\
             echo {password} | kinit {USER}\n\
             curl --negotiate --user : --cacert {authority} {url}\n\n\
             or with this one:\n\n\
             echo {password} | gssctl kinit --password-file - {USER}\n\
             gssctl fetch -v --cacert {authority} {url}\n"
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(tokio::signal::ctrl_c())?;
        Ok(())
    }
}

/// Twelve letters and digits that are not taken for each other.
fn password() -> Zeroizing<String> {
    const LENGTH: usize = 12;
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = Zeroizing::new([0; LENGTH]);
    random::system().fill_bytes(&mut *bytes);
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    Zeroizing::new(bytes.iter().map(letter).collect())
}
