//! Replies that travel badly, and how the stock clients get by.

use core::time::Duration;

use anyhow::{Context as _, Result, ensure};
use interop::kdc::client::Maker;
use krb5_testkdc::serve::Via;
use krb5_testkdc::{DeliveryFault, Fault, FaultPlan};

use super::{PASSWORD, SERVICE, USER, realm, start};

/// A login with a fault at one reply, or at all of them.
fn login(maker: Maker, via: Via, plan: FaultPlan) -> Result<()> {
    let kdc = start(realm())?;
    let client = kdc.client(maker, via)?;
    kdc.inject(plan);
    let ccache = client.kinit(USER, PASSWORD, &[])?;
    client.ticket(&ccache, &[], SERVICE)
}

#[test]
fn clients_turn_to_tcp_when_a_reply_is_too_big() -> Result<()> {
    for maker in [Maker::Mit, Maker::Heimdal] {
        login(maker, Via::Udp, FaultPlan::new(Fault::Delivery(DeliveryFault::TooBig)).always())
            .with_context(|| format!("{maker:?}"))?;
    }
    Ok(())
}

/// Lost datagrams are sent again, and late replies awaited.
#[test]
fn clients_bear_with_the_network() -> Result<()> {
    for fault in [DeliveryFault::Silent, DeliveryFault::Late(Duration::from_millis(300))] {
        for maker in [Maker::Mit, Maker::Heimdal] {
            login(maker, Via::Udp, FaultPlan::new(Fault::Delivery(fault)))
                .with_context(|| format!("{maker:?} {fault:?}"))?;
        }
    }
    login(Maker::Mit, Via::Tcp, Fault::Delivery(DeliveryFault::Late(Duration::from_millis(300))).into())
}

/// What cannot be a reply is not taken for one. By way of the proxy, since MIT's client tries UDP after TCP, and
/// datagrams have no length that could be wrong.
#[test]
fn clients_fail_when_no_reply_comes_through() -> Result<()> {
    for fault in
        [DeliveryFault::Closed, DeliveryFault::Cut, DeliveryFault::Prefix(u32::MAX), DeliveryFault::Garbage]
    {
        {
            let via = Via::Https;
            let refused = login(Maker::Mit, via, FaultPlan::new(Fault::Delivery(fault)).always());
            let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
            ensure!(error.contains("kinit"), "{via:?} {fault:?}: {error}");
        }
    }
    Ok(())
}
