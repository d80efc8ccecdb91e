//! KRB-ERROR: what a KDC says instead of a reply, kept whole and explained.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{
    Decode, ErrorCode, KerbErrorData, KerbErrorDataType, KerbExtError, KerberosTime, KrbError, MethodData,
    Microseconds, Principal,
};

/// A KRB-ERROR of a KDC (RFC 4120 section 5.9), with everything in it.
///
/// Nothing in it is authenticated, unless it came inside FAST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: ErrorCode,
    /// The KDC's text for people.
    pub text: Option<String>,
    /// The client's clock, as the request gave it and the KDC repeats it.
    pub client_time: Option<Timestamp>,
    /// The KDC's clock.
    pub server_time: Timestamp,
    /// By how many seconds the KDC's clock is ahead of ours; negative when it is behind.
    pub ahead: i64,
    /// The client's realm. With `KDC_ERR_WRONG_REALM` the realm to ask instead.
    pub client_realm: Option<String>,
    /// The client.
    pub client: Option<Principal>,
    /// The service. Where the KDC of a TGS exchange names none, it is the one that was asked for.
    pub server: Principal,
    /// Data whose form depends on the code; empty if there is none.
    pub e_data: Vec<u8>,
}

impl Refusal {
    /// Takes a KRB-ERROR that came at the time `now` of our clock.
    #[must_use]
    pub fn new(error: &KrbError<'_>, now: Timestamp) -> Self {
        let server_time = timestamp(error.stime, error.susec);
        let crealm = error.crealm;
        Self {
            code: error.error_code,
            text: error.e_text.map(|text| text.to_string()).filter(|text| !text.is_empty()),
            client_time: error.ctime.map(|time| timestamp(time, error.cusec.unwrap_or_default())),
            server_time,
            ahead: server_time.seconds().saturating_sub(now.seconds()),
            client_realm: crealm.map(|realm| realm.to_string()),
            client: error.cname.zip(crealm).map(|(name, realm)| name.in_realm(realm).into()),
            server: error.sname.in_realm(error.realm).into(),
            e_data: error.e_data.map(|data| data.as_bytes().to_vec()).unwrap_or_default(),
        }
    }

    /// Takes the service that was asked for where the KDC names none: Heimdal's does so where it has none.
    #[must_use]
    pub(crate) fn about(mut self, server: &Principal) -> Self {
        if self.server.components().len() == 0 {
            self.server = server.clone();
        }
        self
    }

    /// The pre-authentication data in [`e_data`](Self::e_data): what the KDC offers, and its parameters. None if the
    /// data has another form.
    #[must_use]
    pub fn method_data(&self) -> MethodData<'_> {
        MethodData::from_der(&self.e_data).unwrap_or_default()
    }

    /// The NTSTATUS by which Windows and Samba tell more than the code does (MS-KILE section 2.2.1).
    #[must_use]
    pub fn nt_status(&self) -> Option<u32> {
        let data = KerbErrorData::from_der(&self.e_data).ok()?;
        let content = data.data_value.filter(|_| data.data_type == KerbErrorDataType::EXTENDED)?;
        Some(KerbExtError::from_bytes(content.as_bytes())?.status)
    }

    /// Whether the KDC says that the clocks differ too much.
    #[must_use]
    pub fn is_skew(&self) -> bool {
        self.code == ErrorCode::KRB_AP_ERR_SKEW
    }

    /// What it means and what to try, where this is known.
    fn advice(&self) -> Option<&'static str> {
        if let Some(reason) = self.nt_status().and_then(nt_status_advice) {
            return Some(reason);
        }
        Some(match self.code {
            ErrorCode::KDC_ERR_CLIENT_REVOKED => {
                "the account is locked, disabled or expired: wait until the lock ends, or ask its administrator"
            }
            ErrorCode::KDC_ERR_TGT_REVOKED => {
                "the TGT was withdrawn, or has come without a PAC to a domain that wants one: log in again, or let its \
                 KDC issue PACs"
            }
            ErrorCode::KDC_ERR_ETYPE_NOSUPP => {
                "client, service and KDC share no encryption type: allow another one, or make new keys for the account"
            }
            ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP => {
                "the KDC does not know the pre-authentication used: allow another mechanism"
            }
            ErrorCode::KDC_ERR_CANNOT_POSTDATE => {
                "the KDC issues no tickets for later: ask for one from now on"
            }
            ErrorCode::KDC_ERR_SERVICE_REVOKED => {
                "the service's account is locked or disabled: ask its administrator"
            }
            ErrorCode::KDC_ERR_SERVICE_NOTYET => "the service's account is not valid yet: check the clocks",
            ErrorCode::KDC_ERR_SERVER_NOMATCH => {
                "the ticket shown is not for this: use the ticket of the right server"
            }
            ErrorCode::KRB_AP_ERR_SKEW => {
                "set both clocks by the same time source, or follow the KDC's clock"
            }
            ErrorCode::KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS => {
                "the KDC does not know an option of FAST: do without hiding the client's name"
            }
            code => return code.advice(),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the KDC refused")?;
        match (&self.client, self.code) {
            (Some(client), ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN) => write!(f, " {client}")?,
            (_, ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN) => write!(f, " {}", self.server)?,
            _ => {}
        }
        write!(f, ": {}", self.code)?;
        if let Some(advice) = self.advice() {
            write!(f, ": {advice}")?;
        }
        if self.is_skew() {
            let (seconds, direction) = if self.ahead >= 0 {
                (self.ahead, "ahead of")
            } else {
                (self.ahead.saturating_neg(), "behind")
            };
            write!(f, " (the KDC's clock says {}, {seconds} s {direction} ours)", self.server_time)?;
        }
        match &self.text {
            Some(text) => write!(f, " (the KDC says: {})", text.escape_debug()),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Refusal {}

impl Diagnose for Refusal {
    fn blame(&self) -> Blame {
        if self.is_skew() { Blame::Environment } else { Blame::PeerRefused }
    }

    fn code(&self) -> &'static str {
        match self.code {
            ErrorCode::KDC_ERR_NAME_EXP => "client_expired",
            ErrorCode::KDC_ERR_SERVICE_EXP => "service_expired",
            ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => "client_unknown",
            ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => "service_unknown",
            ErrorCode::KDC_ERR_NEVER_VALID => "never_valid",
            ErrorCode::KDC_ERR_POLICY => "policy",
            ErrorCode::KDC_ERR_BADOPTION => "option_refused",
            ErrorCode::KDC_ERR_ETYPE_NOSUPP => "enctype_unsupported",
            ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP => "preauth_unsupported",
            ErrorCode::KDC_ERR_CLIENT_REVOKED => "client_revoked",
            ErrorCode::KDC_ERR_SERVICE_REVOKED => "service_revoked",
            ErrorCode::KDC_ERR_TGT_REVOKED => "tgt_revoked",
            ErrorCode::KDC_ERR_CLIENT_NOTYET => "client_not_yet_valid",
            ErrorCode::KDC_ERR_KEY_EXPIRED => "password_expired",
            ErrorCode::KDC_ERR_PREAUTH_FAILED => "preauth_failed",
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED => "preauth_required",
            ErrorCode::KDC_ERR_MUST_USE_USER2USER | ErrorCode::KRB_AP_ERR_USER_TO_USER_REQUIRED => {
                "user_to_user_required"
            }
            ErrorCode::KDC_ERR_PATH_NOT_ACCEPTED => "path_not_accepted",
            ErrorCode::KDC_ERR_SVC_UNAVAILABLE => "kdc_unavailable",
            ErrorCode::KRB_AP_ERR_TKT_EXPIRED => "ticket_expired",
            ErrorCode::KRB_AP_ERR_TKT_NYV => "ticket_not_yet_valid",
            ErrorCode::KRB_AP_ERR_SKEW => "clock_skew",
            ErrorCode::KDC_ERR_WRONG_REALM => "wrong_realm",
            _ => "refused",
        }
    }

    fn major(&self) -> MajorStatus {
        match self.code {
            ErrorCode::KDC_ERR_NAME_EXP
            | ErrorCode::KDC_ERR_KEY_EXPIRED
            | ErrorCode::KRB_AP_ERR_TKT_EXPIRED => MajorStatus::CREDENTIALS_EXPIRED,
            ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => MajorStatus::BAD_NAME,
            ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN
            | ErrorCode::KDC_ERR_CLIENT_REVOKED
            | ErrorCode::KDC_ERR_TGT_REVOKED
            | ErrorCode::KDC_ERR_PREAUTH_FAILED => MajorStatus::DEFECTIVE_CREDENTIAL,
            ErrorCode::KDC_ERR_POLICY | ErrorCode::KDC_ERR_BADOPTION => MajorStatus::UNAUTHORIZED,
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        Some(self.code.0)
    }
}

/// The NTSTATUS values with which Windows refuses a logon (MS-ERREF section 2.3.1).
const fn nt_status_advice(status: u32) -> Option<&'static str> {
    Some(match status {
        0xc000_006f => "the account may not log in at this hour",
        0xc000_0070 => "the account may not log in from this host",
        0xc000_0071 => "the password has expired: change it",
        0xc000_0072 => "the account is disabled: ask its administrator",
        0xc000_0193 => "the account has expired: ask its administrator",
        0xc000_0224 => "the password has to be changed before the first login",
        0xc000_0234 => "the account is locked after too many wrong passwords: wait, or ask its administrator",
        0xc000_0413 => "the account may not log in to this service or from this host: ask its administrator",
        _ => return None,
    })
}

/// The time of a message.
pub(crate) fn timestamp(seconds: KerberosTime, micros: Microseconds) -> Timestamp {
    Timestamp::new(seconds.unix_seconds(), micros.get())
        .unwrap_or(Timestamp::from_seconds(seconds.unix_seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use krb5_asn1::{Encode, KerberosString, NameType, Octets, PrincipalName};

    fn refusal(code: ErrorCode, stime: i64, e_data: &[u8]) -> Refusal {
        let name = [KerberosString::from("alice")];
        let service = ["krbtgt", "EXAMPLE.COM"].map(KerberosString::from);
        let error = KrbError {
            ctime: None,
            cusec: None,
            stime: KerberosTime::from_unix(stime).unwrap(),
            susec: Microseconds::new(5).unwrap(),
            error_code: code,
            crealm: Some("EXAMPLE.COM".into()),
            cname: Some(PrincipalName::new(NameType::PRINCIPAL, &name)),
            realm: "EXAMPLE.COM".into(),
            sname: PrincipalName::new(NameType::SRV_INST, &service),
            e_text: Some("LOOKING_UP\nX".into()),
            e_data: Some(Octets::new(e_data)),
        };
        let der = error.to_der().unwrap();
        Refusal::new(&KrbError::from_der(&der).unwrap(), Timestamp::from_seconds(1_700_000_000))
    }

    #[test]
    fn everything_in_the_error_is_kept() {
        let seen = refusal(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, 1_700_000_003, b"data");
        assert_eq!(seen.client, Some(Principal::new("alice", "EXAMPLE.COM")));
        assert_eq!(seen.server, Principal::new_tgs("EXAMPLE.COM", "EXAMPLE.COM"));
        assert_eq!(seen.client_realm.as_deref(), Some("EXAMPLE.COM"));
        assert_eq!((seen.server_time, seen.ahead), (Timestamp::new(1_700_000_003, 5).unwrap(), 3));
        assert_eq!(seen.e_data, b"data");
        assert_eq!(seen.minor(), Some(6));
    }

    #[test]
    fn names_and_text_are_printed_without_line_breaks() {
        let seen = refusal(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, 1_700_000_000, b"").to_string();
        assert!(seen.contains("refused alice@EXAMPLE.COM"), "{seen}");
        assert!(seen.contains("check the user name"), "{seen}");
        assert!(seen.contains(r"LOOKING_UP\nX"), "{seen}");
        let seen = refusal(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, 1_700_000_000, b"").to_string();
        assert!(seen.contains("krbtgt/EXAMPLE.COM@EXAMPLE.COM"), "{seen}");
    }

    #[test]
    fn the_service_asked_for_stands_in_for_one_that_is_not_named() {
        let asked = Principal::new_service("HTTP", "www.example.com", "EXAMPLE.COM");
        let mut seen = refusal(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, 1_700_000_000, b"");
        assert_eq!(seen.clone().about(&asked).server, seen.server);
        seen.server = Principal::from_components(NameType::UNKNOWN, [""; 0], "<unspecified realm>").unwrap();
        assert!(seen.about(&asked).to_string().contains("refused HTTP/www.example.com@EXAMPLE.COM"));
    }

    #[test]
    fn skew_is_told_with_its_direction() {
        let ahead = refusal(ErrorCode::KRB_AP_ERR_SKEW, 1_700_000_600, b"");
        assert!(ahead.to_string().contains("600 s ahead of ours"), "{ahead}");
        assert_eq!(ahead.blame(), Blame::Environment);
        let behind = refusal(ErrorCode::KRB_AP_ERR_SKEW, 1_699_999_400, b"");
        assert!(behind.to_string().contains("600 s behind ours"), "{behind}");
    }

    #[test]
    fn windows_tells_a_locked_account_from_a_disabled_one() {
        let data = |status| {
            let content = KerbExtError { status, flags: 1 }.to_bytes();
            KerbErrorData { data_type: KerbErrorDataType::EXTENDED, data_value: Some(Octets::new(&content)) }
                .to_der()
                .unwrap()
        };
        let locked = refusal(ErrorCode::KDC_ERR_CLIENT_REVOKED, 1_700_000_000, &data(0xc000_0234));
        assert_eq!(locked.nt_status(), Some(0xc000_0234));
        assert!(locked.to_string().contains("locked after too many"), "{locked}");
        let disabled = refusal(ErrorCode::KDC_ERR_CLIENT_REVOKED, 1_700_000_000, &data(0xc000_0072));
        assert!(disabled.to_string().contains("is disabled"), "{disabled}");
        assert_eq!(refusal(ErrorCode::KDC_ERR_CLIENT_REVOKED, 0, b"junk").nt_status(), None);
    }

    #[test]
    fn each_of_the_common_reasons_has_a_word_of_its_own() {
        let mut words: Vec<_> =
            [1, 2, 6, 7, 11, 12, 13, 14, 16, 18, 19, 20, 21, 23, 24, 25, 27, 28, 29, 32, 33, 37, 68]
                .map(|code| refusal(ErrorCode(code), 0, b"").code())
                .into();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        assert!(!words.contains(&"refused"));
    }
}
