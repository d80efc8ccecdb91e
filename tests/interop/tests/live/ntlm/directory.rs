//! Our initiator at Samba's LDAP server, signed and sealed.

use anyhow::{Result, ensure};
use interop::endpoint::{Framing, Initiator, State, User};
use interop::ldap::{Client, Protection};
use interop::samba;

use super::{Party, Stage};

#[test]
fn ours_to_samba() -> Result<()> {
    let stage = Stage::with_samba()?;
    let mut initiator = stage.start(Party::Ours)?;
    let request = |user| Initiator::ntlm(Framing::Spnego, user).to("ldap@dc1");
    for (flags, protection) in
        [(&["integ", "conf"][..], Protection::Sealed), (&["integ"], Protection::Signed)]
    {
        initiator.initiate(&request(&stage.user).flags(flags))?;
        let mut client = Client::connect(stage.controller()?.ldap())?;
        let bound = client.bind(&mut initiator)?;
        ensure!(bound.result == 0 && bound.step.state == State::Established, "{bound:?}");
        for (attribute, value) in [("name", Some(&b"samba"[..])), ("mail", None), ("dc", Some(b"samba"))] {
            let found = client.read(&mut initiator, protection, samba::BASE, attribute)?;
            assert_eq!(found.as_deref(), value, "{attribute}, {protection:?}");
        }
    }
    let wrong = User { password: Some("Another horse 9".into()), ..stage.user.clone() };
    initiator.initiate(&request(&wrong))?;
    let bound = Client::connect(stage.controller()?.ldap())?.bind(&mut initiator)?;
    // RFC 4511 section 4.1.9: invalidCredentials
    assert_eq!(bound.result, 49, "{bound:?}");
    Ok(())
}
