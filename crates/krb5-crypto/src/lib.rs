//! Kerberos V5 cryptography: RFC 3961 profiles on RustCrypto primitives
