//! Two endpoints made to talk.

use anyhow::{Context, Result, bail};

use crate::endpoint::{Endpoint, State, Step};

/// More legs than any exchange of these mechanisms has.
const MAX_LEGS: usize = 10;

/// Who sent a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The initiator.
    Initiator,
    /// The acceptor.
    Acceptor,
}

/// How an exchange went.
#[derive(Debug)]
pub struct Outcome {
    /// The initiator's last step.
    pub initiator: Step,
    /// The acceptor's last step; absent when the initiator never sent a token.
    pub acceptor: Option<Step>,
    /// All tokens in the order sent.
    pub tokens: Vec<(Side, Vec<u8>)>,
}

/// Carries tokens until neither side has one left. A side that fails is a result, and its token, if it has
/// one, still reaches the other side.
///
/// # Errors
/// An endpoint died, a side sends a token after its peer has ended, a side waits for a token that never
/// comes although nothing failed, or there is no end to it.
pub fn negotiate(initiator: &mut Endpoint, acceptor: &mut Endpoint) -> Result<Outcome> {
    let mut outcome = Outcome { initiator: initiator.step(b"")?, acceptor: None, tokens: Vec::new() };
    let mut sender = Side::Initiator;
    for _ in 0..MAX_LEGS {
        let step = match sender {
            Side::Initiator => Some(&outcome.initiator),
            Side::Acceptor => outcome.acceptor.as_ref(),
        };
        let Some(token) = step.map(Step::token).transpose()?.flatten() else {
            return outcome.ended();
        };
        outcome.tokens.push((sender, token.clone()));
        let receiver = match sender {
            Side::Initiator => outcome.acceptor.as_ref(),
            Side::Acceptor => Some(&outcome.initiator),
        };
        match receiver.map(|step| step.state) {
            Some(State::Established) => {
                bail!("{sender:?} sends a token that its peer does not expect: {outcome:?}")
            }
            Some(State::Failed) => return outcome.ended(),
            Some(State::Continue) | None => {}
        }
        match sender {
            Side::Initiator => {
                outcome.acceptor = Some(acceptor.step(&token).context("step of the acceptor")?);
                sender = Side::Acceptor;
            }
            Side::Acceptor => {
                outcome.initiator = initiator.step(&token).context("step of the initiator")?;
                sender = Side::Initiator;
            }
        }
    }
    bail!("no end after {MAX_LEGS} legs: {outcome:?}");
}

/// As [`negotiate`], and both sides have to be established.
///
/// # Errors
/// As [`negotiate`], and when a side has failed.
pub fn establish(initiator: &mut Endpoint, acceptor: &mut Endpoint) -> Result<(Step, Step, Outcome)> {
    let outcome = negotiate(initiator, acceptor)?;
    match (&outcome.initiator, &outcome.acceptor) {
        (ours, Some(theirs)) if ours.state == State::Established && theirs.state == State::Established => {
            Ok((ours.clone(), theirs.clone(), outcome))
        }
        _ => bail!("not established: {outcome:?}"),
    }
}

impl Outcome {
    /// The failure of the acceptor.
    ///
    /// # Errors
    /// The acceptor has not failed.
    pub fn acceptor_failure(&self) -> Result<&crate::endpoint::Failure> {
        let step = self.acceptor.as_ref().context("the acceptor was never asked")?;
        match (&step.state, &step.error) {
            (State::Failed, Some(error)) => Ok(error),
            _ => bail!("the acceptor has not failed: {self:?}"),
        }
    }

    /// The failure of the initiator.
    ///
    /// # Errors
    /// The initiator has not failed.
    pub fn initiator_failure(&self) -> Result<&crate::endpoint::Failure> {
        match (&self.initiator.state, &self.initiator.error) {
            (State::Failed, Some(error)) => Ok(error),
            _ => bail!("the initiator has not failed: {self:?}"),
        }
    }

    fn ended(self) -> Result<Self> {
        let states = [Some(self.initiator.state), self.acceptor.as_ref().map(|step| step.state)];
        let waiting = states.contains(&Some(State::Continue));
        let failed = states.contains(&Some(State::Failed));
        if waiting && !failed {
            bail!("a side waits for a token that never comes: {self:?}");
        }
        Ok(self)
    }
}
