//! The scheme `GSS`: a login that is tied to no connection, and requests that are signed after it.

use super::{Next, Standing, State, Turn};
use crate::pool::Key;
use crate::sessions::{Going, Sessions};
use crate::{Bindings, Error, LoggedIn, random};
use alloc::sync::Arc;
use gss::{Context, Initiator};
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::gss::{
    Binding, Challenge, ChallengeError, Client, ClientError, ClientPolicy, Exchange, Login, NAME, Outcome,
    RequestParts, Response, SessionOutcome,
};
use gss_http::{FinalToken, HeaderField, Scheme, ServerProof};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Where the sessions are, and what of the request they sign.
#[derive(Clone, Copy)]
pub(crate) struct Signing<'a> {
    pub(crate) sessions: &'a Sessions,
    pub(crate) key: &'a Key,
    pub(crate) request: &'a Signed,
}

/// The parts of a request that are signed.
pub(crate) struct Signed {
    pub(crate) method: String,
    /// With the port, even where it is the scheme's own.
    pub(crate) origin: String,
    pub(crate) target: String,
    pub(crate) content_digest: Option<Vec<u8>>,
}

impl Signed {
    fn parts<'p>(&'p self, channel: &'p TlsChannel) -> RequestParts<'p> {
        RequestParts {
            method: &self.method,
            origin: &self.origin,
            target: &self.target,
            content_digest: self.content_digest.as_deref(),
            channel,
        }
    }
}

/// How far the login is, or what goes on after it.
pub(super) enum Gss {
    Login(Box<Exchange<Initiator>>),
    Signed(Arc<Going>),
}

impl<'a> Turn<'a> {
    /// What the scheme needs, where it may be used: over TLS, at servers, with a login.
    fn signing(&self, standing: &Standing) -> Option<Signing<'a>> {
        let usable = self.terms.login.is_some() && !standing.channel.is_empty();
        self.terms.gss.filter(|_| usable)
    }

    /// Signs the request if there is a session for it.
    pub(super) fn sign(&mut self, standing: &Standing) -> bool {
        let Some(Signing { sessions, key, request }) = self.signing(standing) else { return false };
        let Some((field, going)) = sessions.sign(key, &request.parts(&standing.channel), self.now()) else {
            return false;
        };
        self.gss_sent(field, Gss::Signed(going));
        true
    }

    /// Begins a login if a challenge offers the scheme, with a binding.
    pub(super) async fn begin_gss(
        &mut self,
        fields: &HeaderMap,
        standing: &Standing,
    ) -> Result<Option<Next>, Error> {
        let Some(signing) = self.signing(standing) else { return Ok(None) };
        let challenge = Challenge::find(lines(fields, self.terms.side.challenge_field()));
        match challenge {
            Ok(Some(challenge)) => self.log_in(&challenge, signing, standing).await,
            // Another scheme may stand where the grammar holds.
            Ok(None) | Err(ChallengeError::Field(_)) => Ok(None),
            Err(error) => Err(self.gss_failed(ClientError::Challenge(error))),
        }
    }

    async fn log_in(
        &mut self,
        challenge: &Challenge,
        signing: Signing<'_>,
        standing: &Standing,
    ) -> Result<Option<Next>, Error> {
        // Without a binding the login could be relayed, and would not go on: another scheme does as well.
        let Some(binding) = self.choose(challenge, &standing.channel) else { return Ok(None) };
        let initiator = self.initiator_bound(Scheme::Negotiate, Some(binding.channel_bindings())).await?;
        let mutual = self.terms.mutual.is_required();
        let policy = ClientPolicy {
            side: self.terms.side,
            final_token: if mutual { FinalToken::Require } else { FinalToken::AllowMissing },
            ..ClientPolicy::default()
        };
        let client = Client::new(initiator, Some(binding), &signing.request.origin, policy);
        let begun = random::with_env(self.now(), |env| client.begin(env));
        let (field, exchange) = begun.map_err(|error| self.gss_failed(error))?;
        self.gss_sent(field, Gss::Login(Box::new(exchange)));
        Ok(Some(Next::Again))
    }

    /// The binding to the certificate, so that the login goes on over any connection, unless the caller wants it bound
    /// to this one.
    fn choose(&self, challenge: &Challenge, channel: &TlsChannel) -> Option<Binding> {
        let end_point = || {
            let listed = challenge.bindings().contains(TlsBinding::ServerEndPoint);
            Binding::of(channel, TlsBinding::ServerEndPoint).next().filter(|_| listed)
        };
        match self.terms.bindings {
            Bindings::Never => None,
            Bindings::EndPoint => end_point().or_else(|| challenge.choose(channel)),
            Bindings::Connection => challenge.choose(channel),
        }
    }

    /// Takes the response to a request with credentials of the scheme.
    pub(super) async fn go_on_with_gss(
        &mut self,
        gss: Gss,
        field: HeaderValue,
        (status, fields): (StatusCode, &HeaderMap),
        standing: &mut Standing,
    ) -> Result<Next, Error> {
        let response = Response {
            status: status.as_u16(),
            challenges: lines(fields, self.terms.side.challenge_field()),
            info: lines(fields, self.terms.side.info_field()),
        };
        let exchange = match gss {
            Gss::Signed(going) => return self.answered(&going, response, standing).await,
            Gss::Login(exchange) => *exchange,
        };
        let outcome = random::with_env(self.now(), |env| exchange.receive(response, env));
        match outcome.map_err(|error| self.gss_failed(error))? {
            Outcome::SendAgain { field, exchange } => {
                self.gss_sent(field, Gss::Login(Box::new(exchange)));
                Ok(Next::Again)
            }
            Outcome::Done(login) => self.logged_in(login, standing),
            Outcome::Unproven => {
                standing.logged_in = None;
                Ok(Next::Answer)
            }
            Outcome::Restart(restart) => {
                let binding = restart.binding().cloned();
                let bindings = binding.as_ref().map(Binding::channel_bindings);
                let initiator = self.initiator_bound(Scheme::Negotiate, bindings).await?;
                let begun = random::with_env(self.now(), |env| restart.with(initiator, env));
                let (field, exchange) = begun.map_err(|error| self.gss_failed(error))?;
                self.gss_sent(field, Gss::Login(Box::new(exchange)));
                Ok(Next::Again)
            }
            Outcome::Wait(exchange) => {
                self.state = State::Gss { gss: Gss::Login(Box::new(exchange)), field };
                Ok(Next::Answer)
            }
        }
    }

    fn logged_in(&mut self, login: Login<Context>, standing: &mut Standing) -> Result<Next, Error> {
        if login.server == ServerProof::None && self.terms.mutual.is_required() {
            return Err(Error::NotProven { host: self.terms.host.to_owned(), scheme: NAME });
        }
        let logged_in = LoggedIn::new(&login.context, NAME, login.server);
        standing.logged_in = Some(logged_in.clone());
        if let (Some(signing), Some(session)) = (self.signing(standing), login.into_session()) {
            signing.sessions.keep(signing.key, session, logged_in);
        }
        self.state = State::Done;
        Ok(Next::Answer)
    }

    /// Takes the response to a signed request.
    async fn answered(
        &mut self,
        going: &Arc<Going>,
        response: Response<Vec<&[u8]>>,
        standing: &mut Standing,
    ) -> Result<Next, Error> {
        let outcome = going.lock().receive(response);
        let forget = |signing: Option<Signing<'_>>| {
            if let Some(Signing { sessions, key, .. }) = signing {
                sessions.forget(key, going);
            }
        };
        let outcome = outcome.map_err(|error| {
            // It would fail in the same way the next time.
            forget(self.signing(standing));
            self.gss_failed(ClientError::Challenge(error))
        });
        match outcome? {
            SessionOutcome::Answered => {
                standing.logged_in = Some(going.logged_in.clone());
                self.state = State::Done;
                Ok(Next::Answer)
            }
            SessionOutcome::LogInAgain(challenge) => {
                forget(self.signing(standing));
                let Some(signing) = self.signing(standing) else { return Ok(Next::Answer) };
                let next = self.log_in(&challenge, signing, standing).await?;
                next.ok_or_else(|| self.gss_failed(ClientError::Denied { legs: 0, offered: true }))
            }
            SessionOutcome::Denied => {
                forget(self.signing(standing));
                Err(self.gss_failed(ClientError::Denied { legs: 0, offered: false }))
            }
            // The next one is signed anew.
            SessionOutcome::Wait => Ok(Next::Answer),
        }
    }

    fn gss_sent(&mut self, field: HeaderField, gss: Gss) {
        self.state = State::Gss { gss, field: super::sensitive(&field) };
    }

    fn gss_failed(&self, source: ClientError<gss::Error>) -> Error {
        if matches!(source, ClientError::Denied { .. }) {
            self.refused();
        }
        Error::GssExchange { host: self.terms.host.to_owned(), source: Box::new(source) }
    }
}

fn lines<'f>(fields: &'f HeaderMap, name: &str) -> Vec<&'f [u8]> {
    fields.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}
