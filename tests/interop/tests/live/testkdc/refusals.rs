//! What the stock clients say when they are refused, or deceived.

use anyhow::{Result, ensure};
use gss_core::Timestamp;
use interop::kdc::client::Maker;
use interop::testkdc::TestKdc;
use krb5_asn1::{ErrorCode, MessageType};
use krb5_testkdc::serve::Via;
use krb5_testkdc::{Account, Fault, FaultPlan};

use super::{PASSWORD, SERVICE, USER, realm, start};

fn assert_refused(kdc: &TestKdc, maker: Maker, user: &str, password: &str, says: &str) -> Result<()> {
    let error = kdc.client(maker, Via::Udp)?.kinit(user, password, &[]).unwrap_err().to_string();
    ensure!(error.contains(says), "{maker:?} {user}: {error:?} lacks {says:?}");
    Ok(())
}

#[test]
fn accounts() -> Result<()> {
    let user = |name: &str| Account::user(name, PASSWORD);
    let past = Some(Timestamp::from_seconds(1_000_000_000));
    let kdc = start(
        realm()
            .account(Account { locked: true, ..user("locked") })
            .account(Account { expires: past, ..user("expired") }),
    )?;
    for (user, password, mit, heimdal) in [
        ("alice", "wrong", "Password incorrect", "Password incorrect"),
        ("nobody", PASSWORD, "not found in Kerberos database", "not known"),
        ("locked", PASSWORD, "credentials have been revoked", "locked"),
        ("expired", PASSWORD, "entry in database has expired", "expired"),
    ] {
        let user = format!("{user}@SOCKET.TEST");
        assert_refused(&kdc, Maker::Mit, &user, password, mit)?;
        assert_refused(&kdc, Maker::Heimdal, &user, password, heimdal)?;
    }
    Ok(())
}

/// With one fault at the login.
fn deceive(fault: Fault, on: MessageType, says: &str) -> Result<()> {
    let kdc = start(realm())?;
    let client = kdc.client_with(Maker::Mit, Via::Udp, "[libdefaults]\nkdc_timesync = 0\n")?;
    let armor = client.kinit(USER, PASSWORD, &[])?;
    kdc.inject(FaultPlan::new(fault.clone()).on(on).always());
    let refused = if on == MessageType::AS_REQ {
        client.kinit(USER, PASSWORD, &[]).map(drop)
    } else {
        client.ticket(&armor, &[], SERVICE)
    };
    let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(error.contains(says), "{fault:?}: {error:?} lacks {says:?}");
    Ok(())
}

const NO_MATCH: &str = "KDC reply did not match expectations";

#[test]
fn faulty_logins() -> Result<()> {
    for (fault, says) in [
        (Fault::Refuse(ErrorCode::KDC_ERR_POLICY), "KDC policy rejects request"),
        (Fault::WrongNonce, NO_MATCH),
        (Fault::WrongClient, NO_MATCH),
        (Fault::WrongClientRealm, NO_MATCH),
        (Fault::WrongServer, NO_MATCH),
        (Fault::Corrupt, "Password incorrect"),
        (Fault::ClockSkew(7200), "Clock skew too great"),
    ] {
        deceive(fault, MessageType::AS_REQ, says)?;
    }
    Ok(())
}

/// MIT's client puts TGS requests into FAST, whose own word for the client's name counts.
#[test]
fn faulty_tickets() -> Result<()> {
    for (fault, says) in [
        (Fault::Refuse(ErrorCode::KDC_ERR_POLICY), "KDC policy rejects request"),
        (Fault::WrongNonce, NO_MATCH),
        (Fault::WrongServer, NO_MATCH),
        (Fault::Corrupt, "Decrypt integrity check failed"),
        (Fault::ClockSkew(7200), "Clock skew too great"),
    ] {
        deceive(fault, MessageType::TGS_REQ, says)?;
    }
    Ok(())
}
