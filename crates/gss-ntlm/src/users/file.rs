//! Files of users: the lines of gss-ntlmssp's `NTLM_USER_FILE`.

use super::MemoryUsers;
use crate::logon::split_account;
use crate::secret::NtHash;
use core::fmt;

impl MemoryUsers {
    /// Reads the content of a file of users, in the formats that gss-ntlmssp takes from `NTLM_USER_FILE`, line by line:
    ///
    /// * `DOMAIN:user:password`, where the password goes on to the end of the line, colons included;
    /// * a line of Samba's `smbpasswd`: `user:number:LM hash:NT hash:[flags]:...`, where `user` may be `DOMAIN\\user`.
    ///   Accounts that are disabled (flag `D`), or without a password, are left out.
    ///
    /// Empty lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    /// [`UserFileError`] for the first line of another form.
    pub fn from_user_file(content: &[u8]) -> Result<Self, UserFileError> {
        let mut users = Self::new();
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let at = |kind| UserFileError { line: index.saturating_add(1), kind };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let line = core::str::from_utf8(line).map_err(|_| at(UserFileErrorKind::NotUtf8))?;
            users.read_line(line).map_err(at)?;
        }
        Ok(users)
    }

    fn read_line(&mut self, line: &str) -> Result<(), UserFileErrorKind> {
        if let Some(samba) = SambaLine::parse(line) {
            if let Some(hash) = samba.nt_hash()? {
                let (domain, user) = split_account(samba.user);
                self.add_nt_hash(user, domain, hash);
            }
            return Ok(());
        }
        let mut fields = line.splitn(3, ':');
        let (Some(domain), Some(user), Some(password)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(UserFileErrorKind::Fields);
        };
        if user.is_empty() {
            return Err(UserFileErrorKind::EmptyUser);
        }
        self.add(user, domain, password);
        Ok(())
    }
}

/// A line of smbpasswd(5).
struct SambaLine<'a> {
    user: &'a str,
    nt_hash: &'a str,
    flags: &'a str,
}

impl<'a> SambaLine<'a> {
    /// `None` when the line is no such line, which has hashes of 32 characters.
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let (user, uid) = (fields.next()?, fields.next()?);
        let (lm_hash, nt_hash) = (fields.next()?, fields.next()?);
        let looks_right = !user.is_empty()
            && uid.bytes().all(|byte| byte.is_ascii_digit())
            && [lm_hash, nt_hash].iter().all(|hash| hash.len() == 32);
        looks_right.then_some(Self { user, nt_hash, flags: fields.next().unwrap_or_default() })
    }

    /// `None` for an account that cannot log on.
    fn nt_hash(&self) -> Result<Option<NtHash>, UserFileErrorKind> {
        // X in place of the hash: there is none. Otherwise Samba begins with NO PASSWORD.
        let none = self.nt_hash.bytes().all(|byte| byte == b'X') || self.nt_hash.starts_with("NO PASSWORD");
        if none || self.flags.contains('D') {
            return Ok(None);
        }
        let digits = self.nt_hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let hash = u128::from_str_radix(self.nt_hash, 16).ok().filter(|_| digits);
        Ok(Some(NtHash::from_bytes(hash.ok_or(UserFileErrorKind::Hash)?.to_be_bytes())))
    }
}

/// A file of users cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: UserFileErrorKind,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserFileErrorKind {
    /// The name of the user is empty.
    EmptyUser,
    /// Fewer than three fields.
    Fields,
    /// The hash is not hexadecimal.
    Hash,
    /// Not UTF-8.
    NotUtf8,
}

impl fmt::Display for UserFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            UserFileErrorKind::EmptyUser => "the name of the user is empty",
            UserFileErrorKind::Fields => "expected DOMAIN:user:password, or a line of smbpasswd",
            UserFileErrorKind::Hash => "the NT hash is not hexadecimal",
            UserFileErrorKind::NotUtf8 => "expected UTF-8",
        };
        write!(f, "line {}: {what}", self.line)
    }
}

impl core::error::Error for UserFileError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{Account, Found, Users};
    use crate::wire::{Charset, Text};
    use alloc::string::ToString;

    fn hash(users: &MemoryUsers, user: &str, domain: &str) -> Option<[u8; 16]> {
        let text = |name| Text::parse(name, Charset::Oem, 0).unwrap();
        let account = Account { user: text(user.as_bytes()), domain: text(domain.as_bytes()) };
        match users.find(&account) {
            Found::Prepared(hash) => Some(*hash.nt_hash().secret_bytes()),
            _ => None,
        }
    }

    /// MS-NLMP 4.2.2.1.2: the NTOWFv1 of "Password".
    const PASSWORD: [u8; 16] = 0xa4f4_9c40_6510_bdca_b682_4ee7_c30f_d852_u128.to_be_bytes();

    #[test]
    fn both_formats_are_read() {
        let users = MemoryUsers::from_user_file(
            b"# comment\n\nDOMAIN:User:Password\r\n:local:a:b\n\
              OTHER\\carol:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:A4F49C406510BDCAB6824EE7C30FD852:[U          ]:LCT-0:\n\
              dave:1001:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:[U          ]:LCT-0:\n\
              erin:1002:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:A4F49C406510BDCAB6824EE7C30FD852:[DU         ]:LCT-0:",
        )
        .unwrap();
        assert_eq!(hash(&users, "user", "domain"), Some(PASSWORD));
        assert_eq!(hash(&users, "local", ""), Some(*NtHash::of_password("a:b").secret_bytes()));
        assert_eq!(hash(&users, "carol", "OTHER"), Some(PASSWORD));
        assert_eq!((hash(&users, "dave", ""), hash(&users, "erin", "")), (None, None));
        assert_eq!(users.len(), 3);
    }

    #[test]
    fn a_password_may_look_like_part_of_the_other_format() {
        let users = MemoryUsers::from_user_file(b"DOMAIN:user:[x]:y").unwrap();
        assert_eq!(hash(&users, "user", "DOMAIN"), Some(*NtHash::of_password("[x]:y").secret_bytes()));
    }

    #[test]
    fn broken_lines_are_named() {
        use UserFileErrorKind::{EmptyUser, Fields, Hash, NotUtf8};
        for (content, line, kind) in [
            (&b"DOMAIN:user"[..], 1, Fields),
            (b"\nDOMAIN::password", 2, EmptyUser),
            (b"D:u:p\n\xff:u:p", 2, NotUtf8),
            (b"u:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz:[U]:", 1, Hash),
        ] {
            let error = MemoryUsers::from_user_file(content).unwrap_err();
            assert_eq!(error, UserFileError { line, kind });
            assert!(error.to_string().starts_with(&alloc::format!("line {line}: ")));
        }
    }
}
