//! Channel bindings of rustls connections: tls-server-end-point and tls-exporter, client and server.

#![forbid(unsafe_code)]
