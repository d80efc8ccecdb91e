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
    /// `ad-type` (RFC 4120 section 7.5.4 and the IANA registry).
    pub struct AuthDataType {
        /// May be ignored when not understood; holds AuthorizationData.
        IF_RELEVANT = 1,
        /// For the server named in it only (RFC 1510; obsolete).
        INTENDED_FOR_SERVER = 2,
        /// For a class of applications only (RFC 1510; obsolete).
        INTENDED_FOR_APPLICATION_CLASS = 3,
        /// Issued by the KDC; holds [`AdKdcIssued`](crate::AdKdcIssued).
        KDC_ISSUED = 4,
        /// A number of conditions; holds [`AdAndOr`](crate::AdAndOr).
        AND_OR = 5,
        /// Ticket extensions that must be understood (withdrawn before RFC 4120).
        MANDATORY_TICKET_EXTENSIONS = 6,
        /// Refers to ticket extensions (withdrawn before RFC 4120).
        IN_TICKET_EXTENSIONS = 7,
        /// Must be understood by KDCs only; holds AuthorizationData.
        MANDATORY_FOR_KDC = 8,
        /// Initially verified CAS.
        INITIAL_VERIFIED_CAS = 9,
        /// OSF DCE.
        OSF_DCE = 64,
        /// SESAME.
        SESAME = 65,
        /// Certificate of OSF DCE.
        OSF_DCE_PKI_CERTID = 66,
        /// In an authenticator: the AP-REQ is FAST armor and nothing else (RFC 6113 section 5.4.1.1).
        FX_FAST_ARMOR = 71,
        /// In an authenticator: a TGS-REQ used FAST (RFC 6113 section 5.4.2).
        FX_FAST_USED = 72,
        /// Other names of the client (RFC 6806 section 6).
        LOGIN_ALIAS = 80,
        /// Container MAC (RFC 7751); holds [`AdCammac`](crate::AdCammac).
        CAMMAC = 96,
        /// Authentication indicators (RFC 8129); holds
        /// [`AdAuthenticationIndicator`](crate::AdAuthenticationIndicator).
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
        /// Signature over the path of a delegated ticket (old MIT krb5).
        SIGNTICKET = 512,
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

code_points! {
    /// `armor-type` of FAST (RFC 6113 section 5.4.1).
    pub struct FastArmorType {
        /// An AP-REQ whose ticket is for the KDC.
        AP_REQUEST = 1,
    }
}

code_points! {
    /// Groups of SPAKE (RFC 9588 section 12.2).
    pub struct SpakeGroup {
        /// edwards25519; public values and scalars of 32 bytes.
        EDWARDS25519 = 1,
        /// P-256; compressed points of 33 bytes.
        P256 = 2,
        /// P-384; compressed points of 49 bytes.
        P384 = 3,
        /// P-521; compressed points of 67 bytes.
        P521 = 4,
    }
}

code_points! {
    /// Second factors of SPAKE (RFC 9588 section 12.1).
    pub struct SpakeFactorType {
        /// The password alone.
        NONE = 1,
    }
}

code_points! {
    /// `data-type` of KERB-ERROR-DATA (MS-KILE section 2.2.2).
    pub struct KerbErrorDataType {
        /// The service tried to make up for a skewed clock; no content.
        SKEW_RECOVERY = 2,
        /// An NTSTATUS; holds [`KerbExtError`](crate::KerbExtError).
        EXTENDED = 3,
    }
}
