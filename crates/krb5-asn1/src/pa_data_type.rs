//! Types of pre-authentication data and of typed data (RFC 4120 section 7.5.2 and the IANA registry).

code_points! {
    /// `padata-type`, and `data-type` of typed data: one registry numbers both.
    ///
    /// Names are those of the registry without `PA-`, and for Windows' own without `KERB-`.
    pub struct PaDataType {
        /// The [`ApReq`](crate::ApReq) of a TGS-REQ (RFC 4120).
        TGS_REQ = 1,
        /// Encrypted timestamp; holds [`PaEncTimestamp`](crate::PaEncTimestamp).
        ENC_TIMESTAMP = 2,
        /// Salt of the client's key, as bytes.
        PW_SALT = 3,
        /// Encrypted time of Unix (obsolete).
        ENC_UNIX_TIME = 5,
        /// SecurID of Sandia (obsolete).
        SANDIA_SECUREID = 6,
        /// SESAME (obsolete).
        SESAME = 7,
        /// OSF DCE (obsolete).
        OSF_DCE = 8,
        /// SecurID of CyberSafe (obsolete).
        CYBERSAFE_SECUREID = 9,
        /// Salt of AFS (obsolete).
        AFS3_SALT = 10,
        /// Salts by encryption type, as old KDCs say them; holds [`EtypeInfo`](crate::EtypeInfo).
        ETYPE_INFO = 11,
        /// Challenge for hardware tokens (obsolete).
        SAM_CHALLENGE = 12,
        /// Answer of hardware tokens (obsolete).
        SAM_RESPONSE = 13,
        /// PKINIT request of a draft.
        PK_AS_REQ_OLD = 14,
        /// PKINIT reply of a draft.
        PK_AS_REP_OLD = 15,
        /// PKINIT request (RFC 4556).
        PK_AS_REQ = 16,
        /// PKINIT reply (RFC 4556).
        PK_AS_REP = 17,
        /// OCSP answers for PKINIT (RFC 4557).
        PK_OCSP_RESPONSE = 18,
        /// Salts and parameters by encryption type; holds [`EtypeInfo2`](crate::EtypeInfo2).
        ETYPE_INFO2 = 19,
        /// Where the service is; holds [`PaSvrReferralData`](crate::PaSvrReferralData). RFC 4120 had another use
        /// for it.
        SVR_REFERRAL_INFO = 20,
        /// Redirection for hardware tokens (obsolete).
        SAM_REDIRECT = 21,
        /// Look into the typed data, where it means METHOD-DATA (RFC 4120).
        GET_FROM_TYPED_DATA = 22,
        /// Salts for hardware tokens (obsolete).
        SAM_ETYPE_INFO = 23,
        /// Another principal for hardware tokens (obsolete).
        ALT_PRINC = 24,
        /// Referral of a draft.
        SERVER_REFERRAL = 25,
        /// Challenge for hardware tokens, second form.
        SAM_CHALLENGE2 = 30,
        /// Answer of hardware tokens, second form.
        SAM_RESPONSE2 = 31,
        /// A further TGT (reserved).
        EXTRA_TGT = 41,
        /// Certificates from PKINIT, in typed data.
        TD_PKINIT_CMS_CERTIFICATES = 101,
        /// A principal, in typed data.
        TD_KRB_PRINCIPAL = 102,
        /// A realm, in typed data.
        TD_KRB_REALM = 103,
        /// Issuers that the KDC trusts, in typed data (RFC 4556).
        TD_TRUSTED_CERTIFIERS = 104,
        /// Which certificate is at fault, in typed data.
        TD_CERTIFICATE_INDEX = 105,
        /// What an application defines, in typed data.
        TD_APP_DEFINED_ERROR = 106,
        /// A nonce, in typed data.
        TD_REQ_NONCE = 107,
        /// A sequence number, in typed data.
        TD_REQ_SEQ = 108,
        /// Diffie-Hellman parameters that the KDC accepts, in typed data (RFC 4556).
        TD_DH_PARAMETERS = 109,
        /// Digests that the KDC accepts, in typed data (RFC 8636).
        TD_CMS_DIGEST_ALGORITHMS = 111,
        /// Digests in certificates that the KDC accepts, in typed data (RFC 8636).
        TD_CERT_DIGEST_ALGORITHMS = 112,
        /// PAC wanted or not; holds [`PaPacRequest`](crate::PaPacRequest).
        PAC_REQUEST = 128,
        /// S4U2self; holds [`PaForUser`](crate::PaForUser).
        FOR_USER = 129,
        /// S4U2self by name or certificate; holds [`PaS4uX509User`](crate::PaS4uX509User).
        S4U_X509_USER = 130,
        /// Check for duplicates (Windows).
        FOR_CHECK_DUPS = 131,
        /// Checksum over the AS-REQ (Windows).
        AS_CHECKSUM = 132,
        /// State of the KDC as bytes of its own form, to be sent back as it is (RFC 6113 section 5.2).
        FX_COOKIE = 133,
        /// Mechanisms to pass as a whole; holds [`PaAuthenticationSet`](crate::PaAuthenticationSet).
        AUTHENTICATION_SET = 134,
        /// The set that the client chose; holds [`PaAuthenticationSet`](crate::PaAuthenticationSet).
        AUTH_SET_SELECTED = 135,
        /// FAST; holds [`PaFxFastRequest`](crate::PaFxFastRequest) or [`PaFxFastReply`](crate::PaFxFastReply).
        FX_FAST = 136,
        /// The error inside FAST; holds [`KrbError`](crate::KrbError).
        FX_ERROR = 137,
        /// Encrypted timestamp inside FAST; holds [`PaEncryptedChallenge`](crate::PaEncryptedChallenge).
        ENCRYPTED_CHALLENGE = 138,
        /// One-time password challenge (RFC 6560).
        OTP_CHALLENGE = 141,
        /// One-time password request (RFC 6560).
        OTP_REQUEST = 142,
        /// One-time password confirmation (obsolete).
        OTP_CONFIRM = 143,
        /// Change of the PIN of a one-time password (RFC 6560).
        OTP_PIN_CHANGE = 144,
        /// EPAK request (reserved by RFC 6113).
        EPAK_AS_REQ = 145,
        /// EPAK reply (reserved by RFC 6113).
        EPAK_AS_REP = 146,
        /// Key made by both sides of anonymous PKINIT (RFC 8062).
        PKINIT_KX = 147,
        /// Name of PKU2U (draft-zhu-pku2u).
        PKU2U_NAME = 148,
        /// The client understands encrypted pre-authentication data; holds [`PaReqEncPaRep`](crate::PaReqEncPaRep)
        /// there.
        REQ_ENC_PA_REP = 149,
        /// PKINIT freshness token (RFC 8070).
        AS_FRESHNESS = 150,
        /// SPAKE; holds [`PaSpake`](crate::PaSpake).
        SPAKE = 151,
        /// OAuth2 of Red Hat (MIT krb5).
        REDHAT_IDP_OAUTH2 = 152,
        /// Passkeys of Red Hat (MIT krb5).
        REDHAT_PASSKEY = 153,
        /// Asks for long-term keys of these encryption types (MS-KILE section 2.2.11).
        KEY_LIST_REQ = 161,
        /// Those keys, in the encrypted data of the reply (MS-KILE section 2.2.12).
        KEY_LIST_REP = 162,
        /// Encryption types and features of the service; holds [`SupportedEnctypes`](crate::SupportedEnctypes).
        SUPPORTED_ETYPES = 165,
        /// Extended error (Windows).
        EXTENDED_ERROR = 166,
        /// Options for PAC and KDC; holds [`PaPacOptions`](crate::PaPacOptions).
        PAC_OPTIONS = 167,
    }
}
