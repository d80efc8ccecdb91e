//! Whose process this is, without a call into C.

use std::fs;

/// The user of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// Number of the user who started it.
    pub real: u32,
    /// Number of the user whose rights it has.
    pub effective: u32,
    /// Whether it has other rights, of user or group, than whoever started it.
    pub elevated: bool,
}

impl User {
    /// The user of this process. `None` where there are no numbered users.
    ///
    /// Linux states all numbers in `/proc/self/status`. Elsewhere on Unix, and without `/proc`, a file is made in the
    /// folder for temporary files: it belongs to the effective user, who then counts as the real one as well.
    #[must_use]
    pub fn of_process() -> Option<Self> {
        #[cfg(unix)]
        {
            let status = fs::read("/proc/self/status").ok();
            let stated = status.and_then(|status| parse_status(&String::from_utf8_lossy(&status)));
            stated.or_else(owner_of_new_file)
        }
        #[cfg(not(unix))]
        None
    }

    /// The name and home folder that `/etc/passwd` has for a user. Users of a directory service are not found.
    #[must_use]
    pub fn account(number: u32) -> Option<Account> {
        let text = fs::read("/etc/passwd").ok()?;
        parse_passwd(&String::from_utf8_lossy(&text), number)
    }
}

/// What `/etc/passwd` says about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The login name.
    pub name: String,
    /// The home folder.
    pub home: String,
}

/// Reads `Uid:` and `Gid:` of `/proc/PID/status`: real, effective, saved and file system's.
#[cfg(any(unix, test))]
fn parse_status(text: &str) -> Option<User> {
    let numbers = |field: &str| -> Option<Vec<u32>> {
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        line.split_whitespace().map(|number| number.parse().ok()).collect()
    };
    let (users, groups) = (numbers("Uid:")?, numbers("Gid:")?);
    let ([real, effective, ..], [group, ..]) = (users.as_slice(), groups.as_slice()) else { return None };
    let elevated = users.iter().any(|user| user != real) || groups.iter().any(|other| other != group);
    Some(User { real: *real, effective: *effective, elevated })
}

fn parse_passwd(text: &str, number: u32) -> Option<Account> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, user, home) = (fields.next()?, fields.nth(1)?, fields.nth(2)?);
        let account = || Account { name: name.into(), home: home.into() };
        (user.parse() == Ok(number)).then(account)
    })
}

#[cfg(unix)]
fn owner_of_new_file() -> Option<User> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    let path = std::env::temp_dir().join(format!("krb5-user-{:016x}", getrandom::u64().ok()?));
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).ok()?;
    let owner = file.metadata().map(|metadata| metadata.uid());
    // The file is empty; one that stays does no harm.
    let _ = fs::remove_file(&path);
    let owner = owner.ok()?;
    Some(User { real: owner, effective: owner, elevated: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str =
        "Name:\tkinit\nState:\tR (running)\nUid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\n";

    #[test]
    fn status_gives_real_and_effective_user() {
        assert_eq!(parse_status(STATUS), Some(User { real: 1000, effective: 1000, elevated: false }));
        let setuid = STATUS.replace("1000\t1000\t1000\t1000", "1000\t0\t0\t0");
        assert_eq!(parse_status(&setuid), Some(User { real: 1000, effective: 0, elevated: true }));
    }

    #[test]
    fn setgid_and_dropped_rights_that_can_come_back_are_elevated() {
        for (from, to) in [("100\t100\t100\t100", "100\t4\t4\t4"), ("1000\t1000\t1000\t1000", "5\t5\t0\t5")] {
            assert!(parse_status(&STATUS.replacen(from, to, 1)).unwrap().elevated, "{to}");
        }
    }

    #[test]
    fn status_without_numbers_is_none() {
        for text in ["", "Uid:\t1\t1\t1\t1\n", "Uid:\tx\t1\nGid:\t1\t1\n", "Uid:\t1\nGid:\t1\t1\n"] {
            assert_eq!(parse_status(text), None, "{text:?}");
        }
    }

    #[test]
    fn passwd_is_searched_by_number() {
        let text =
            "root:x:0:0:root:/root:/bin/bash\nbroken\nalice:x:1000:1000:Alice,,,:/home/alice:/bin/sh\n";
        let alice = Account { name: "alice".into(), home: "/home/alice".into() };
        assert_eq!(parse_passwd(text, 1000), Some(alice));
        assert_eq!(parse_passwd(text, 1), None);
    }

    #[cfg(unix)]
    #[test]
    fn both_ways_agree_on_the_effective_user() {
        let stated = User::of_process().unwrap();
        assert_eq!(owner_of_new_file().unwrap().effective, stated.effective);
    }
}
