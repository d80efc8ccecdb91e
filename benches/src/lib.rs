//! Benchmarks next to MIT krb5 in one run
