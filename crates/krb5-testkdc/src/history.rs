//! What was asked and how it was answered, for tests to look at.

use alloc::collections::VecDeque;

use krb5_asn1::{Decode, ErrorCode, KrbError, MessageType, Principal};

use crate::Port;
use crate::turn::Turn;

/// One request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Where it came in.
    pub port: Port,
    /// What it was; `None` if that could not be told.
    pub request: Option<MessageType>,
    /// The client, as far as it could be told.
    pub client: Option<Principal>,
    /// The service asked for, as far as it could be told.
    pub server: Option<Principal>,
    /// Why it was refused; `None` if it was not. Password changes have codes of their own, which are not here.
    pub error: Option<ErrorCode>,
}

/// The last requests.
#[derive(Default)]
pub(crate) struct History(VecDeque<Answered>);

/// Requests that are kept.
const MAX: usize = 4096;

impl History {
    pub(crate) fn note(&mut self, answered: Answered) {
        if self.0.len() >= MAX {
            self.0.pop_front();
        }
        self.0.push_back(answered);
    }

    pub(crate) fn take(&mut self) -> Vec<Answered> {
        core::mem::take(&mut self.0).into()
    }
}

impl Answered {
    pub(crate) fn new(port: Port, turn: &Turn<'_>, reply: Option<&[u8]>) -> Self {
        let error = reply.and_then(|reply| KrbError::from_der(reply).ok()).map(|error| error.error_code);
        let (client, server) = (turn.parties.client.clone(), turn.parties.server.clone());
        Self { port, request: turn.occasion.request, client, server, error }
    }
}
