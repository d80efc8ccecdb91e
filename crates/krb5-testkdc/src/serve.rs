//! Sockets around a KDC: UDP, TCP and HTTPS.
