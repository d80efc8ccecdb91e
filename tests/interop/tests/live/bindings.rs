//! Channel bindings equal, different and absent under each policy.

use anyhow::{Context, Result};
use interop::conversation::negotiate;
use interop::endpoint::{Acceptor, CbPolicy, Framing, Initiator, State};
use interop::realm::{Realm, RealmOptions};

use crate::{Who, pairs};

pairs!(matrix => bindings);

const CHANNEL: &[u8] = b"tls-server-end-point:the channel of both";
const OTHER: &[u8] = b"tls-server-end-point:another channel";

/// Initiator's bindings, acceptor's policy, and the result: whether bound, or `None` for a refusal.
type Case = (Option<&'static [u8]>, CbPolicy, Option<bool>);

const CASES: &[Case] = &[
    (Some(CHANNEL), CbPolicy::Verify, Some(true)),
    (Some(OTHER), CbPolicy::Verify, None),
    (None, CbPolicy::Verify, Some(false)),
    (Some(CHANNEL), CbPolicy::Require, Some(true)),
    (Some(OTHER), CbPolicy::Require, None),
    (None, CbPolicy::Require, None),
    (Some(CHANNEL), CbPolicy::Ignore, Some(false)),
    (Some(OTHER), CbPolicy::Ignore, Some(false)),
    (None, CbPolicy::Ignore, Some(false)),
];

fn bindings(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    // MIT's library has one policy only.
    let known = |policy| acceptor == Who::Ours || policy == CbPolicy::Verify;
    let (mut left, mut right) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        for &(sent, policy, expected) in CASES.iter().filter(|case| known(case.1)) {
            let mut ours = Initiator::new(framing, &ccache).flag("mutual");
            if let Some(data) = sent {
                ours = ours.bound_to(data);
            }
            left.initiate(&ours)?;
            right.accept(&Acceptor::new(framing, realm.keytab()).bound_to(CHANNEL, policy))?;
            let case =
                || format!("{framing:?}, {policy:?}, initiator: {:?}", sent.map(String::from_utf8_lossy));
            let outcome = negotiate(&mut left, &mut right).with_context(case)?;
            let Some(bound) = expected else {
                let failure = outcome.acceptor_failure().with_context(case)?;
                assert_eq!(failure.major, "GSS_S_BAD_BINDINGS", "{}", case());
                assert_ne!(outcome.initiator.state, State::Established, "{}", case());
                continue;
            };
            let step = outcome.acceptor.as_ref().with_context(case)?;
            assert_eq!(
                (step.state, step.channel_bound),
                (State::Established, Some(bound)),
                "{}: {step:?}",
                case()
            );
            assert_eq!(outcome.initiator.state, State::Established, "{}", case());
        }
        left.initiate(&Initiator::new(framing, &ccache).flag("mutual").bound_to(CHANNEL))?;
        right.accept(&Acceptor::new(framing, realm.keytab()))?;
        let outcome = negotiate(&mut left, &mut right)?;
        let step = outcome.acceptor.context("an acceptor without bindings")?;
        assert_eq!((step.state, step.channel_bound), (State::Established, Some(false)), "{framing:?}");
    }
    Ok(())
}
