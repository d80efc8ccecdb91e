//! Code points of RFC 4120 section 7.5 and its companions.

code_points! {
    /// `msg-type` (RFC 4120 section 7.5.7).
    pub struct MessageType {
        /// AS-REQ
        AS_REQ = 10,
        /// AS-REP
        AS_REP = 11,
        /// TGS-REQ
        TGS_REQ = 12,
        /// TGS-REP
        TGS_REP = 13,
        /// AP-REQ
        AP_REQ = 14,
        /// AP-REP
        AP_REP = 15,
        /// KRB-SAFE
        KRB_SAFE = 20,
        /// KRB-PRIV
        KRB_PRIV = 21,
        /// KRB-CRED
        KRB_CRED = 22,
        /// KRB-ERROR
        KRB_ERROR = 30,
    }
}

code_points! {
    /// `name-type` (RFC 4120 section 6.2). A hint: comparisons ignore it.
    pub struct NameType {
        /// Not known.
        UNKNOWN = 0,
        /// A user or another plain principal.
        PRINCIPAL = 1,
        /// A service with an instance, such as `krbtgt/REALM`.
        SRV_INST = 2,
        /// A service on a host, `HTTP/host.example`.
        SRV_HST = 3,
        /// A service on a host, the host's labels as components.
        SRV_XHST = 4,
        /// A unique identifier.
        UID = 5,
        /// An X.500 distinguished name.
        X500_PRINCIPAL = 6,
        /// A mail address.
        SMTP_NAME = 7,
        /// An enterprise name, `user@domain` in one component (RFC 6806).
        ENTERPRISE = 10,
        /// A well-known name (RFC 6111).
        WELLKNOWN = 11,
        /// A service of a domain (RFC 5179).
        SRV_HST_DOMAIN = 12,
        /// A Windows account name.
        MS_PRINCIPAL = -128,
        /// A Windows account name with its SID.
        MS_PRINCIPAL_AND_ID = -129,
        /// An enterprise name with its SID.
        ENT_PRINCIPAL_AND_ID = -130,
    }
}

code_points! {
    /// `padata-type` (RFC 4120 section 7.5.2 and the IANA registry).
    pub struct PaDataType {
        /// The AP-REQ of a TGS-REQ.
        TGS_REQ = 1,
        /// Encrypted timestamp.
        ENC_TIMESTAMP = 2,
        /// Salt of the client's key.
        PW_SALT = 3,
        /// ETYPE-INFO.
        ETYPE_INFO = 11,
        /// PKINIT request (RFC 4556).
        PK_AS_REQ = 16,
        /// PKINIT reply (RFC 4556).
        PK_AS_REP = 17,
        /// ETYPE-INFO2.
        ETYPE_INFO2 = 19,
        /// Referral data (RFC 6806).
        SVR_REFERRAL_INFO = 20,
        /// PAC wanted or not (MS-KILE).
        PAC_REQUEST = 128,
        /// S4U2self (MS-SFU).
        FOR_USER = 129,
        /// S4U2self with certificate (MS-SFU).
        S4U_X509_USER = 130,
        /// Checksum over the AS-REQ in the encrypted reply (RFC 6806 section 11).
        AS_CHECKSUM = 132,
        /// FAST cookie (RFC 6113).
        FX_COOKIE = 133,
        /// FAST (RFC 6113).
        FX_FAST = 136,
        /// FAST error (RFC 6113).
        FX_ERROR = 137,
        /// Encrypted challenge (RFC 6113).
        ENCRYPTED_CHALLENGE = 138,
        /// One-time password challenge (RFC 6560).
        OTP_CHALLENGE = 141,
        /// One-time password request (RFC 6560).
        OTP_REQUEST = 142,
        /// PKINIT algorithms (RFC 8636).
        PKINIT_KX = 147,
        /// The client understands RFC 6806's encrypted pre-authentication data.
        REQ_ENC_PA_REP = 149,
        /// PKINIT freshness token (RFC 8070).
        AS_FRESHNESS = 150,
        /// SPAKE (RFC 9588).
        SPAKE = 151,
        /// Encryption types of the service account (MS-KILE).
        SUPPORTED_ETYPES = 165,
        /// PAC options (MS-KILE).
        PAC_OPTIONS = 167,
    }
}

code_points! {
    /// `ad-type` (RFC 4120 section 7.5.4 and the IANA registry).
    pub struct AuthDataType {
        /// May be ignored when not understood; holds AuthorizationData.
        IF_RELEVANT = 1,
        /// Issued by the KDC.
        KDC_ISSUED = 4,
        /// A number of conditions.
        AND_OR = 5,
        /// Must be understood by KDCs only.
        MANDATORY_FOR_KDC = 8,
        /// Initially verified CAS.
        INITIAL_VERIFIED_CAS = 9,
        /// OSF DCE.
        OSF_DCE = 64,
        /// Container MAC (RFC 7751).
        CAMMAC = 96,
        /// Authentication indicators (RFC 8129).
        AUTHENTICATION_INDICATOR = 97,
        /// The Windows PAC (MS-PAC).
        WIN2K_PAC = 128,
        /// Enctypes that the client offers for the AP exchange (RFC 4537).
        ETYPE_NEGOTIATION = 129,
        /// Token restrictions of Windows (MS-KILE).
        TOKEN_RESTRICTIONS = 141,
        /// Local authentication data of Windows (MS-KILE).
        LOCAL = 142,
        /// Options of the AP exchange, as channel bindings wanted (MS-KILE).
        AP_OPTIONS = 143,
        /// The service name that the client meant (MS-KILE).
        TARGET_PRINCIPAL = 144,
    }
}

code_points! {
    /// `addr-type` (RFC 4120 section 7.5.3).
    pub struct AddressType {
        /// IPv4, 4 bytes.
        IPV4 = 2,
        /// Directional, 4 bytes.
        DIRECTIONAL = 3,
        /// ChaosNet.
        CHAOSNET = 5,
        /// XNS.
        XNS = 6,
        /// ISO.
        ISO = 7,
        /// DECnet Phase IV.
        DECNET = 12,
        /// AppleTalk DDP.
        APPLETALK = 16,
        /// NetBIOS name, 16 bytes.
        NETBIOS = 20,
        /// IPv6, 16 bytes.
        IPV6 = 24,
    }
}

code_points! {
    /// `tr-type`, how the transited realms are written (RFC 4120 section 3.3.3.2).
    pub struct TransitedType {
        /// Nothing transited is recorded.
        NONE = 0,
        /// Realms compressed as DOMAIN-X500-COMPRESS.
        DOMAIN_X500_COMPRESS = 1,
    }
}

code_points! {
    /// `lr-type` (RFC 4120 section 5.4.2). Negative values speak of the answering server alone.
    pub struct LastReqType {
        /// No information.
        NONE = 0,
        /// Last initial request for a TGT.
        LAST_TGT_REQUEST = 1,
        /// Last initial request.
        LAST_INITIAL_REQUEST = 2,
        /// When the newest TGT was issued.
        NEWEST_TGT = 3,
        /// Last renewal.
        LAST_RENEWAL = 4,
        /// Last request of any kind.
        LAST_REQUEST = 5,
        /// When the password expires.
        PASSWORD_EXPIRES = 6,
        /// When the account expires.
        ACCOUNT_EXPIRES = 7,
    }
}
