//! SPNEGO (RFC 4178) token codec and negotiation, initiator and acceptor
