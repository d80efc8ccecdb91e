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
    peer: "Windows and MIT krb5 (kvno), MIT krb5 before 1.3 (sequence numbers)",
    vector: ("asn1/lenient.txt", "enc_data(MSB-set kvno)"),
};

/// The encrypted part of an AS reply may carry the tag of a TGS reply's, and the other way round.
pub const REPLY_PART_TAG: Leniency = Leniency {
    what: "EncTGSRepPart in an AS-REP and EncASRepPart in a TGS-REP",
    peer: "MIT krb5 KDCs (EncTGSRepPart in either reply)",
    vector: ("asn1/lenient.txt", "as reply part with the tag of a TGS reply"),
};

/// Every deviation that is accepted.
pub const ALL: &[Leniency] = &[NEGATIVE_UINT32, REPLY_PART_TAG];
