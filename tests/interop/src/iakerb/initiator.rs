//! Our initiator, with our KDC client, through MIT's IAKERB acceptor.

use anyhow::{Context as _, Result, bail};
use gss::krb5::iakerb::{
    AsOptions, Context, Draft, IakerbInitiator, IakerbInitiatorError, IakerbLoginError, Login, Secret,
};
use gss::krb5::{Presented, Principal, ServiceTicket};
use gss_core::{Env, Handshake, Step, Target, Timestamp};

use super::{MAX_LEGS, rng};
use crate::endpoint::{self, Acceptor, Endpoint, Framing};
use crate::python;
use crate::realm::{Realm, SERVICE};

/// How a login went.
#[derive(Debug)]
pub struct Ended {
    /// MIT's side.
    pub mit: Endpoint,
    /// Its last step; `None` when it got no token.
    pub acceptor: Option<endpoint::Step>,
    /// How our side ended; `None` when MIT's failed before.
    pub initiator: Option<Result<Context<Presented<ServiceTicket>>, Failed>>,
}

/// Why our side failed.
pub type Failed = IakerbInitiatorError<IakerbLoginError>;

/// Logs a client in with a password, and carries tokens to the end. A side that fails is a result.
///
/// # Errors
/// MIT's side died, or the client's name is none.
pub fn log_in(realm: &Realm, draft: Draft, client: &str, password: &str) -> Result<Ended> {
    let mut mit = python::start(realm)?;
    mit.accept(&Acceptor::new(Framing::Iakerb, realm.keytab()))?;
    let client = Principal::parse(client, None).context("the client's name")?;
    let login = Login::new(AsOptions::new(client), Secret::password(password), &Target::parse(SERVICE)?);
    let mut ours = IakerbInitiator::new(login).draft(draft);
    let mut ended = Ended { mit, acceptor: None, initiator: None };
    let mut received = Vec::new();
    for _ in 0..MAX_LEGS {
        let mut token = Vec::new();
        match ours.step(&mut received, &mut token, &mut Env::new(Timestamp::now(), &mut rng())) {
            Ok(Step::Continue(next)) => ours = next,
            Ok(Step::Done(context)) => {
                ended.initiator = Some(Ok(context));
                return Ok(ended);
            }
            Err(error) => {
                ended.initiator = Some(Err(error));
                return Ok(ended);
            }
        }
        let step = ended.mit.step(&token)?;
        let answer = step.token()?;
        ended.acceptor = Some(step);
        match answer {
            Some(answer) => received = answer,
            None => return Ok(ended),
        }
    }
    bail!("no end after {MAX_LEGS} legs: {ended:?}")
}
