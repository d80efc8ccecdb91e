//! Where this crate accepts what RFC 4178 forbids, and for whose sake. It never produces any of it.

/// One deviation of a known peer that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    /// What is accepted.
    pub what: &'static str,
    /// Which peer needs it.
    pub peer: &'static str,
    /// The test that shows it, in `tests/suite/`.
    pub test: &'static str,
}

/// The framing of RFC 2743 around tokens after the first is taken off.
pub const FRAMED_RESPONSE: Leniency = Leniency {
    what: "0x60 framing around NegTokenResp",
    peer: "Sun's SPNEGO before RFC 4178",
    test: "tolerance::sun_frames_every_token",
};

/// A first token without the framing of RFC 2743 is taken.
pub const BARE_INIT: Leniency = Leniency {
    what: "NegTokenInit without framing",
    peer: "clients with a SPNEGO of their own that leave the frame off",
    test: "tolerance::first_token_without_frame",
};

/// A first reply need not name the mechanism: it is that of the optimistic token.
pub const SUPPORTED_MECH_ABSENT: Leniency = Leniency {
    what: "first NegTokenResp without supportedMech",
    peer: "Java acceptors",
    test: "tolerance::java_names_no_mechanism_and_no_state",
};

/// A first reply that keeps the optimistic mechanism need not give a state.
pub const STATE_ABSENT: Leniency = Leniency {
    what: "first NegTokenResp without negState",
    peer: "Java acceptors",
    test: "tolerance::java_names_no_mechanism_and_no_state",
};

/// A first reply that chooses another mechanism may say accept-incomplete in place of request-mic, for NTLM alone.
/// The MIC is left out then, unless NTLM itself demands it.
pub const RESELECTION_WITHOUT_REQUEST_MIC: Leniency = Leniency {
    what: "another mechanism chosen with accept-incomplete, NTLM only",
    peer: "Windows 2000, XP and Server 2003",
    test: "tolerance::windows_2003_reselects_ntlm_with_accept_incomplete",
};

/// Where the mechanism is done, a `responseToken` of no bytes counts as none; initiators only.
pub const EMPTY_TOKEN_WHEN_DONE: Leniency = Leniency {
    what: "empty responseToken when the mechanism is done",
    peer: "old IIS without mutual authentication",
    test: "tolerance::old_iis_sends_an_empty_token",
};

/// A later reply may name the mechanism again, if it is the same.
pub const SUPPORTED_MECH_REPEATED: Leniency = Leniency {
    what: "supportedMech in later replies",
    peer: "Windows (MS-SPNG 3.3.5)",
    test: "tolerance::supported_mech_may_be_repeated_but_not_changed",
};

/// Any name of Kerberos counts as the one that was offered.
pub const KERBEROS_ALIASES: Leniency = Leniency {
    what: "supportedMech with another object identifier of Kerberos than the offered one",
    peer: "old Samba, Windows 2000",
    test: "tolerance::samba_answers_with_the_other_kerberos_oid",
};

/// A last reply may say accept-incomplete where nothing is missing.
pub const INCOMPLETE_AT_END: Leniency = Leniency {
    what: "accept-incomplete when the mechanism is done and no MIC is required",
    peer: "acceptors that MIT krb5's initiator takes too",
    test: "tolerance::last_reply_may_say_incomplete",
};

/// Every deviation that is accepted.
pub const ALL: &[Leniency] = &[
    FRAMED_RESPONSE,
    BARE_INIT,
    SUPPORTED_MECH_ABSENT,
    STATE_ABSENT,
    RESELECTION_WITHOUT_REQUEST_MIC,
    EMPTY_TOKEN_WHEN_DONE,
    SUPPORTED_MECH_REPEATED,
    KERBEROS_ALIASES,
    INCOMPLETE_AT_END,
];
