//! Object identifiers of mechanisms and name types.

/// An object identifier; the type of crate `const-oid`.
pub type Oid = const_oid::ObjectIdentifier;

/// SPNEGO, 1.3.6.1.5.5.2 (RFC 4178).
pub const SPNEGO: Oid = Oid::new_unwrap("1.3.6.1.5.5.2");
/// Kerberos V5, 1.2.840.113554.1.2.2 (RFC 4121).
pub const KRB5: Oid = Oid::new_unwrap("1.2.840.113554.1.2.2");
/// Kerberos V5 as Windows 2000 wrote it, 1.2.840.48018.1.2.2 (MS-SPNG 3.2.5). Names the same mechanism as [`KRB5`].
pub const KRB5_MICROSOFT: Oid = Oid::new_unwrap("1.2.840.48018.1.2.2");
/// Kerberos V5 user-to-user, 1.2.840.113554.1.2.2.3.
pub const KRB5_USER_TO_USER: Oid = Oid::new_unwrap("1.2.840.113554.1.2.2.3");
/// Kerberos V5 before RFC 1964, 1.3.5.1.5.2. Names the same mechanism as [`KRB5`].
pub const KRB5_OLD: Oid = Oid::new_unwrap("1.3.5.1.5.2");
/// IAKERB, 1.3.6.1.5.2.5.
pub const IAKERB: Oid = Oid::new_unwrap("1.3.6.1.5.2.5");
/// NTLMSSP, 1.3.6.1.4.1.311.2.2.10 (MS-NLMP).
pub const NTLMSSP: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.2.2.10");
/// NEGOEX, 1.3.6.1.4.1.311.2.2.30 (MS-NEGOEX).
pub const NEGOEX: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.2.2.30");

/// Name type `GSS_C_NT_HOSTBASED_SERVICE` (RFC 2743 section 4.1).
pub const NT_HOSTBASED_SERVICE: Oid = Oid::new_unwrap("1.2.840.113554.1.2.1.4");
/// Name type `GSS_C_NT_USER_NAME` (RFC 2743 section 4.2).
pub const NT_USER_NAME: Oid = Oid::new_unwrap("1.2.840.113554.1.2.1.1");
/// Name type `GSS_KRB5_NT_PRINCIPAL_NAME` (RFC 1964 section 2.1.1).
pub const NT_KRB5_PRINCIPAL: Oid = Oid::new_unwrap("1.2.840.113554.1.2.2.1");

/// Reports whether both identifiers name the same mechanism: equal, or both among the aliases of Kerberos V5
/// (RFC 4178 peers list [`KRB5_MICROSOFT`] and send tokens framed with [`KRB5`]).
#[must_use]
pub fn same_mechanism(a: &Oid, b: &Oid) -> bool {
    a == b || (is_krb5(a) && is_krb5(b))
}

/// The name people use for a mechanism: `krb5`, `ntlm`, `spnego` and so on; `None` when it is not known here.
#[must_use]
pub fn mechanism_name(mechanism: &Oid) -> Option<&'static str> {
    NAMES.iter().find(|(oid, _)| oid == mechanism).map(|(_, name)| *name)
}

fn is_krb5(oid: &Oid) -> bool {
    [KRB5, KRB5_MICROSOFT, KRB5_OLD].contains(oid)
}

const NAMES: [(Oid, &str); 8] = [
    (KRB5, "krb5"),
    (KRB5_MICROSOFT, "krb5 (Microsoft OID)"),
    (KRB5_OLD, "krb5 (old OID)"),
    (KRB5_USER_TO_USER, "krb5 user-to-user"),
    (IAKERB, "iakerb"),
    (SPNEGO, "spnego"),
    (NTLMSSP, "ntlm"),
    (NEGOEX, "negoex"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_those_of_the_specifications() {
        // Content octets from RFC 4178, RFC 4121 and MS-SPNG.
        assert_eq!(SPNEGO.as_bytes(), [0x2b, 6, 1, 5, 5, 2]);
        assert_eq!(KRB5.as_bytes(), [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2]);
        assert_eq!(KRB5_MICROSOFT.as_bytes(), [0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2]);
        assert_eq!(NTLMSSP.as_bytes(), [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a]);
        assert_eq!(IAKERB.as_bytes(), [0x2b, 6, 1, 5, 2, 5]);
    }

    #[test]
    fn kerberos_aliases_are_one_mechanism() {
        assert!(same_mechanism(&KRB5, &KRB5_MICROSOFT));
        assert!(same_mechanism(&NTLMSSP, &NTLMSSP));
        assert!(!same_mechanism(&KRB5, &NTLMSSP));
        assert!(!same_mechanism(&KRB5, &IAKERB));
    }
}
