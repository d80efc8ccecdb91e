//! Exchanges of other implementations, played back: our acceptor takes what their clients sent, and our initiator, given
//! the recorded key by its source of randomness, reads what their servers sent.

use crate::world::bindings;
use gss_core::{
    BindingOutcome, BindingPolicy, ChannelBindings, ContextFlags, Diagnose, Env, Handshake, Opener,
    SecurityContext, SequenceStatus, Step, Timestamp,
};
use gss_ntlm::wire::{AuthenticateMessage, Charset};
use gss_ntlm::{
    Accepted, Acceptor, AcceptorConfig, Allow, Context, Initiator, LoggedOn, Logon, MemoryUsers, ServerNames,
};
use test_support::vectors::{self, Record, VectorFile};
use test_support::{ScriptedRng, TestRng};

/// Files under `vectors/ntlm`, and whether the client proves with a MIC that nobody changed the messages.
const RECORDINGS: &[(&str, bool)] = &[
    ("curl-raw", false),
    ("gss-ntlmssp-directory-sealed", true),
    ("gss-ntlmssp-raw-bare", false),
    ("gss-ntlmssp-raw-bound", false),
    ("gss-ntlmssp-raw-sealed", false),
    ("gss-ntlmssp-raw-signed", false),
    ("gss-ntlmssp-spnego-sealed", true),
    ("gss-ntlmssp-spnego-signed", true),
    ("impacket-raw-sealed", false),
    ("impacket-raw-without-version", false),
    ("impacket-spnego-sealed", false),
    ("impacket-spnego-without-version", false),
    ("pyspnego-directory-sealed", true),
    ("pyspnego-raw-sealed", true),
    ("pyspnego-raw-signed", true),
    ("pyspnego-spnego-bound", true),
    ("pyspnego-spnego-sealed", true),
    ("pyspnego-spnego-signed", true),
    ("samba-raw-sealed", true),
    ("samba-spnego-sealed", true),
];

/// MechTypeList of RFC 4178 with NTLM alone, which every SPNEGO recording offers.
const ONLY_NTLM: [u8; 14] =
    [0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

/// Where a CHALLENGE has its eight random bytes (MS-NLMP 2.2.1.2).
const SERVER_CHALLENGE: core::ops::Range<usize> = 24..32;

/// An exchange, and how its client was set up.
struct Recording {
    name: &'static str,
    file: VectorFile,
    messages: [Vec<u8>; 3],
    user: String,
    domain: String,
    password: String,
    bindings: Option<Vec<u8>>,
    key: [u8; 16],
    mic: bool,
}

impl Recording {
    fn all() -> impl Iterator<Item = Self> {
        RECORDINGS.iter().map(|(name, mic)| Self::load(name, *mic))
    }

    fn load(name: &'static str, mic: bool) -> Self {
        let file = vectors::load(&format!("ntlm/recorded-{name}.txt"));
        let one = |kind| file.records_of(kind).next().unwrap();
        let setup = one("setup");
        Self {
            name,
            messages: ["negotiate", "challenge", "authenticate"].map(|kind| one(kind).hex("message")),
            user: setup.text("user"),
            domain: setup.text("domain"),
            password: setup.text("password"),
            bindings: setup.opt_hex("bindings"),
            key: one("context").hex("session-key").try_into().unwrap(),
            mic,
            file,
        }
    }

    fn is_framed_by_spnego(&self) -> bool {
        self.file.header("framing") == "spnego"
    }

    /// A server of these users, that tolerates no more than the client needs.
    fn config(&self) -> AcceptorConfig {
        let mut users = MemoryUsers::new();
        users.add(&self.user, &self.domain, &self.password);
        let config = AcceptorConfig::new(ServerNames::new("SERVER"), users);
        let config = match &self.bindings {
            Some(data) => {
                config.channel_bindings(bindings(BindingPolicy::Require, &[ChannelBindings::new(data)]))
            }
            None => config,
        };
        if self.mic { config } else { config.allow(Allow::WITHOUT_MIC) }
    }

    /// The acceptor's verdict on these messages.
    fn accept(
        &self,
        config: &AcceptorConfig,
        [negotiate, challenge, authenticate]: &[Vec<u8>; 3],
    ) -> Result<Context<Accepted>, &'static str> {
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
        let acceptor = Acceptor::resumed(config, negotiate, challenge).map_err(|error| error.code())?;
        match acceptor.step(&mut authenticate.clone(), &mut Vec::new(), &mut env) {
            Ok(Step::Done(context)) => Ok(context),
            Ok(Step::Continue(_)) => panic!("{}: nothing is left to come", self.name),
            Err(error) => Err(error.code()),
        }
    }

    fn accepted(&self) -> Context<Accepted> {
        self.accept(&self.config(), &self.messages).unwrap_or_else(|code| panic!("{}: {code}", self.name))
    }

    /// Our initiator at the recorded challenge. That the key of its choice is the recorded one makes its context the one
    /// that the recorded server talked to.
    fn initiated(&self) -> Context<LoggedOn<Logon>> {
        let logon = Logon::with_password(&self.user, &self.domain, &self.password);
        let flags = match self.file.records_of("setup").next().unwrap().text("flags") {
            flags if flags.contains("conf") => ContextFlags::INTEGRITY | ContextFlags::CONFIDENTIALITY,
            _ => ContextFlags::INTEGRITY,
        };
        // The challenge of the client, then the key.
        let mut rng = ScriptedRng::insecure([&[0; 8][..], &self.key].concat());
        let mut step = |initiator: Initiator<Logon>, input: &[u8]| {
            let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
            initiator.step(&mut input.to_vec(), &mut Vec::new(), &mut env)
        };
        let Ok(Step::Continue(waiting)) = step(Initiator::new(logon).flags(flags), &[]) else {
            panic!("{}: the first step", self.name)
        };
        match step(waiting, &self.messages[1]) {
            Ok(Step::Done(context)) => {
                rng.assert_used_up();
                assert_eq!(context.secret_session_key(), Some(&self.key[..]), "{}", self.name);
                context
            }
            other => panic!("{}: {:?}", self.name, other.map(|_| "to be continued")),
        }
    }

    /// Messages of one side, in the order sent.
    fn sent_by<'a>(&'a self, side: &'a str) -> Vec<&'a Record> {
        let is_message = |record: &&Record| matches!(record.get("kind"), Some("wrap" | "mic"));
        let from = move |record: &&Record| record.get("from") == Some(side);
        self.file.records().iter().filter(is_message).filter(from).collect()
    }

    /// The MIC over the list of mechanisms that a side sent, at the end of its last token.
    fn mech_list_mic(&self, side: &str) -> Option<Vec<u8>> {
        if !self.is_framed_by_spnego() {
            return None;
        }
        let tokens: Vec<_> = self.file.records_of("token").collect();
        let first = tokens[0].hex("token");
        assert!(first.windows(ONLY_NTLM.len()).any(|part| part == ONLY_NTLM), "{}", self.name);
        let last = tokens.iter().rfind(|token| token.text("from") == side).unwrap().hex("token");
        // mechListMIC [3] OCTET STRING (SIZE (16))
        let mut parts = last.rsplitn(2, |byte| *byte == 0xa3).map(<[u8]>::to_vec);
        parts
            .next()
            .filter(|end| end.starts_with(&[0x12, 0x04, 0x10, 0x01]) && end.len() == 19)
            .map(|end| end[3..].to_vec())
    }
}

/// Reads all messages of one side, each once and in order.
fn read_all(recording: &Recording, context: &mut impl SecurityContext, side: &str) -> usize {
    if let Some(mic) = recording.mech_list_mic(side) {
        context
            .verify_mech_list_mic(&ONLY_NTLM, &mic)
            .unwrap_or_else(|error| panic!("{}: {error}", recording.name));
    }
    let messages = recording.sent_by(side);
    for record in &messages {
        let status = read(context.opener(), record, &record.hex("token"));
        let place = || format!("{}: {}", recording.name, record.name());
        assert_eq!(status, Some(SequenceStatus::Ok), "{}", place());
    }
    messages.len()
}

/// Reads one message; `None` when it is refused.
fn read(opener: &mut dyn Opener, record: &Record, token: &[u8]) -> Option<SequenceStatus> {
    let data = record.hex("data");
    if record.get("kind") == Some("mic") {
        return opener.verify_mic(&data, token).ok();
    }
    let mut token = token.to_vec();
    let unwrapped = opener.unwrap(&mut token).ok()?;
    assert_eq!(unwrapped.message, data, "{}: opened to something else", record.name());
    Some(unwrapped.sequence)
}

#[test]
fn every_recording_is_accepted() {
    for recording in Recording::all() {
        let context = recording.accepted();
        let name = recording.name;
        let (facts, accepted) = (context.facts(), context.parties());
        let peer = facts.peer.map(ToString::to_string);
        assert_eq!(peer, Some(format!("{}\\{}", recording.domain, recording.user)), "{name}");
        assert_eq!(accepted.has_mic(), recording.mic, "{name}");
        assert_eq!(context.secret_session_key(), Some(&recording.key[..]), "{name}");
        let bound =
            if recording.bindings.is_some() { BindingOutcome::Bound } else { BindingOutcome::NotChecked };
        assert_eq!(facts.binding, bound, "{name}");
    }
}

#[test]
fn clients_without_mic_need_leave() {
    for recording in Recording::all().filter(|recording| !recording.mic) {
        let strict = Recording { mic: true, ..recording };
        let verdict = strict.accept(&strict.config(), &strict.messages);
        assert_eq!(verdict.err(), Some("ntlm_mic_missing"), "{}", strict.name);
    }
}

/// Without flags pyspnego negotiates a key exchange and sends no key (pyspnego takes that).
#[test]
fn a_key_exchange_without_a_key_is_refused() {
    let recording = Recording::load("pyspnego-raw-bare", true);
    let verdict = recording.accept(&recording.config(), &recording.messages);
    assert_eq!(verdict.err(), Some("ntlm_session_key_length"));
}

#[test]
fn messages_of_every_client_are_read() {
    let read: usize =
        Recording::all().map(|recording| read_all(&recording, &mut recording.accepted(), "initiator")).sum();
    assert!(read > 50, "{read} messages");
}

#[test]
fn messages_of_every_server_are_read() {
    let read: usize = Recording::all()
        .filter(|recording| recording.is_framed_by_spnego() || !recording.sent_by("acceptor").is_empty())
        .map(|recording| read_all(&recording, &mut recording.initiated(), "acceptor"))
        .sum();
    assert!(read > 50, "{read} messages");
}

/// One changed bit in each byte: the MIC covers all three messages.
#[test]
fn a_changed_bit_is_noticed_where_there_is_a_mic() {
    for recording in Recording::all().filter(|recording| recording.mic) {
        for which in 0..3 {
            for place in 0..recording.messages[which].len() {
                refuses_flip(&recording, which, place);
            }
        }
    }
}

/// Without one, the proof covers the server's challenge and the response only (MS-NLMP 3.3.2).
#[test]
fn a_changed_bit_of_the_proof_is_noticed_without_a_mic() {
    for recording in Recording::all().filter(|recording| !recording.mic) {
        for place in SERVER_CHALLENGE {
            refuses_flip(&recording, 1, place);
        }
        let message = &recording.messages[2];
        let parsed = AuthenticateMessage::parse(message, Charset::Unicode).unwrap();
        let (start, length) = (parsed.nt_response_offset(), parsed.nt_response.len());
        for place in start..start + length {
            refuses_flip(&recording, 2, place);
        }
    }
}

#[track_caller]
fn refuses_flip(recording: &Recording, which: usize, place: usize) {
    let mut messages = recording.messages.clone();
    messages[which][place] ^= 1 << (place % 8);
    let verdict = recording.accept(&recording.config(), &messages);
    assert!(verdict.is_err(), "{}: message {which}, byte {place}: {verdict:?}", recording.name);
}

/// Every bit of the first messages of each side, and of the MIC over the list of mechanisms.
#[test]
fn a_changed_bit_of_a_token_is_noticed() {
    for recording in Recording::all() {
        for record in recording.sent_by("initiator").into_iter().take(1) {
            refuses_flips(&recording, record, || recording.accepted(), "initiator");
        }
        for record in recording.sent_by("acceptor").into_iter().take(1) {
            refuses_flips(&recording, record, || recording.initiated(), "acceptor");
        }
        for bit in 0..recording.mech_list_mic("initiator").map_or(0, |mic| mic.len() * 8) {
            let mut mic = recording.mech_list_mic("initiator").unwrap();
            mic[bit / 8] ^= 1 << (bit % 8);
            let verdict = recording.accepted().verify_mech_list_mic(&ONLY_NTLM, &mic);
            assert!(verdict.is_err(), "{}: bit {bit} of the MIC over the list", recording.name);
        }
    }
}

fn refuses_flips<C: SecurityContext>(
    recording: &Recording,
    record: &Record,
    context: impl Fn() -> C,
    side: &str,
) {
    let token = record.hex("token");
    for bit in 0..token.len() * 8 {
        let mut context = context();
        if let Some(mic) = recording.mech_list_mic(side) {
            context.verify_mech_list_mic(&ONLY_NTLM, &mic).unwrap();
        }
        let mut changed = token.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let status = read(context.opener(), record, &changed);
        assert_eq!(status, None, "{}: {}, bit {bit}", recording.name, record.name());
    }
}
