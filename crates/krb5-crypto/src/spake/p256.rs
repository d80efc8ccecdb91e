//! P-256: elements are compressed points of SEC 1 section 2.3.3, numbers big-endian. The cofactor is 1.

#![expect(clippy::arithmetic_side_effects, reason = "the arithmetic of a group cannot overflow")]

use p256::elliptic_curve::ff::{FromUniformBytes, PrimeField};
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{AffinePoint, ProjectivePoint, Scalar, Sec1Point};
use zeroize::Zeroizing;

use super::{Element, Group, Role, SCALAR_LEN, SpakeError};

const GROUP: Group = Group::P256;

/// M (RFC 9588 section 12.2).
const M: [u8; 33] = [
    0x02, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24, 0x25, 0x79, 0xf2, 0x99,
    0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf, 0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f,
];
/// N (RFC 9588 section 12.2).
const N: [u8; 33] = [
    0x03, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f, 0x38, 0xc3, 0x77, 0x07,
    0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b, 0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49,
];

/// A number below the order, from twice as much randomness.
pub(super) fn private_value(wide: &[u8; 64]) -> Zeroizing<[u8; SCALAR_LEN]> {
    let scalar = Zeroizing::new(Scalar::from_uniform_bytes(wide));
    Zeroizing::new(scalar.to_bytes().into())
}

/// The private value as a scalar, `None` if it is zero or not below the order.
fn scalar(private: &[u8; SCALAR_LEN]) -> Option<Zeroizing<Scalar>> {
    let scalar = Zeroizing::new(Option::from(Scalar::from_repr((*private).into()))?);
    (*scalar != Scalar::ZERO).then_some(scalar)
}

/// T or S: the private value times the generator, masked.
pub(super) fn public_value(
    role: Role,
    private: &[u8; SCALAR_LEN],
    multiplier: &[u8; SCALAR_LEN],
) -> Option<Element> {
    let own = Zeroizing::new(ProjectivePoint::GENERATOR * *scalar(private)?);
    encode(*own + *mask(role, multiplier)?)
}

/// K: the private value times what is under the peer's mask.
pub(super) fn shared(
    role: Role,
    private: &[u8; SCALAR_LEN],
    multiplier: &[u8; SCALAR_LEN],
    peer: &[u8],
) -> Result<Zeroizing<Element>, SpakeError> {
    let private = scalar(private).ok_or(SpakeError::PrivateValue { group: GROUP })?;
    let peer = decode(peer).ok_or(SpakeError::Encoding { group: GROUP })?;
    let mask = mask(role.peer(), multiplier).ok_or(SpakeError::Encoding { group: GROUP })?;
    let shared = Zeroizing::new((peer - *mask) * *private);
    encode(*shared).map(Zeroizing::new).ok_or(SpakeError::Identity { group: GROUP })
}

/// wM for the KDC's value, wN for the client's.
pub(super) fn mask(role: Role, multiplier: &[u8; SCALAR_LEN]) -> Option<Zeroizing<ProjectivePoint>> {
    let constant = match role {
        Role::Kdc => M,
        Role::Client => N,
    };
    let scalar = Zeroizing::new(<Scalar as Reduce<p256::FieldBytes>>::reduce(&(*multiplier).into()));
    Some(Zeroizing::new(decode(&constant)? * *scalar))
}

/// The point of a compressed encoding. Other encodings of SEC 1 are refused, by their first byte. None of those that
/// are left stands for the identity.
fn decode(encoded: &[u8]) -> Option<ProjectivePoint> {
    if !matches!(encoded, [2 | 3, ..]) {
        return None;
    }
    let encoded = Sec1Point::from_bytes(encoded).ok()?;
    Option::<AffinePoint>::from(AffinePoint::from_sec1_point(&encoded)).map(ProjectivePoint::from)
}

/// The compressed encoding, `None` for the identity, which has none.
pub(super) fn encode(point: ProjectivePoint) -> Option<Element> {
    let affine = Zeroizing::new(AffinePoint::from(point));
    (!bool::from(affine.is_identity())).then(|| Element::new(affine.to_sec1_point(true).as_bytes()))
}
