//! A walk through nested authorization data, without recursion.

use krb5_asn1::{AuthDataElement, AuthDataType, AuthorizationData, Decode, SeqOfIter};

use super::{AuthDataError, MAX_DEPTH, MAX_ELEMENTS};

/// The elements on all levels, those of AD-IF-RELEVANT in its place.
///
/// Only that container is entered. The others are elements to the caller: what is in them has another weight.
pub(super) struct Walk<'a> {
    levels: [Option<SeqOfIter<'a, AuthDataElement<'a>>>; MAX_DEPTH],
    /// How many levels are in use.
    depth: usize,
    seen: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(data: Option<AuthorizationData<'a>>) -> Self {
        let mut levels = [const { None }; MAX_DEPTH];
        if let (Some(level), Some(data)) = (levels.first_mut(), data) {
            *level = Some(data.iter());
        }
        Self { levels, depth: 1, seen: 0 }
    }

    /// The next element, and whether it is critical: not inside AD-IF-RELEVANT.
    pub(super) fn next(&mut self) -> Result<Option<(AuthDataElement<'a>, bool)>, AuthDataError> {
        loop {
            let Some(index) = self.depth.checked_sub(1) else { return Ok(None) };
            let Some(element) = self.levels.get_mut(index).and_then(|level| level.as_mut()?.next()) else {
                self.depth = index;
                continue;
            };
            self.seen = self.seen.saturating_add(1);
            if self.seen > MAX_ELEMENTS {
                return Err(AuthDataError::TooManyElements);
            }
            if element.ad_type != AuthDataType::IF_RELEVANT {
                return Ok(Some((element, self.depth == 1)));
            }
            // The depth is checked before the content is decoded, so that the work is bounded too.
            let level = self.levels.get_mut(self.depth).ok_or(AuthDataError::TooDeep)?;
            let content = AuthorizationData::from_der(element.ad_data.as_bytes())
                .map_err(|error| AuthDataError::Malformed { ad_type: element.ad_type, error })?;
            *level = Some(content.iter());
            self.depth = self.depth.saturating_add(1);
        }
    }
}
