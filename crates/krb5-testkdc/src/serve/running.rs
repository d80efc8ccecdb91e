//! A server that listens, and one that runs.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::client_config::{Addresses, ClientConfig, Via};
use super::handler::Desk;
use super::{Server, https, tcp, tls, udp};
use crate::Port;

/// What clients have to know of a server.
#[derive(Clone, Debug)]
struct Facts {
    addresses: Addresses,
    ca_pem: Arc<str>,
    realms: Vec<String>,
    hosts: Vec<(String, String)>,
}

impl Facts {
    fn client_config(&self, via: Via) -> ClientConfig {
        let realms = self.realms.iter().map(|realm| (realm.clone(), self.addresses)).collect();
        let config = ClientConfig::new(via, realms, &self.ca_pem);
        self.hosts.iter().fold(config, |config, (host, realm)| config.host(host, realm))
    }
}

/// A server with its ports open, on the caller's runtime. Requests wait until [`serve`](Self::serve) is polled.
pub struct Listening {
    facts: Facts,
    desk: Arc<Desk>,
    kdc: (UdpSocket, TcpListener),
    kpasswd: (UdpSocket, TcpListener),
    https: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listening {
    pub(super) fn new(
        desk: Arc<Desk>,
        kdc: (UdpSocket, TcpListener),
        kpasswd: (UdpSocket, TcpListener),
        https: TcpListener,
    ) -> io::Result<Self> {
        let identity = tls::identity()?;
        let addresses = Addresses {
            kdc: kdc.1.local_addr()?,
            kpasswd: kpasswd.1.local_addr()?,
            https: https.local_addr()?,
        };
        let facts = Facts {
            addresses,
            ca_pem: identity.ca_pem.into(),
            realms: desk.realms.clone(),
            hosts: desk.hosts.clone(),
        };
        Ok(Self { facts, desk, kdc, kpasswd, https, acceptor: identity.config.into() })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.facts.addresses
    }

    /// The certificate of the authority that signed the proxy's, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.facts.ca_pem
    }

    /// What clients put into their krb5.conf to come here.
    #[must_use]
    pub fn client_config(&self, via: Via) -> ClientConfig {
        self.facts.client_config(via)
    }

    /// Serves until it is dropped, and every connection with it.
    pub async fn serve(self) {
        let Self { desk, kdc, kpasswd, https, acceptor, .. } = self;
        let connections = desk.limits.connections;
        let mut tasks = JoinSet::new();
        for (port, (socket, listener)) in [(Port::Kdc, kdc), (Port::Kpasswd, kpasswd)] {
            tasks.spawn(udp::serve(socket, port, Arc::clone(&desk)));
            let desk = Arc::clone(&desk);
            tasks.spawn(tcp::accept(listener, connections, move |stream| {
                tcp::converse(stream, port, Arc::clone(&desk))
            }));
        }
        tasks.spawn(tcp::accept(https, connections, move |stream| {
            https::converse(stream, acceptor.clone(), Arc::clone(&desk))
        }));
        while tasks.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// A server on a thread of its own. Dropping it closes every port and connection.
#[derive(Debug)]
pub struct Running {
    facts: Facts,
    // Dropped, it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn start(server: Server) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (tell, told) = mpsc::sync_channel(1);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("krb5-testkdc".into()).spawn(move || {
            runtime.block_on(async {
                let listening = match server.listen().await {
                    Ok(listening) => listening,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                if tell.send(Ok(listening.facts.clone())).is_ok() {
                    let serving = tokio::spawn(listening.serve());
                    // Nothing is ever sent: the sender's end is the signal.
                    let _ = stopped.await;
                    serving.abort();
                }
            });
        })?;
        let facts = told.recv().map_err(|_| io::Error::other("the server's thread ended early"))??;
        Ok(Self { facts, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.facts.addresses
    }

    /// The certificate of the authority that signed the proxy's, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.facts.ca_pem
    }

    /// What clients put into their krb5.conf to come here.
    #[must_use]
    pub fn client_config(&self, via: Via) -> ClientConfig {
        self.facts.client_config(via)
    }

    /// The text of a krb5.conf for clients that come by UDP and TCP.
    #[must_use]
    pub fn krb5_conf(&self) -> String {
        self.client_config(Via::Udp).to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}
