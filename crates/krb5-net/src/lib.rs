//! Finding and asking Kerberos KDCs, credential caches and their default places.

#![forbid(unsafe_code)]
