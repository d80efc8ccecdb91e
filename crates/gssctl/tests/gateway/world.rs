//! A realm, and a gateway in this process.

use crate::client::Client;
use alloc::sync::Arc;
use clap::Parser;
use core::net::SocketAddr;
use gss::krb5::Credentials;
use gss_tower::serve::Ended;
use gssctl::gateway::{Arguments, Gateway};
use krb5_testkdc::{Account, Domain, Identity, Kdc, PacStyle, Realm};
use rustls::pki_types::CertificateDer;
use std::path::PathBuf;
use std::sync::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const HOST: &str = "localhost";
pub(crate) const REALM: &str = "EXAMPLE.TEST";
/// The SID of the realm's domain.
pub(crate) const DOMAIN: &str = "S-1-5-21-1-2-3";

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
}

/// The files that a gateway and its clients need.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) kdc: Arc<Kdc>,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let domain = Domain { sid: DOMAIN.parse().unwrap(), ..Domain::new("EXAMPLE") };
        let staff = Identity { rid: Some(1104), groups: vec![1200], ..Identity::default() };
        let realm = Realm { pac: PacStyle::Domain(domain), ..Realm::new(REALM) }
            .account(Account { identity: staff, ..Account::user("alice", "secret") })
            .user("bob", "secret")
            .user("björn", "secret")
            .service(format!("HTTP/{HOST}"));
        let kdc = Arc::new(Kdc::new(realm).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let keytab = kdc.keytab(&[&format!("HTTP/{HOST}@{REALM}")]).unwrap().to_bytes().unwrap();
        std::fs::write(folder.path().join("keytab"), keytab).unwrap();
        std::fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
        Self { folder, kdc, certificate: cert.der().clone() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command line of a gateway for a service, with TLS unless it is to be plain.
    pub(crate) fn arguments(&self, service: SocketAddr, options: &[&str]) -> Vec<String> {
        let path = |name| self.path(name).display().to_string();
        let mut all = vec!["gateway".to_owned(), "--listen".into(), "127.0.0.1:0".into()];
        all.extend(["--keytab".into(), path("keytab")]);
        if !options.contains(&"--plain") {
            all.extend(["--tls-cert".into(), path("cert.pem"), "--tls-key".into(), path("key.pem")]);
        }
        if !options.contains(&"--upstream") {
            all.extend(["--upstream".into(), format!("http://{service}")]);
        }
        all.extend(options.iter().map(|&option| option.into()));
        all
    }

    /// A user's ticket for the gateway.
    pub(crate) fn credentials(&self, user: &str) -> Arc<Credentials> {
        let (user, service) = (format!("{user}@{REALM}"), format!("HTTP/{HOST}@{REALM}"));
        let ccache = self.kdc.ccache(&user, &[&service]).unwrap().to_bytes().unwrap();
        Arc::new(Credentials::from_ccache(&ccache).unwrap())
    }

    pub(crate) fn client(&self, address: SocketAddr, tls: bool) -> Client {
        Client::new(address, tls.then_some(&self.certificate))
    }
}

/// A gateway that runs.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Ended>,
}

impl World {
    pub(crate) async fn start(service: SocketAddr, options: &[&str]) -> Self {
        Self::at(Site::new(), service, options).await
    }

    pub(crate) async fn at(site: Site, service: SocketAddr, options: &[&str]) -> Self {
        let gateway = bind(&site, service, options).await.unwrap();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&log);
        let gateway = gateway.log(move |line| lines.lock().unwrap().push(line.into()));
        let (address, tls) = (gateway.address().unwrap(), gateway.scheme() == "https");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(gateway.serve(async {
            // A world that is dropped stops, too.
            let _ = stopped.await;
        }));
        Self { client: site.client(address, tls), site, address, log, stop: Some(stop), serving }
    }

    /// The lines of the log, without addresses and times.
    pub(crate) fn log(&self) -> Vec<String> {
        let lines = self.log.lock().unwrap();
        let strip = |line: &String| {
            let line = line.split_once(' ').unwrap().1;
            let words = line.split(' ').collect::<Vec<_>>();
            let ms = words.iter().position(|word| word.trim_end_matches(',') == "ms");
            let Some(ms) = ms else { return line.into() };
            let rest = words[ms..].join(" ");
            format!("{}{}", words[..ms - 1].join(" "), rest.trim_start_matches("ms"))
        };
        lines.iter().map(strip).collect()
    }

    /// Tells the gateway to end.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for the end.
    pub(crate) async fn ended(self) -> Ended {
        self.serving.await.unwrap()
    }
}

pub(crate) async fn bind(site: &Site, service: SocketAddr, options: &[&str]) -> Result<Gateway, String> {
    let parsed =
        Options::try_parse_from(site.arguments(service, options)).map_err(|error| error.to_string())?;
    Gateway::bind(&parsed.arguments).await.map_err(|error| format!("{error:#}"))
}
