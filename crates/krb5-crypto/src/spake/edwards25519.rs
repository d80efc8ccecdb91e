//! edwards25519: elements encoded as RFC 8032 section 5.1.2 says, numbers little-endian.

#![expect(clippy::arithmetic_side_effects, reason = "the arithmetic of a group cannot overflow")]

use curve25519_dalek::Scalar;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::traits::IsIdentity;
use zeroize::{Zeroize, Zeroizing};

use super::{Element, Group, Role, SCALAR_LEN, SpakeError};

const GROUP: Group = Group::Edwards25519;

/// M (RFC 9588 section 12.2).
const M: [u8; 32] = [
    0xd0, 0x48, 0x03, 0x2c, 0x6e, 0xa0, 0xb6, 0xd6, 0x97, 0xdd, 0xc2, 0xe8, 0x6b, 0xda, 0x85, 0xa3, 0x3a,
    0xda, 0xc9, 0x20, 0xf1, 0xbf, 0x18, 0xe1, 0xb0, 0xc6, 0xd1, 0x66, 0xa5, 0xce, 0xcd, 0xaf,
];
/// N (RFC 9588 section 12.2).
const N: [u8; 32] = [
    0xd3, 0xbf, 0xb5, 0x18, 0xf4, 0x4f, 0x34, 0x30, 0xf2, 0x9d, 0x0c, 0x92, 0xaf, 0x50, 0x38, 0x65, 0xa1,
    0xed, 0x32, 0x81, 0xdc, 0x69, 0xb3, 0x5d, 0xd8, 0x68, 0xba, 0x85, 0xf8, 0x86, 0xc4, 0xab,
];

/// A number in the range [0, 8p) that is divisible by 8, the cofactor, from twice as much randomness.
pub(super) fn private_value(wide: &[u8; 64]) -> Zeroizing<[u8; SCALAR_LEN]> {
    let scalar = Zeroizing::new(Scalar::from_bytes_mod_order_wide(wide));
    let mut value = Zeroizing::new([0; SCALAR_LEN]);
    let mut carry = 0;
    for (to, from) in value.iter_mut().zip(scalar.as_bytes()) {
        *to = from << 3 | carry;
        carry = from >> 5;
    }
    value
}

/// The private value divided by the cofactor, `None` unless it is one of [`private_value`]'s and not zero.
fn without_cofactor(private: &[u8; SCALAR_LEN]) -> Option<Zeroizing<Scalar>> {
    let mut bytes = Zeroizing::new([0; SCALAR_LEN]);
    let mut carry = 0;
    for (to, from) in bytes.iter_mut().zip(private).rev() {
        *to = from >> 3 | carry;
        carry = from << 5;
    }
    let scalar = Zeroizing::new(Option::from(Scalar::from_canonical_bytes(*bytes))?);
    (carry == 0 && *scalar != Scalar::ZERO).then_some(scalar)
}

/// T or S: the private value times the generator, masked.
pub(super) fn public_value(
    role: Role,
    private: &[u8; SCALAR_LEN],
    multiplier: &[u8; SCALAR_LEN],
) -> Option<Element> {
    let private = without_cofactor(private)?;
    let own = Zeroizing::new(EdwardsPoint::mul_base(&private).mul_by_cofactor());
    Some(Element::new((*own + *mask(role, multiplier)?).compress().as_bytes()))
}

/// K: the private value times what is under the peer's mask.
pub(super) fn shared(
    role: Role,
    private: &[u8; SCALAR_LEN],
    multiplier: &[u8; SCALAR_LEN],
    peer: &[u8],
) -> Result<Zeroizing<Element>, SpakeError> {
    let private = without_cofactor(private).ok_or(SpakeError::PrivateValue { group: GROUP })?;
    let peer = decode(peer).ok_or(SpakeError::Encoding { group: GROUP })?;
    if peer.is_small_order() {
        return Err(SpakeError::SmallOrder { group: GROUP });
    }
    let mask = mask(role.peer(), multiplier).ok_or(SpakeError::Encoding { group: GROUP })?;
    let unmasked = Zeroizing::new(peer - *mask);
    // Times the cofactor first, so that nothing of a small subgroup is left: the scalar is reduced.
    let shared = Zeroizing::new(*private * unmasked.mul_by_cofactor());
    if shared.is_identity() {
        return Err(SpakeError::Identity { group: GROUP });
    }
    let mut encoded = shared.compress();
    let element = Zeroizing::new(Element::new(encoded.as_bytes()));
    encoded.zeroize();
    Ok(element)
}

/// wM for the KDC's value, wN for the client's.
pub(super) fn mask(role: Role, multiplier: &[u8; SCALAR_LEN]) -> Option<Zeroizing<EdwardsPoint>> {
    let constant = match role {
        Role::Kdc => M,
        Role::Client => N,
    };
    let scalar = Zeroizing::new(Scalar::from_bytes_mod_order(*multiplier));
    Some(Zeroizing::new(decode(&constant)? * *scalar))
}

/// The element of an encoding. The library takes some encodings that RFC 8032 section 5.1.3 refuses: y not below the
/// field's order, and the sign of zero.
fn decode(encoded: &[u8]) -> Option<EdwardsPoint> {
    let encoded = CompressedEdwardsY::from_slice(encoded).ok()?;
    encoded.decompress().filter(|point| point.compress() == encoded)
}
