//! Kerberos V5 messages as plain structs with DER codecs
