//! Whom to let in, of those who logged in.

use super::front::Note;
use super::identity;
use anyhow::{Result, bail};
use core::pin::Pin;
use core::str::FromStr;
use gss::krb5::Principal;
use gss::krb5::pac::Sid;
use gss_tower::{Authenticated, Authorize, Forbidden};
use http::request::Parts;

/// The options about whom to let in.
#[derive(Debug, clap::Args)]
#[group(id = "rules")]
#[command(
    next_help_heading = "Whom to let in (whoever meets one of these; everybody who logged in if there are none)"
)]
pub(super) struct Arguments {
    /// This client, or all of a realm: alice@EXAMPLE.COM, *@EXAMPLE.COM
    #[arg(long, value_name = "NAME@REALM")]
    allow_principal: Vec<Pattern>,
    /// This account of NTLM, or all of a domain: EXAMPLE\alice, EXAMPLE\*
    #[arg(long, value_name = "DOMAIN\\USER")]
    allow_ntlm: Vec<AccountPattern>,
    /// Whoever has this SID: the account's own, or that of a group
    #[arg(long, value_name = "S-1-...", value_parser = parse_sid)]
    allow_sid: Vec<Sid>,
}

/// The rules.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    principals: Vec<Pattern>,
    accounts: Vec<AccountPattern>,
    sids: Vec<Sid>,
}

/// Clients of Kerberos.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    One(Principal),
    Realm(Vec<u8>),
}

/// Clients of NTLM.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AccountPattern {
    domain: String,
    /// `None` for all.
    user: Option<String>,
}

impl FromStr for Pattern {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        // What stands in place of a name is parsed as one, so that the realm is read as it always is.
        let (whole_realm, principal) = match text.strip_prefix("*@") {
            Some(realm) => (true, Principal::from_str(&format!("x@{realm}"))),
            None => (false, Principal::from_str(text)),
        };
        let expected = "expected alice@EXAMPLE.COM or *@EXAMPLE.COM";
        let principal = match principal {
            Ok(principal) if !principal.realm().as_bytes().is_empty() => principal,
            Ok(_) => bail!("{text:?} has no realm, {expected}"),
            Err(error) => bail!("{error}, {expected}"),
        };
        if whole_realm {
            return Ok(Self::Realm(principal.realm().as_bytes().into()));
        }
        if text.contains('*') {
            bail!("* stands for all names of a realm, and for nothing else, {expected}");
        }
        Ok(Self::One(principal))
    }
}

impl Pattern {
    fn matches(&self, who: &Principal) -> bool {
        match self {
            Self::One(principal) => principal == who,
            Self::Realm(realm) => who.realm().as_bytes() == realm,
        }
    }
}

impl FromStr for AccountPattern {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('\\') {
            Some((domain, "*")) => Ok(Self { domain: domain.into(), user: None }),
            Some((domain, user)) if !user.is_empty() && !user.contains('*') => {
                Ok(Self { domain: domain.into(), user: Some(user.into()) })
            }
            _ => bail!("{text:?} is no account, expected EXAMPLE\\alice or EXAMPLE\\*"),
        }
    }
}

impl AccountPattern {
    fn matches(&self, domain: &str, user: &str) -> bool {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        same(&self.domain, domain) && self.user.as_deref().is_none_or(|wanted| same(wanted, user))
    }
}

fn parse_sid(text: &str) -> Result<Sid> {
    match text.parse() {
        Ok(sid) => Ok(sid),
        Err(error) => bail!("{error}, expected one like S-1-5-21-1-2-3-513"),
    }
}

impl Rules {
    pub(super) fn new(arguments: &Arguments) -> Self {
        let Arguments { allow_principal, allow_ntlm, allow_sid } = arguments;
        Self { principals: allow_principal.clone(), accounts: allow_ntlm.clone(), sids: allow_sid.clone() }
    }

    /// Refuses rules about domains where a user may give any of them, and so would choose which rule is met.
    pub(super) fn suit_user_of_any_domain(&self, user: &str) -> Result<()> {
        if let Some(AccountPattern { domain, .. }) = self.accounts.iter().find(|rule| !rule.domain.is_empty())
        {
            bail!(
                "--allow-ntlm asks for domain {domain:?}, and user {user:?} of --ntlm-users has no domain and may give \
                 any; write every user as DOMAIN:user:password, or as DOMAIN\\user in smbpasswd"
            );
        }
        Ok(())
    }

    fn allow(&self, who: &Authenticated) -> bool {
        if self.principals.is_empty() && self.accounts.is_empty() && self.sids.is_empty() {
            return true;
        }
        let principal =
            who.krb5_principal().is_some_and(|who| self.principals.iter().any(|rule| rule.matches(who)));
        let account = who
            .ntlm_account()
            .is_some_and(|(domain, user)| self.accounts.iter().any(|rule| rule.matches(domain, user)));
        principal || account || self.sids.iter().any(|sid| who.has_sid(sid))
    }
}

impl Authorize for Rules {
    fn authorize<'r>(
        &'r self,
        who: &'r Authenticated,
        request: &'r Parts,
    ) -> Pin<Box<dyn Future<Output = Result<(), Forbidden>> + Send + 'r>> {
        let name = identity::name(who);
        let allowed = self.allow(who);
        if let Some(note) = request.extensions.get::<Note>() {
            note.who(&name);
        }
        let decision =
            if allowed { Ok(()) } else { Err(Forbidden::new(format!("{name} may not use this service"))) };
        Box::pin(core::future::ready(decision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_and_realms() {
        let matches =
            |pattern: &str, who: &str| pattern.parse::<Pattern>().unwrap().matches(&who.parse().unwrap());
        assert!(matches("alice@EXAMPLE.COM", "alice@EXAMPLE.COM"));
        assert!(matches("HTTP/www.example.com@EXAMPLE.COM", "HTTP/www.example.com@EXAMPLE.COM"));
        assert!(matches("*@EXAMPLE.COM", "alice@EXAMPLE.COM"));
        assert!(matches("*@EXAMPLE.COM", "alice/admin@EXAMPLE.COM"));
        for (pattern, who) in [
            ("alice@EXAMPLE.COM", "alice@EXAMPLE.ORG"),
            ("alice@EXAMPLE.COM", "Alice@EXAMPLE.COM"),
            ("alice@EXAMPLE.COM", "alice/admin@EXAMPLE.COM"),
            ("alice/admin@EXAMPLE.COM", "alice\\/admin@EXAMPLE.COM"),
            ("*@EXAMPLE.COM", "alice@A.EXAMPLE.COM"),
            ("*@EXAMPLE.COM", "alice@example.com"),
            ("*@EXAMPLE.COM", "alice\\@EXAMPLE.COM@EXAMPLE.ORG"),
        ] {
            assert!(!matches(pattern, who), "{pattern} {who}");
        }
        for text in ["alice", "*", "*@", "a*@EXAMPLE.COM", "alice@*", "", "EXAMPLE\\alice"] {
            assert!(text.parse::<Pattern>().unwrap_err().to_string().contains("*@EXAMPLE.COM"), "{text}");
        }
    }

    #[test]
    fn accounts_have_no_case() {
        let matches = |pattern: &str, domain: &str, user: &str| {
            pattern.parse::<AccountPattern>().unwrap().matches(domain, user)
        };
        assert!(matches("EXAMPLE\\alice", "example", "ALICE"));
        assert!(matches("EXAMPLE\\*", "Example", "bob"));
        assert!(matches("\\alice", "", "alice"));
        assert!(!matches("EXAMPLE\\alice", "OTHER", "alice"));
        assert!(!matches("EXAMPLE\\alice", "EXAMPLE", "bob"));
        assert!(!matches("EXAMPLE\\*", "", "EXAMPLE\\x"));
        for text in ["alice", "EXAMPLE\\", "EXAMPLE\\a*", "", "*"] {
            assert!(text.parse::<AccountPattern>().is_err(), "{text}");
        }
    }
}
