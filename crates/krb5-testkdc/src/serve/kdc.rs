//! The KDC of this crate behind the sockets.

use alloc::sync::Arc;

use super::Server;
use super::handler::{Handler, Reply};
use crate::{Kdc, Port};

impl Handler for Kdc {
    fn reply(&self, port: Port, request: &[u8]) -> Option<Reply> {
        let message = Self::reply(self, port, request)?;
        Some(Reply { message, fault: self.delivery_fault(port, request) })
    }
}

impl Server {
    /// A server for a KDC and all its realms. The KDC stays at hand to be changed while it serves.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use krb5_testkdc::serve::Server;
    /// use krb5_testkdc::{Kdc, Realm};
    ///
    /// let kdc = Arc::new(Kdc::new(Realm::new("EXAMPLE.TEST").user("alice", "secret"))?);
    /// let running = Server::for_kdc(Arc::clone(&kdc)).start()?;
    /// assert!(running.krb5_conf().contains("default_realm = EXAMPLE.TEST"));
    /// kdc.set_password("alice@EXAMPLE.TEST", "changed")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn for_kdc(kdc: Arc<Kdc>) -> Self {
        let state = kdc.lock();
        let realms = state.db.realms().map(|realm| realm.name.clone()).collect();
        let hosts = state.db.realms().flat_map(|realm| realm.hosts.iter().cloned()).collect();
        drop(state);
        Self::serving(realms, hosts, kdc)
    }
}
