//! Keytabs and credential caches against recorded files, broken files and made-up values.

extern crate alloc;

mod ccache;
mod config;
mod keytab;
mod properties;
