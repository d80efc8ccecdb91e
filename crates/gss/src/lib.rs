//! GSS-API for Rust programs: credentials, mechanism choice, initiator and acceptor
