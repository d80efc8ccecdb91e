//! Both sides of a handshake in one process, with virtual time and tokens that can be changed on the way.

use crate::{TestClock, TestRng};
use gss_core::{Env, Handshake, Role, SecurityContext, Step, Timestamp};

/// Drives an initiator and an acceptor against each other.
///
/// Each side has its own clock and its own repeatable randomness. Tokens go through the function given to
/// [`tampering`](Self::tampering), if any.
pub struct Pair<'t> {
    /// The initiator's clock.
    pub initiator_clock: TestClock,
    /// The acceptor's clock.
    pub acceptor_clock: TestClock,
    rng: TestRng,
    tamper: Tamper<'t>,
}

type Tamper<'t> = Box<dyn FnMut(Leg<'_>) + 't>;

/// A token on its way.
#[derive(Debug)]
pub struct Leg<'l> {
    /// Who sent it.
    pub from: Role,
    /// Which one it is, counting both sides' from 0.
    pub index: usize,
    /// Its bytes, to be read or changed.
    pub token: &'l mut Vec<u8>,
}

/// How a handshake went.
#[derive(Debug)]
pub struct Run<I: Handshake, A: Handshake> {
    /// The initiator's end.
    pub initiator: End<I>,
    /// The acceptor's end.
    pub acceptor: End<A>,
    /// All tokens, as they arrived.
    pub tokens: Vec<(Role, Vec<u8>)>,
}

/// How one side ended.
pub enum End<H: Handshake> {
    /// Established.
    Done(H::Established),
    /// It gave up.
    Failed(H::Error),
    /// It waits for a token that nobody sends.
    Waiting(H),
}

impl<H: Handshake> core::fmt::Debug for End<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Done(context) => write!(f, "Done({:?})", context.facts()),
            Self::Failed(error) => write!(f, "Failed({error})"),
            Self::Waiting(_) => f.write_str("Waiting"),
        }
    }
}

/// More legs than any mechanism has; a handshake that needs more runs in circles.
pub const MAX_LEGS: usize = 32;

impl Default for Pair<'_> {
    fn default() -> Self {
        Self::at(1_700_000_000)
    }
}

impl core::fmt::Debug for Pair<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pair")
            .field("initiator_clock", &self.initiator_clock)
            .field("acceptor_clock", &self.acceptor_clock)
            .finish_non_exhaustive()
    }
}

impl<'t> Pair<'t> {
    /// A pair whose clocks both stand at `seconds` since 1970.
    pub fn at(seconds: i64) -> Self {
        Self {
            initiator_clock: TestClock::at(seconds),
            acceptor_clock: TestClock::at(seconds),
            rng: TestRng::insecure(42),
            tamper: Box::new(|_| {}),
        }
    }

    /// The same with every token shown to `tamper`, which may change it.
    #[must_use]
    pub fn tampering(self, tamper: impl FnMut(Leg<'_>) + 't) -> Self {
        Self { tamper: Box::new(tamper), ..self }
    }

    /// Runs a handshake to its end.
    ///
    /// # Panics
    /// After [`MAX_LEGS`] tokens.
    pub fn run<I: Handshake, A: Handshake>(&mut self, initiator: I, acceptor: A) -> Run<I, A> {
        let mut initiator = End::Waiting(initiator);
        let mut acceptor = End::Waiting(acceptor);
        let mut tokens: Vec<(Role, Vec<u8>)> = Vec::new();
        let mut turn = Role::Initiator;
        let mut token = Some(Vec::new());
        while let Some(mut input) = token {
            assert!(tokens.len() < MAX_LEGS, "the handshake runs in circles");
            let (next_turn, output) = match turn {
                Role::Initiator => {
                    let (end, output) = step(initiator, &mut input, &self.initiator_clock, &mut self.rng);
                    initiator = end;
                    (Role::Acceptor, output)
                }
                Role::Acceptor => {
                    let (end, output) = step(acceptor, &mut input, &self.acceptor_clock, &mut self.rng);
                    acceptor = end;
                    (Role::Initiator, output)
                }
            };
            token = output.map(|mut token| {
                (self.tamper)(Leg { from: turn, index: tokens.len(), token: &mut token });
                tokens.push((turn, token.clone()));
                token
            });
            turn = next_turn;
        }
        Run { initiator, acceptor, tokens }
    }

    /// The environment of one side, for messages after the handshake.
    pub fn env(&mut self, role: Role) -> Env<'_> {
        let clock = match role {
            Role::Initiator => &self.initiator_clock,
            Role::Acceptor => &self.acceptor_clock,
        };
        Env::new(time(clock), &mut self.rng)
    }
}

impl<I: Handshake, A: Handshake> Run<I, A> {
    /// Both contexts.
    ///
    /// # Panics
    /// When one side is not established.
    #[track_caller]
    pub fn established(self) -> (I::Established, A::Established) {
        match self {
            Self { initiator: End::Done(initiator), acceptor: End::Done(acceptor), .. } => {
                (initiator, acceptor)
            }
            other => {
                panic!("not established: initiator {:?}, acceptor {:?}", other.initiator, other.acceptor)
            }
        }
    }

    /// Why the acceptor gave up.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn acceptor_error(self) -> A::Error {
        match self.acceptor {
            End::Failed(error) => error,
            other => panic!("the acceptor did not fail: {other:?}"),
        }
    }

    /// Why the initiator gave up.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn initiator_error(self) -> I::Error {
        match self.initiator {
            End::Failed(error) => error,
            other => panic!("the initiator did not fail: {other:?}"),
        }
    }
}

/// Steps one side; returns what it sends. A side that is through, or gave up, takes nothing more.
fn step<H: Handshake>(
    end: End<H>,
    input: &mut [u8],
    clock: &TestClock,
    rng: &mut TestRng,
) -> (End<H>, Option<Vec<u8>>) {
    let End::Waiting(state) = end else { return (end, None) };
    let mut output = Vec::new();
    let end = match state.step(input, &mut output, &mut Env::new(time(clock), rng)) {
        Ok(Step::Continue(next)) => End::Waiting(next),
        Ok(Step::Done(context)) => End::Done(context),
        Err(error) => End::Failed(error),
    };
    (end, (!output.is_empty()).then_some(output))
}

fn time(clock: &TestClock) -> Timestamp {
    Timestamp::new(clock.seconds(), clock.subsec_micros()).expect("the clock's microseconds are in range")
}
