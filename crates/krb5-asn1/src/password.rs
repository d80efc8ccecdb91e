//! Setting passwords (RFC 3244). The frames around it are not ASN.1.

use core::fmt;

use crate::{KerberosString, Octets, PrincipalName};

message! {
    /// The new password and whose it is: the user data of the KRB-PRIV (RFC 3244 section 2).
    ///
    /// `Debug` hides the password, and there is no `PartialEq`.
    #[derive(Clone, Copy)]
    pub struct ChangePasswdData<'a> {
        /// The password, in UTF-8.
        must [0] new_passwd: Octets<'a>,
        /// Whose password; the sender's own if absent.
        may [1] targ_name: PrincipalName<'a>,
        /// The realm of `targ_name`.
        may [2] targ_realm: KerberosString<'a>,
    }
}

impl fmt::Debug for ChangePasswdData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePasswdData")
            .field("targ_name", &self.targ_name)
            .field("targ_realm", &self.targ_realm)
            .finish_non_exhaustive()
    }
}
