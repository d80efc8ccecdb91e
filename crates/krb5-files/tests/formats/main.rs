//! Keytabs and credential caches against recorded files, broken files and made-up values.

mod ccache;
mod keytab;
mod properties;
