//! Which of a KDC's two services a message is for.

/// A service of a KDC. Over HTTPS both come in at one place, and the message itself tells which is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// AS and TGS exchanges (88).
    Kdc,
    /// Password changes (464, RFC 3244).
    Kpasswd,
}
