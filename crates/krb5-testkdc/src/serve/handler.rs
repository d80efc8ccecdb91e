//! What answers, and what all sockets share.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use tokio::time;

use super::limits::Limits;
use super::{delivery, refusal};
use crate::{DeliveryFault, Port};

/// What a handler has to say to a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The message, without any length in front.
    pub message: Vec<u8>,
    /// What goes wrong on its way.
    pub fault: Option<DeliveryFault>,
}

impl From<Vec<u8>> for Reply {
    /// Nothing goes wrong.
    fn from(message: Vec<u8>) -> Self {
        Self { message, fault: None }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("len", &self.message.len()).field("fault", &self.fault).finish()
    }
}

/// Answers requests. A closure from port and request to the reply's message is one, and so is an `Arc` of one.
///
/// It is called on the thread of the sockets, so it must not block.
pub trait Handler: Send + Sync + 'static {
    /// The reply to a request, which has no length in front. `None` is silence: connections stay open.
    fn reply(&self, port: Port, request: &[u8]) -> Option<Reply>;
}

impl<F> Handler for F
where
    F: Fn(Port, &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
{
    fn reply(&self, port: Port, request: &[u8]) -> Option<Reply> {
        self(port, request).map(Reply::from)
    }
}

impl<H: Handler + ?Sized> Handler for Arc<H> {
    fn reply(&self, port: Port, request: &[u8]) -> Option<Reply> {
        (**self).reply(port, request)
    }
}

/// What every socket's task has at hand.
pub(super) struct Desk {
    pub(super) handler: Box<dyn Handler>,
    pub(super) limits: Limits,
    /// The realms, in the order in which they were named.
    pub(super) realms: Vec<String>,
    /// Hosts and domains, and the realms that they are in.
    pub(super) hosts: Vec<(String, String)>,
}

impl Desk {
    /// The datagram that answers one; `None`: none.
    pub(super) async fn datagram(&self, port: Port, request: &[u8]) -> Option<Vec<u8>> {
        let reply = self.ask(port, request).await?;
        let too_big = |message: &[u8]| refusal::response_too_big(message, self.realm());
        delivery::in_datagram(reply, self.limits.udp_reply, too_big)
    }

    /// The bytes that answer a request on a stream, and whether the stream ends with them. `None`: none, and the
    /// stream stays open.
    pub(super) async fn stream(&self, port: Port, request: &[u8]) -> Option<(Vec<u8>, bool)> {
        delivery::on_stream(self.ask(port, request).await?)
    }

    async fn ask(&self, port: Port, request: &[u8]) -> Option<Reply> {
        let reply = self.handler.reply(port, request)?;
        if let Some(DeliveryFault::Late(wait)) = reply.fault {
            time::sleep(wait).await;
        }
        Some(reply)
    }

    /// The realm in whose name the server itself refuses.
    pub(super) fn realm(&self) -> &str {
        self.realms.first().map_or("", String::as_str)
    }

    /// Whether a client of the proxy may ask for a realm. Letter case does not count (MS-KKDCP section 2.2.2).
    pub(super) fn serves(&self, realm: &[u8]) -> bool {
        self.realms.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(realm))
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("limits", &self.limits)
            .field("realms", &self.realms)
            .finish_non_exhaustive()
    }
}
