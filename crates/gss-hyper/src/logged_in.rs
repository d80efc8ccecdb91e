use alloc::sync::Arc;
use gss::{Context, Oid};
use gss_http::ServerProof;

/// How a server took our credentials: an extension of the response.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    server: Option<Arc<str>>,
    mechanism: Oid,
    scheme: &'static str,
    proven: bool,
    bound: bool,
}

impl LoggedIn {
    pub(crate) fn new(context: &Context, scheme: &'static str, proof: ServerProof) -> Self {
        Self {
            server: context.peer_name().map(Arc::from),
            mechanism: context.mechanism(),
            scheme,
            proven: proof == ServerProof::Proven,
            bound: context.is_channel_bound(),
        }
    }

    /// The server's name, like `HTTP/www.example.com@EXAMPLE.COM`, if it proved one.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The mechanism that did the work.
    #[must_use]
    pub fn mechanism(&self) -> Oid {
        self.mechanism
    }

    /// The scheme it was carried by: `Negotiate`, `NTLM` or `GSS`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Whether the server proved who it is.
    #[must_use]
    pub fn is_mutual(&self) -> bool {
        self.proven
    }

    /// Whether the context names the TLS channel that the response came over.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.bound
    }
}
