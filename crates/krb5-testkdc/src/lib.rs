//! A Kerberos KDC in a process, for tests and demonstrations.

#![forbid(unsafe_code)]
