//! Where reading accepts what MS-NLMP does not describe, and for whose sake. Nothing here is ever written.

/// One deviation of a known peer that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    /// What is accepted.
    pub what: &'static str,
    /// Which peer needs it.
    pub peer: &'static str,
    /// The test that shows it, in `src/wire/tests/`.
    pub test: &'static str,
}

/// A NEGOTIATE that ends before the names, or before the version.
pub const SHORT_NEGOTIATE: Leniency = Leniency {
    what: "NEGOTIATE with a header of 16 or 32 bytes",
    peer: "Windows 9x and NT 4; curl and other clients that tell no version",
    test: "short_forms::negotiate",
};

/// A CHALLENGE that ends before the attributes, or before the version.
pub const SHORT_CHALLENGE: Leniency = Leniency {
    what: "CHALLENGE with a header of 32, 40 or 48 bytes",
    peer: "Windows 9x and NT 4; Windows 2000, which has attributes and no version",
    test: "short_forms::challenge",
};

/// An AUTHENTICATE that ends before session key and flags, before the version, or before the MIC.
pub const SHORT_AUTHENTICATE: Leniency = Leniency {
    what: "AUTHENTICATE with a header of 52, 64 or 72 bytes",
    peer: "Windows 9x, NT 4 and 2000; curl, Samba; the examples of MS-NLMP section 4.2, which have no MIC",
    test: "short_forms::authenticate",
};

/// A CHALLENGE may name the target although its flags do not say that it does.
pub const TARGET_NAME_UNASKED: Leniency = Leniency {
    what: "TargetName without NTLMSSP_REQUEST_TARGET",
    peer: "the examples of MS-NLMP section 4.2",
    test: "messages::vectors_say_what_they_are_stated_to_say",
};

/// Behind the attributes of an NTLMv2 response there may be anything, or nothing.
pub const RESPONSE_TRAILER: Leniency = Leniency {
    what: "other than four zero bytes behind the attributes of an NTLMv2 response",
    peer: "Samba and impacket, which send none",
    test: "response::what_follows_the_attributes_is_free",
};

/// `Single_Host_Data` may be longer or shorter than the 48 bytes of today if it says so itself.
pub const SINGLE_HOST_LENGTH: Leniency = Leniency {
    what: "Single_Host_Data of another length than 48 bytes",
    peer: "none known; the structure carries its length so that it can grow",
    test: "attributes::single_host_data_says_how_long_it_is",
};

/// Every deviation that is accepted.
pub const ALL: &[Leniency] = &[
    SHORT_NEGOTIATE,
    SHORT_CHALLENGE,
    SHORT_AUTHENTICATE,
    TARGET_NAME_UNASKED,
    RESPONSE_TRAILER,
    SINGLE_HOST_LENGTH,
];
