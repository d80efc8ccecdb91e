//! The authenticating HTTP client of gss-hyper with the requests and responses of reqwest.

#![forbid(unsafe_code)]
