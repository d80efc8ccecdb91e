//! SIDs that mean the same in every domain (MS-DTYP section 2.4.2.4), and numbers that do within each.

use super::Sid;

/// Everyone, also those who did not log in.
pub const EVERYONE: Sid = Sid::fixed(1, [0]);
/// The KDC saw proof of the client's key (AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY).
pub const AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY: Sid = Sid::fixed(18, [1]);
/// A service said who the client is, by protocol transition (SERVICE_ASSERTED_IDENTITY).
pub const SERVICE_ASSERTED_IDENTITY: Sid = Sid::fixed(18, [2]);
/// Who came over the network.
pub const NETWORK: Sid = Sid::fixed(5, [2]);
/// Who did not say who they are.
pub const ANONYMOUS: Sid = Sid::fixed(5, [7]);
/// Domain controllers of the forest.
pub const ENTERPRISE_DOMAIN_CONTROLLERS: Sid = Sid::fixed(5, [9]);
/// Who did say who they are, guests left out.
pub const AUTHENTICATED_USERS: Sid = Sid::fixed(5, [11]);
/// The machine's own account.
pub const LOCAL_SYSTEM: Sid = Sid::fixed(5, [18]);
/// Administrators of one machine, or of the domain's controllers.
pub const BUILTIN_ADMINISTRATORS: Sid = Sid::fixed(5, [32, 544]);
/// Users of one machine, or of the domain's controllers.
pub const BUILTIN_USERS: Sid = Sid::fixed(5, [32, 545]);
/// Guests of one machine, or of the domain's controllers.
pub const BUILTIN_GUESTS: Sid = Sid::fixed(5, [32, 546]);
/// The client's claims are valid (CLAIMS_VALID).
pub const CLAIMS_VALID: Sid = Sid::fixed(5, [21, 0]);

/// Numbers within a domain: [`Sid::with_rid`] of the domain's SID makes the whole.
pub mod rid {
    /// The built-in administrator.
    pub const ADMINISTRATOR: u32 = 500;
    /// The built-in guest.
    pub const GUEST: u32 = 501;
    /// The KDC's account.
    pub const KRBTGT: u32 = 502;
    /// The domain's administrators.
    pub const DOMAIN_ADMINS: u32 = 512;
    /// All users of the domain; the usual primary group of users.
    pub const DOMAIN_USERS: u32 = 513;
    /// All guests of the domain.
    pub const DOMAIN_GUESTS: u32 = 514;
    /// All computers of the domain; the usual primary group of computers.
    pub const DOMAIN_COMPUTERS: u32 = 515;
    /// All controllers of the domain.
    pub const DOMAIN_CONTROLLERS: u32 = 516;
    /// Administrators of the forest, in its first domain only.
    pub const ENTERPRISE_ADMINS: u32 = 519;
    /// Accounts whose logons get extra protection.
    pub const PROTECTED_USERS: u32 = 525;
}
