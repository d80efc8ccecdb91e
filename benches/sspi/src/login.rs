//! Logins with `sspi::Ntlm`, as a caller of the crate makes them.

use anyhow::{Result, ensure};
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation,
    Ntlm, SecurityBuffer, SecurityStatus, ServerRequestFlags, Sspi as _, SspiImpl as _, Username,
};

/// What our initiator asks for: integrity and confidentiality, with sequence and replay detection.
const REQUIREMENTS: ClientRequestFlags = ClientRequestFlags::INTEGRITY
    .union(ClientRequestFlags::CONFIDENTIALITY)
    .union(ClientRequestFlags::REPLAY_DETECT)
    .union(ClientRequestFlags::SEQUENCE_DETECT);

/// Who logs on, with a password or with what sspi takes for the hash of one.
pub(crate) struct Account {
    initiate: Option<AuthIdentityBuffers>,
    accept: Option<AuthIdentityBuffers>,
}

impl Account {
    /// Credentials are acquired once, as those of our side are.
    pub(crate) fn new(user: &str, domain: &str, secret: String) -> Result<Self> {
        let identity = AuthIdentity { username: Username::new(user, Some(domain))?, password: secret.into() };
        let mut ntlm = Ntlm::new();
        let mut acquire = |usage| {
            let credentials = ntlm.acquire_credentials_handle();
            let credentials = credentials.with_credential_use(usage).with_auth_data(&identity);
            Ok::<_, sspi::Error>(credentials.execute(&mut ntlm)?.credentials_handle)
        };
        Ok(Self { initiate: acquire(CredentialUse::Outbound)?, accept: acquire(CredentialUse::Inbound)? })
    }

    /// Takes the server's message, empty at first, and gives the answer.
    pub(crate) fn initiate(&mut self, ntlm: &mut Ntlm, input: Vec<u8>) -> Result<Vec<u8>> {
        let mut input = [token(input)];
        let mut output = [token(Vec::new())];
        let mut builder = ntlm
            .initialize_security_context()
            .with_credentials_handle(&mut self.initiate)
            .with_context_requirements(REQUIREMENTS)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name("HTTP/server.example.com")
            .with_input(&mut input)
            .with_output(&mut output);
        let _ = ntlm.initialize_security_context_impl(&mut builder)?.resolve_to_result()?;
        let [answer] = output;
        Ok(answer.buffer)
    }

    /// Answers NEGOTIATE with CHALLENGE.
    pub(crate) fn challenge(&mut self, ntlm: &mut Ntlm, negotiate: Vec<u8>) -> Result<Vec<u8>> {
        let (answer, status) = self.accept(ntlm, negotiate)?;
        ensure!(status == SecurityStatus::ContinueNeeded, "the acceptor says {status:?} to NEGOTIATE");
        Ok(answer)
    }

    /// Checks AUTHENTICATE.
    pub(crate) fn check(&mut self, ntlm: &mut Ntlm, authenticate: Vec<u8>) -> Result<()> {
        let (_, status) = self.accept(ntlm, authenticate)?;
        ensure!(status == SecurityStatus::CompleteNeeded, "the acceptor says {status:?} to AUTHENTICATE");
        let _ = ntlm.complete_auth_token(&mut [])?;
        Ok(())
    }

    fn accept(&mut self, ntlm: &mut Ntlm, input: Vec<u8>) -> Result<(Vec<u8>, SecurityStatus)> {
        let mut input = [token(input)];
        let mut output = [token(Vec::new())];
        let builder = ntlm
            .accept_security_context()
            .with_credentials_handle(&mut self.accept)
            .with_context_requirements(ServerRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        let status = ntlm.accept_security_context_impl(builder)?.resolve_to_result()?.status;
        let [answer] = output;
        Ok((answer.buffer, status))
    }
}

fn token(buffer: Vec<u8>) -> SecurityBuffer {
    SecurityBuffer::new(buffer, BufferType::Token)
}
