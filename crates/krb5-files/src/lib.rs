//! Kerberos keytab and credential cache formats: pure parsers and writers
