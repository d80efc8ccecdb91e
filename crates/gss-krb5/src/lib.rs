//! Kerberos V5 GSS-API mechanism, initiator and acceptor, without I/O
