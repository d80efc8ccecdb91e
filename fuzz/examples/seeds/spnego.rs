//! Negotiations between our own sides.

use crate::Seeds;
use fuzz_targets::gss_spnego::negotiation::converse;
use fuzz_targets::input::{Input, Output};

/// Kerberos and NTLM by their places in the oracle's list, and what their scripts do.
const OFFERS: [(&str, &[u8]); 7] = [
    ("krb5-1", &[1, 0, 0]),
    ("krb5-2", &[1, 0, 1]),
    ("krb5-3-mic", &[1, 0, 2 | 8]),
    ("krb5-2-no-integrity", &[1, 0, 1 | 4]),
    ("ntlm", &[1, 1, 2 | 8]),
    ("krb5-then-ntlm", &[2, 0, 1, 1, 2]),
    ("ntlm-then-krb5", &[2, 1, 2, 0, 1]),
];

pub fn add(seeds: &mut Seeds) {
    for (left, initiator) in OFFERS {
        for (right, acceptor) in OFFERS {
            // The acceptor's policy about MICs comes first.
            let acceptor = [&[0][..], acceptor].concat();
            let tokens = converse(&mut Input::new(initiator), &mut Input::new(&acceptor));
            if tokens.len() < 2 {
                continue;
            }
            let name = format!("{left} with {right}");
            let mut for_acceptor = Output::new().byte(0).rest(&acceptor);
            let mut for_initiator = Output::new().rest(initiator).chunk(b"");
            for (number, token) in tokens.iter().enumerate() {
                if number % 2 == 0 {
                    for_acceptor = for_acceptor.chunk(token);
                } else {
                    for_initiator = for_initiator.chunk(token);
                }
                if left == right || number > 1 {
                    seeds.add("gss_spnego_tokens", &format!("{name} {number}"), token.clone());
                }
            }
            seeds.add("gss_spnego_acceptor", &name, for_acceptor.finish());
            seeds.add("gss_spnego_initiator", &name, for_initiator.finish());
            let pair = Output::new().rest(initiator).rest(&acceptor).byte(255).chunk(b"");
            seeds.add("gss_spnego_pair", &name, pair.finish());
        }
    }
    let hints = Output::new().byte(0).byte(0).rest(OFFERS[1].1).chunk(b"").finish();
    seeds.add("gss_spnego_acceptor", "hints", hints);
}
