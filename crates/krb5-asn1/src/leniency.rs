//! Where decoding accepts what the specification forbids, and for whose sake.

/// One deviation of a known peer that decoding accepts. Encoding never produces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    /// What is accepted.
    pub what: &'static str,
    /// Which peer needs it.
    pub peer: &'static str,
    /// File under `vectors/` and the record in it that shows it.
    pub vector: (&'static str, &'static str),
}

/// A [`UInt32`](crate::UInt32) from 2^31 on may be written as a negative integer of up to four bytes.
pub const NEGATIVE_UINT32: Leniency = Leniency {
    what: "negative encoding of kvno, nonce and sequence number",
    peer: "MIT krb5 (kvno in every release; sequence numbers before 1.3)",
    vector: ("asn1/mit-lenient.txt", "enc_data(MSB-set kvno)"),
};

/// Every deviation that is accepted.
pub const ALL: &[Leniency] = &[NEGATIVE_UINT32];
