//! What a client insists on.

/// What a server has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mutual {
    /// A server that logs us in has to prove who it is; otherwise its response is dropped unread. Responses for which
    /// nobody asked for credentials are handed out.
    #[default]
    Required,
    /// Nothing. NTLM needs this.
    Optional,
    /// As [`Required`](Self::Required), and where a login is to be made, a response for which no credentials were asked
    /// is an error too.
    Insist,
}

impl Mutual {
    pub(crate) const fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::Insist)
    }
}

/// Whether a server gets a ticket to act for the user with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Delegation {
    /// No.
    #[default]
    Never,
    /// If the KDC says in the service ticket that the service is trusted with it (OK-AS-DELEGATE, RFC 5896).
    IfTrusted,
    /// Whatever the KDC says.
    Always,
}

/// What contexts are tied to on TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Bindings {
    /// The certificate of the server, or of the proxy for logins at the proxy (`tls-server-end-point`, RFC 5929
    /// section 4). Certificates that have no such binding, as those signed with Ed25519, go without.
    #[default]
    EndPoint,
    /// With the scheme `GSS`, this one connection (`tls-exporter`, RFC 9266), if the server takes that; a login does not go
    /// on over other connections then. With other schemes, as [`EndPoint`](Self::EndPoint).
    Connection,
    /// Nothing: for servers that compare bindings with the certificate of something that is not in front of them any
    /// more.
    Never,
}
