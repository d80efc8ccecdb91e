//! n-fold (RFC 3961 section 5.1): stretches or shrinks a constant to the block length.

/// Fills `out` with the n-fold of `input`.
///
/// Copies of the input, each rotated right by 13 bits more than the one before, are laid end to end until
/// their length is also a multiple of the output's; the pieces of output length are then added in ones'
/// complement. An empty input or output is left alone.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "the inputs are constants of a few bytes, the divisors are not zero, and only low bytes are kept"
)]
pub(crate) fn nfold(input: &[u8], out: &mut [u8]) {
    if input.is_empty() || out.is_empty() {
        return;
    }
    let pieces = lcm(input.len(), out.len()) / out.len();
    let out_len = out.len();
    let mut carry = 0usize;
    for (index, byte) in out.iter_mut().enumerate().rev() {
        let column = (0..pieces).map(|piece| usize::from(rotated_byte(input, piece * out_len + index)));
        carry += column.sum::<usize>();
        *byte = carry as u8;
        carry >>= 8;
    }
    // What is carried out of the first byte comes back in at the last one.
    while carry > 0 {
        for byte in out.iter_mut().rev() {
            carry += usize::from(*byte);
            *byte = carry as u8;
            carry >>= 8;
        }
    }
}

/// The n-fold of a usage constant to a block, which every key derivation of RFC 3961 begins with.
///
/// The same as [`nfold`] by word arithmetic: 16 rotated copies of 5 bytes are 5 pieces of 16 bytes.
pub(crate) fn fold_usage(constant: &[u8; 5]) -> [u8; 16] {
    let [a, b, c, d, e] = *constant;
    let mut copy = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let mut copies = [0; 80];
    for to in copies.chunks_exact_mut(5) {
        let [_, _, _, bytes @ ..] = copy.to_be_bytes();
        to.copy_from_slice(&bytes);
        // Right by 13 bits within 40.
        copy = ((copy >> 13) | (copy << 27)) & 0xff_ffff_ffff;
    }
    let (pieces, _) = copies.as_chunks::<16>();
    let sum = pieces.iter().fold(0_u128, |sum, piece| {
        let (sum, carry) = sum.overflowing_add(u128::from_be_bytes(*piece));
        // After a carry the sum is less than its highest value, so this does not overflow.
        sum.wrapping_add(u128::from(carry))
    });
    sum.to_be_bytes()
}

/// The byte at `index` of the input's rotated copies laid end to end.
#[expect(clippy::arithmetic_side_effects, reason = "the lengths are those of small constants, and not zero")]
fn rotated_byte(input: &[u8], index: usize) -> u8 {
    let bits = input.len() * 8;
    let rotation = 13 * (index / input.len()) % bits;
    let first_bit = (index % input.len() * 8 + bits - rotation) % bits;
    let at = |byte: usize| input.get(byte % input.len()).copied().unwrap_or_default();
    let pair = u16::from_be_bytes([at(first_bit / 8), at(first_bit / 8 + 1)]);
    let [byte, _] = (pair << (first_bit % 8)).to_be_bytes();
    byte
}

#[expect(clippy::arithmetic_side_effects, reason = "the lengths are those of small constants, and not zero")]
fn lcm(a: usize, b: usize) -> usize {
    let (mut gcd, mut rest) = (a, b);
    while rest != 0 {
        (gcd, rest) = (rest, gcd % rest);
    }
    a / gcd * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn folding_a_usage_is_n_folding() {
        for usage in (0..2000_u32).chain([0xffff_ffff, 0x8000_0000, 0x1234_5678]) {
            for role in [0x99, 0xaa, 0x55, 0, 0xff] {
                let [a, b, c, d] = usage.to_be_bytes();
                let constant = [a, b, c, d, role];
                let mut expected = [0; 16];
                nfold(&constant, &mut expected);
                assert_eq!(fold_usage(&constant), expected, "{constant:02x?}");
            }
        }
    }

    #[test]
    fn vectors_of_rfc3961() {
        for record in test_support::vectors::load("crypto/rfc3961-n-fold.txt").records_of("n-fold") {
            let expected = record.hex("output");
            let mut out = vec![0; expected.len()];
            nfold(&record.hex("input"), &mut out);
            assert_eq!(out, expected, "{}", record.name());
        }
    }

    #[test]
    fn nothing_folds_to_nothing() {
        let mut out = [7; 4];
        nfold(&[], &mut out);
        assert_eq!(out, [7; 4]);
        nfold(b"input", &mut []);
    }
}
