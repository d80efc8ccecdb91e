//! Account, groups and SIDs of the client (MS-PAC section 2.5).

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ndr::NdrReader;
use crate::{FileTime, GroupMembership, List, PacError, PacErrorKind, Sid, SidAndAttributes, Text};

#[cfg(feature = "alloc")]
use crate::ndr::{NdrWriter, Referents, TooLong};

mod identity;

pub use identity::{Identity, Sids};

/// KERB_VALIDATION_INFO: what the domain controller knows of the client's account.
///
/// [`Default`] is an account without a name, number or group, whose times are those of an account without limits.
#[derive(Clone, Debug)]
pub struct LogonInfo<'a> {
    /// When the account last logged on.
    pub logon_time: FileTime,
    /// When the session is to end.
    pub logoff_time: FileTime,
    /// When the client is to be disconnected.
    pub kick_off_time: FileTime,
    /// When the password was set.
    pub password_last_set: FileTime,
    /// From when on the password may be changed.
    pub password_can_change: FileTime,
    /// Until when the password has to be changed.
    pub password_must_change: FileTime,
    /// The account's name in its domain (sAMAccountName). It can be given to another account; the SID cannot.
    pub effective_name: Text<'a>,
    /// The person's name.
    pub full_name: Text<'a>,
    /// The script to run at logon.
    pub logon_script: Text<'a>,
    /// Where the profile is kept.
    pub profile_path: Text<'a>,
    /// The home directory.
    pub home_directory: Text<'a>,
    /// The drive letter of the home directory.
    pub home_directory_drive: Text<'a>,
    /// How often the account logged on.
    pub logon_count: u16,
    /// How often the password was wrong.
    pub bad_password_count: u16,
    /// The account's number in its domain; 0 if the first extra SID is the account's.
    pub user_id: u32,
    /// The number of the account's primary group in its domain.
    pub primary_group_id: u32,
    /// Groups of the account's domain.
    pub groups: List<'a, GroupMembership>,
    /// Which of the fields below count.
    pub user_flags: UserFlags,
    /// A key of NTLM; zeros in Kerberos.
    pub session_key: UserSessionKey,
    /// NetBIOS name of the domain controller.
    pub logon_server: Text<'a>,
    /// NetBIOS name of the account's domain.
    pub logon_domain_name: Text<'a>,
    /// The SID of the account's domain. There is one wherever account, primary group or groups have a number.
    pub logon_domain_id: Option<Sid>,
    /// Properties of the account (MS-SAMR section 2.2.1.12).
    pub user_account_control: u32,
    /// Status of a sub-authentication package; 0 without one.
    pub sub_auth_status: u32,
    /// When the account last logged on at a console.
    pub last_successful_logon: FileTime,
    /// When it last failed to.
    pub last_failed_logon: FileTime,
    /// How often it failed to since then.
    pub failed_logon_count: u32,
    /// SIDs of other domains or of none. They count only with [`UserFlags::EXTRA_SIDS`].
    pub extra_sids: List<'a, SidAndAttributes>,
    /// The domain of the resource groups. There is one if there are resource groups.
    pub resource_domain_id: Option<Sid>,
    /// Groups of the service's domain. They count only with [`UserFlags::RESOURCE_GROUPS`].
    pub resource_groups: List<'a, GroupMembership>,
}

/// Which fields of a [`LogonInfo`] count, and how an NTLM logon came about. Unknown bits are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct UserFlags(pub u32);

impl UserFlags {
    /// The extra SIDs count.
    pub const EXTRA_SIDS: Self = Self(0x20);
    /// The resource groups count.
    pub const RESOURCE_GROUPS: Self = Self(0x200);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for UserFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// USER_SESSION_KEY: zeros in Kerberos. Wiped on drop and not shown, for an NTLM logon has the same structure.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct UserSessionKey([u8; 16]);

impl UserSessionKey {
    /// A key.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key itself.
    #[must_use]
    pub const fn secret_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for UserSessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserSessionKey")
    }
}

impl Default for LogonInfo<'_> {
    fn default() -> Self {
        Self {
            logon_time: FileTime::ZERO,
            logoff_time: FileTime::NEVER,
            kick_off_time: FileTime::NEVER,
            password_last_set: FileTime::ZERO,
            password_can_change: FileTime::ZERO,
            password_must_change: FileTime::NEVER,
            effective_name: Text::EMPTY,
            full_name: Text::EMPTY,
            logon_script: Text::EMPTY,
            profile_path: Text::EMPTY,
            home_directory: Text::EMPTY,
            home_directory_drive: Text::EMPTY,
            logon_count: 0,
            bad_password_count: 0,
            user_id: 0,
            primary_group_id: 0,
            groups: List::EMPTY,
            user_flags: UserFlags::default(),
            session_key: UserSessionKey::default(),
            logon_server: Text::EMPTY,
            logon_domain_name: Text::EMPTY,
            logon_domain_id: None,
            user_account_control: 0,
            sub_auth_status: 0,
            last_successful_logon: FileTime::ZERO,
            last_failed_logon: FileTime::ZERO,
            failed_logon_count: 0,
            extra_sids: List::EMPTY,
            resource_domain_id: None,
            resource_groups: List::EMPTY,
        }
    }
}

const LOGON_INFO: &str = "logon info";
const TIME: &str = "logon info, time";
const EFFECTIVE_NAME: &str = "account name";
const FULL_NAME: &str = "full name";
const LOGON_SCRIPT: &str = "logon script";
const PROFILE_PATH: &str = "profile path";
const HOME_DIRECTORY: &str = "home directory";
const HOME_DRIVE: &str = "home directory drive";
const GROUPS: &str = "groups";
const SERVER: &str = "logon server";
const DOMAIN_NAME: &str = "logon domain name";
const DOMAIN_SID: &str = "logon domain SID";
const EXTRA_SIDS: &str = "extra SIDs";
const RESOURCE_SID: &str = "resource domain SID";
const RESOURCE_GROUPS: &str = "resource groups";

fn time(ndr: &mut NdrReader<'_>) -> Result<FileTime, PacError> {
    // Two 32-bit numbers, so that it is aligned like one of them.
    let (low, high) = (ndr.u32(TIME)?, ndr.u32(TIME)?);
    Ok(FileTime(u64::from(high) << 32 | u64::from(low)))
}

/// Numbers within a domain mean nothing without the domain, or with one that has no room for a number.
pub(crate) fn check_domain(
    needed: bool,
    domain: Option<&Sid>,
    field: &'static str,
    offset: usize,
) -> Result<(), PacError> {
    match domain {
        None if needed => Err(PacErrorKind::NullPointer.at(field, offset)),
        Some(domain) if domain.with_rid(0).is_none() => Err(PacErrorKind::SidFull.at(field, offset)),
        _ => Ok(()),
    }
}

impl<'a> LogonInfo<'a> {
    /// Reads the content of a buffer of type [`LOGON_INFO`](crate::BufferType::LOGON_INFO).
    ///
    /// # Errors
    /// The rule of NDR or MS-PAC that it breaks.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &'a [u8], offset: usize) -> Result<Self, PacError> {
        let ndr = &mut NdrReader::open(buffer, offset, LOGON_INFO)?;
        let (logon_time, logoff_time, kick_off_time) = (time(ndr)?, time(ndr)?, time(ndr)?);
        let (password_last_set, password_can_change) = (time(ndr)?, time(ndr)?);
        let password_must_change = time(ndr)?;
        let effective_name = ndr.string_head(EFFECTIVE_NAME)?;
        let full_name = ndr.string_head(FULL_NAME)?;
        let logon_script = ndr.string_head(LOGON_SCRIPT)?;
        let profile_path = ndr.string_head(PROFILE_PATH)?;
        let home_directory = ndr.string_head(HOME_DIRECTORY)?;
        let home_drive = ndr.string_head(HOME_DRIVE)?;
        let (logon_count, bad_password_count) = (ndr.u16(LOGON_INFO)?, ndr.u16(LOGON_INFO)?);
        let (user_id, primary_group_id) = (ndr.u32(LOGON_INFO)?, ndr.u32(LOGON_INFO)?);
        let (group_count, groups) = (ndr.u32(GROUPS)?, ndr.pointer(GROUPS)?);
        let user_flags = UserFlags(ndr.u32(LOGON_INFO)?);
        let session_key = UserSessionKey(ndr.array(LOGON_INFO)?);
        let (server, domain_name) = (ndr.string_head(SERVER)?, ndr.string_head(DOMAIN_NAME)?);
        let at = ndr.offset();
        let domain = ndr.pointer(DOMAIN_SID)?;
        // Reserved, to be ignored.
        ndr.array::<8>(LOGON_INFO)?;
        let (user_account_control, sub_auth_status) = (ndr.u32(LOGON_INFO)?, ndr.u32(LOGON_INFO)?);
        let (last_successful_logon, last_failed_logon) = (time(ndr)?, time(ndr)?);
        let failed_logon_count = ndr.u32(LOGON_INFO)?;
        // Reserved, to be ignored.
        ndr.u32(LOGON_INFO)?;
        let (extra_count, extra_sids) = (ndr.u32(EXTRA_SIDS)?, ndr.pointer(EXTRA_SIDS)?);
        let resource_at = ndr.offset();
        let resource_domain = ndr.pointer(RESOURCE_SID)?;
        let (resource_count, resource_groups) = (ndr.u32(RESOURCE_GROUPS)?, ndr.pointer(RESOURCE_GROUPS)?);

        let info = Self {
            logon_time,
            logoff_time,
            kick_off_time,
            password_last_set,
            password_can_change,
            password_must_change,
            effective_name: ndr.string_body(effective_name, EFFECTIVE_NAME)?,
            full_name: ndr.string_body(full_name, FULL_NAME)?,
            logon_script: ndr.string_body(logon_script, LOGON_SCRIPT)?,
            profile_path: ndr.string_body(profile_path, PROFILE_PATH)?,
            home_directory: ndr.string_body(home_directory, HOME_DIRECTORY)?,
            home_directory_drive: ndr.string_body(home_drive, HOME_DRIVE)?,
            logon_count,
            bad_password_count,
            user_id,
            primary_group_id,
            groups: List::read(groups, group_count, ndr, GROUPS)?,
            user_flags,
            session_key,
            logon_server: ndr.string_body(server, SERVER)?,
            logon_domain_name: ndr.string_body(domain_name, DOMAIN_NAME)?,
            logon_domain_id: ndr.optional_sid(domain, DOMAIN_SID)?,
            user_account_control,
            sub_auth_status,
            last_successful_logon,
            last_failed_logon,
            failed_logon_count,
            extra_sids: List::read(extra_sids, extra_count, ndr, EXTRA_SIDS)?,
            resource_domain_id: ndr.optional_sid(resource_domain, RESOURCE_SID)?,
            resource_groups: List::read(resource_groups, resource_count, ndr, RESOURCE_GROUPS)?,
        };
        ndr.finish(LOGON_INFO)?;
        let numbered = user_id != 0 || primary_group_id != 0 || !info.groups.is_empty();
        check_domain(numbered, info.logon_domain_id.as_ref(), DOMAIN_SID, at)?;
        let resource = !info.resource_groups.is_empty();
        check_domain(resource, info.resource_domain_id.as_ref(), RESOURCE_SID, resource_at)?;
        Ok(info)
    }

    /// The content of a buffer.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> Result<zeroize::Zeroizing<alloc::vec::Vec<u8>>, TooLong> {
        let mut writer = NdrWriter::new();
        let ndr = &mut writer;
        let names = [
            (&self.effective_name, EFFECTIVE_NAME),
            (&self.full_name, FULL_NAME),
            (&self.logon_script, LOGON_SCRIPT),
            (&self.profile_path, PROFILE_PATH),
            (&self.home_directory, HOME_DIRECTORY),
            (&self.home_directory_drive, HOME_DRIVE),
        ];
        // Windows has these two with a NUL.
        let places = [(&self.logon_server, SERVER), (&self.logon_domain_name, DOMAIN_NAME)];
        let [groups, extra_sids, resource_groups] = self.write_head(ndr, &names, &places)?;
        names.iter().for_each(|(name, _)| ndr.string_body(name, 0));
        self.groups.write_body(groups, ndr, GROUPS)?;
        places.iter().for_each(|(name, _)| ndr.string_body(name, 1));
        ndr.optional_sid(self.logon_domain_id.as_ref());
        self.extra_sids.write_body(extra_sids, ndr, EXTRA_SIDS)?;
        ndr.optional_sid(self.resource_domain_id.as_ref());
        self.resource_groups.write_body(resource_groups, ndr, RESOURCE_GROUPS)?;
        writer.finish(LOGON_INFO)
    }

    /// The structure itself. Returns the numbers for the pointers in its three lists.
    #[cfg(feature = "alloc")]
    fn write_head(
        &self,
        ndr: &mut NdrWriter,
        names: &[(&Text<'_>, &'static str)],
        places: &[(&Text<'_>, &'static str)],
    ) -> Result<[Referents; 3], TooLong> {
        let times = [
            self.logon_time,
            self.logoff_time,
            self.kick_off_time,
            self.password_last_set,
            self.password_can_change,
            self.password_must_change,
        ];
        times.iter().for_each(|time| ndr.time(*time));
        names.iter().try_for_each(|(name, field)| ndr.string_head(name, 0, field))?;
        ndr.u16(self.logon_count);
        ndr.u16(self.bad_password_count);
        ndr.u32(self.user_id);
        ndr.u32(self.primary_group_id);
        let groups = self.groups.write_head(ndr, GROUPS)?;
        ndr.u32(self.user_flags.0);
        ndr.put(self.session_key.secret_bytes());
        places.iter().try_for_each(|(name, field)| ndr.string_head(name, 1, field))?;
        ndr.pointer(self.logon_domain_id.is_some());
        ndr.put(&[0; 8]);
        ndr.u32(self.user_account_control);
        ndr.u32(self.sub_auth_status);
        ndr.time(self.last_successful_logon);
        ndr.time(self.last_failed_logon);
        ndr.u32(self.failed_logon_count);
        ndr.u32(0);
        let extra_sids = self.extra_sids.write_head(ndr, EXTRA_SIDS)?;
        ndr.pointer(self.resource_domain_id.is_some());
        let resource_groups = self.resource_groups.write_head(ndr, RESOURCE_GROUPS)?;
        Ok([groups, extra_sids, resource_groups])
    }
}
