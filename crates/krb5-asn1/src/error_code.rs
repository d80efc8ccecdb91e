//! Error codes of KRB-ERROR (RFC 4120 section 7.5.9 and the IANA registry).

code_points! {
    /// Why a KDC or a service refused.
    ///
    /// `Display` gives name and number; [`advice`](Self::advice) says what it means and what to try.
    pub struct ErrorCode {
        /// No error
        KDC_ERR_NONE = 0,
        /// Client's entry in the KDC database has expired
        KDC_ERR_NAME_EXP = 1,
        /// Server's entry in the KDC database has expired
        KDC_ERR_SERVICE_EXP = 2,
        /// Requested protocol version is not supported
        KDC_ERR_BAD_PVNO = 3,
        /// Client's key is encrypted in an old master key
        KDC_ERR_C_OLD_MAST_KVNO = 4,
        /// Server's key is encrypted in an old master key
        KDC_ERR_S_OLD_MAST_KVNO = 5,
        /// Client is not in the KDC database
        KDC_ERR_C_PRINCIPAL_UNKNOWN = 6,
        /// Server is not in the KDC database
        KDC_ERR_S_PRINCIPAL_UNKNOWN = 7,
        /// Several entries for one principal
        KDC_ERR_PRINCIPAL_NOT_UNIQUE = 8,
        /// Client or server has no key
        KDC_ERR_NULL_KEY = 9,
        /// Ticket cannot be postdated
        KDC_ERR_CANNOT_POSTDATE = 10,
        /// Requested start time is later than end time
        KDC_ERR_NEVER_VALID = 11,
        /// KDC policy rejects the request
        KDC_ERR_POLICY = 12,
        /// KDC cannot honour a requested option
        KDC_ERR_BADOPTION = 13,
        /// KDC has no support for the encryption type
        KDC_ERR_ETYPE_NOSUPP = 14,
        /// KDC has no support for the checksum type
        KDC_ERR_SUMTYPE_NOSUPP = 15,
        /// KDC has no support for the pre-authentication type
        KDC_ERR_PADATA_TYPE_NOSUPP = 16,
        /// KDC has no support for the transited type
        KDC_ERR_TRTYPE_NOSUPP = 17,
        /// Client's credentials are revoked
        KDC_ERR_CLIENT_REVOKED = 18,
        /// Server's credentials are revoked
        KDC_ERR_SERVICE_REVOKED = 19,
        /// TGT is revoked
        KDC_ERR_TGT_REVOKED = 20,
        /// Client is not valid yet
        KDC_ERR_CLIENT_NOTYET = 21,
        /// Server is not valid yet
        KDC_ERR_SERVICE_NOTYET = 22,
        /// Password has expired
        KDC_ERR_KEY_EXPIRED = 23,
        /// Pre-authentication failed
        KDC_ERR_PREAUTH_FAILED = 24,
        /// Pre-authentication is needed
        KDC_ERR_PREAUTH_REQUIRED = 25,
        /// Requested server and ticket do not match
        KDC_ERR_SERVER_NOMATCH = 26,
        /// Server accepts user-to-user only
        KDC_ERR_MUST_USE_USER2USER = 27,
        /// KDC policy rejects the transited path
        KDC_ERR_PATH_NOT_ACCEPTED = 28,
        /// A service is not available
        KDC_ERR_SVC_UNAVAILABLE = 29,
        /// Integrity check on a decrypted field failed
        KRB_AP_ERR_BAD_INTEGRITY = 31,
        /// Ticket has expired
        KRB_AP_ERR_TKT_EXPIRED = 32,
        /// Ticket is not valid yet
        KRB_AP_ERR_TKT_NYV = 33,
        /// Request is a replay
        KRB_AP_ERR_REPEAT = 34,
        /// Ticket is not for us
        KRB_AP_ERR_NOT_US = 35,
        /// Ticket and authenticator do not match
        KRB_AP_ERR_BADMATCH = 36,
        /// Clocks differ too much
        KRB_AP_ERR_SKEW = 37,
        /// Network address does not match
        KRB_AP_ERR_BADADDR = 38,
        /// Protocol version does not match
        KRB_AP_ERR_BADVERSION = 39,
        /// Message type is wrong
        KRB_AP_ERR_MSG_TYPE = 40,
        /// Message stream was modified
        KRB_AP_ERR_MODIFIED = 41,
        /// Message is out of order
        KRB_AP_ERR_BADORDER = 42,
        /// Cross-realm ticket is illegal (MIT krb5)
        KRB_AP_ERR_ILL_CR_TKT = 43,
        /// Key version is not available
        KRB_AP_ERR_BADKEYVER = 44,
        /// Service key is not available
        KRB_AP_ERR_NOKEY = 45,
        /// Mutual authentication failed
        KRB_AP_ERR_MUT_FAIL = 46,
        /// Message direction is wrong
        KRB_AP_ERR_BADDIRECTION = 47,
        /// Another authentication method is needed
        KRB_AP_ERR_METHOD = 48,
        /// Sequence number is wrong
        KRB_AP_ERR_BADSEQ = 49,
        /// Checksum type does not fit
        KRB_AP_ERR_INAPP_CKSUM = 50,
        /// Transited path is rejected
        KRB_AP_PATH_NOT_ACCEPTED = 51,
        /// Answer does not fit in a datagram
        KRB_ERR_RESPONSE_TOO_BIG = 52,
        /// Generic error; the text may say more
        KRB_ERR_GENERIC = 60,
        /// A field is too long for this implementation
        KRB_ERR_FIELD_TOOLONG = 61,
        /// Client's certificate is not trusted
        KDC_ERR_CLIENT_NOT_TRUSTED = 62,
        /// KDC's certificate is not trusted
        KDC_ERR_KDC_NOT_TRUSTED = 63,
        /// Signature is invalid
        KDC_ERR_INVALID_SIG = 64,
        /// Diffie-Hellman parameters are not accepted
        KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED = 65,
        /// Certificates do not match
        KDC_ERR_CERTIFICATE_MISMATCH = 66,
        /// No TGT was presented
        KRB_AP_ERR_NO_TGT = 67,
        /// Request went to the wrong realm
        KDC_ERR_WRONG_REALM = 68,
        /// User-to-user is required
        KRB_AP_ERR_USER_TO_USER_REQUIRED = 69,
        /// Certificate cannot be verified
        KDC_ERR_CANT_VERIFY_CERTIFICATE = 70,
        /// Certificate is invalid
        KDC_ERR_INVALID_CERTIFICATE = 71,
        /// Certificate is revoked
        KDC_ERR_REVOKED_CERTIFICATE = 72,
        /// Revocation status is unknown
        KDC_ERR_REVOCATION_STATUS_UNKNOWN = 73,
        /// Revocation status is not available
        KDC_ERR_REVOCATION_STATUS_UNAVAILABLE = 74,
        /// Certificate names another client
        KDC_ERR_CLIENT_NAME_MISMATCH = 75,
        /// Certificate names another KDC
        KDC_ERR_KDC_NAME_MISMATCH = 76,
        /// Certificate's key purpose does not fit
        KDC_ERR_INCONSISTENT_KEY_PURPOSE = 77,
        /// Digest of the certificate is not accepted
        KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED = 78,
        /// PKINIT checksum is missing
        KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED = 79,
        /// Digest of the signed data is not accepted
        KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED = 80,
        /// Public key encryption is not supported
        KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED = 81,
        /// A well-known principal name is not supported
        KRB_AP_ERR_PRINCIPAL_UNKNOWN = 82,
        /// A well-known realm name is not supported
        KRB_AP_ERR_REALM_UNKNOWN = 83,
        /// A reserved principal name is not supported
        KRB_AP_ERR_PRINCIPAL_RESERVED = 84,
        /// IAKERB proxy found no KDC
        KRB_AP_ERR_IAKERB_KDC_NOT_FOUND = 85,
        /// IAKERB proxy had no answer from the KDC
        KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE = 86,
        /// Pre-authentication state has expired
        KDC_ERR_PREAUTH_EXPIRED = 90,
        /// Pre-authentication needs another round
        KDC_ERR_MORE_PREAUTH_DATA_REQUIRED = 91,
        /// Several pre-authentication sets were sent
        KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET = 92,
        /// A critical FAST option is unknown
        KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS = 93,
        /// No key derivation function is acceptable to both
        KDC_ERR_NO_ACCEPTABLE_KDF = 100,
    }
}

impl ErrorCode {
    /// What the error means and what to try, in one line for a person; `None` where the name says it all.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::KDC_ERR_NAME_EXP => "the client's account has expired: ask its administrator",
            Self::KDC_ERR_SERVICE_EXP => "the service's account has expired: ask its administrator",
            Self::KDC_ERR_C_PRINCIPAL_UNKNOWN => {
                "the KDC does not know the client: check the user name and the realm"
            }
            Self::KDC_ERR_S_PRINCIPAL_UNKNOWN => {
                "the KDC does not know the service: check the host name and that its principal exists in this realm"
            }
            Self::KDC_ERR_NULL_KEY => "the principal has no key: set a password or make a key",
            Self::KDC_ERR_NEVER_VALID => {
                "no time is left for the ticket: check the clocks and the times asked for"
            }
            Self::KDC_ERR_POLICY => "the KDC's policy forbids this request: ask its administrator",
            Self::KDC_ERR_BADOPTION => {
                "the KDC cannot grant an option: the ticket may not be forwardable, renewable or allowed to delegate"
            }
            Self::KDC_ERR_ETYPE_NOSUPP => {
                "client, service and KDC share no encryption type: check the keys of both principals"
            }
            Self::KDC_ERR_CLIENT_REVOKED => "the account is locked or disabled",
            Self::KDC_ERR_TGT_REVOKED => "the TGT was withdrawn: log in again",
            Self::KDC_ERR_CLIENT_NOTYET => "the client's account is not valid yet: check the clocks",
            Self::KDC_ERR_KEY_EXPIRED => "the password has expired: change it",
            Self::KDC_ERR_PREAUTH_FAILED => "the password or key is wrong, or belongs to another key version",
            Self::KDC_ERR_PREAUTH_REQUIRED => {
                "the KDC asks for pre-authentication: repeat the request with it"
            }
            Self::KDC_ERR_PATH_NOT_ACCEPTED => {
                "a KDC does not trust the realms between client and service: check its trusts and capaths"
            }
            Self::KDC_ERR_SVC_UNAVAILABLE => {
                "the KDC is busy, or what it depends on is down: ask another KDC, or later"
            }
            Self::KDC_ERR_MUST_USE_USER2USER | Self::KRB_AP_ERR_USER_TO_USER_REQUIRED => {
                "the service has no long-term key of its own: use user-to-user"
            }
            Self::KRB_AP_ERR_BAD_INTEGRITY => {
                "decryption failed: the key differs from the one the message was made with; refresh the keytab"
            }
            Self::KRB_AP_ERR_TKT_EXPIRED => "the ticket has expired: get a new one, and check the clocks",
            Self::KRB_AP_ERR_TKT_NYV => "the ticket is not valid yet: check the clocks, or validate it",
            Self::KRB_AP_ERR_REPEAT => {
                "the service has seen this request before: make a fresh one for each try"
            }
            Self::KRB_AP_ERR_NOT_US => {
                "the ticket is for another service: check the name that the client used"
            }
            Self::KRB_AP_ERR_BADMATCH => "ticket and authenticator name different clients",
            Self::KRB_AP_ERR_SKEW => {
                "the clocks of client and service differ too much: set both by the same time source"
            }
            Self::KRB_AP_ERR_BADADDR => {
                "the ticket is bound to other addresses: ask for one without addresses"
            }
            Self::KRB_AP_ERR_MODIFIED => {
                "a message was altered, or the service's key differs from the KDC's: refresh the keytab"
            }
            Self::KRB_AP_ERR_BADKEYVER => {
                "the service lacks the key version that the ticket needs: refresh the keytab or get a new ticket"
            }
            Self::KRB_AP_ERR_NOKEY => {
                "the service has no key for this name: check the principals in its keytab"
            }
            Self::KRB_ERR_RESPONSE_TOO_BIG => "the answer is too long for UDP: repeat the request over TCP",
            Self::KDC_ERR_WRONG_REALM => "the request belongs to another realm: follow the referral",
            Self::KDC_ERR_PREAUTH_EXPIRED => "the KDC waited too long for the next message: start again",
            Self::KRB_AP_ERR_IAKERB_KDC_NOT_FOUND => "the proxying service found no KDC for the realm",
            Self::KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE => "the KDC did not answer the proxying service",
            _ => return None,
        })
    }
}
