//! Upper case, one character for one character.

/// The simple upper case of a character in Unicode.
///
/// `char::to_uppercase` is the full mapping, which makes two letters of some; where it does, the simple mapping is
/// another one, or none. (Windows maps units of UTF-16 by a table of its own, which knows no characters beyond U+FFFF.)
pub(crate) fn upper_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => with_iota(c).unwrap_or(c),
    }
}

/// Greek letters with an iota subscript: capitals with the iota beside them take their place, which the full mapping
/// writes as two letters.
fn with_iota(c: char) -> Option<char> {
    let code = u32::from(c);
    let capital = match code {
        // Three rows of sixteen: eight small letters, then their capitals.
        0x1f80..=0x1faf if code & 8 == 0 => code | 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => code.saturating_add(9),
        _ => return None,
    };
    char::from_u32(capital)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn letters_of_some_scripts() {
        for (lower, upper) in [
            ('a', 'A'),
            ('Z', 'Z'),
            ('1', '1'),
            ('é', 'É'),
            ('ÿ', 'Ÿ'),
            ('ß', 'ß'), // not SS
            ('ŉ', 'ŉ'),
            ('ﬁ', 'ﬁ'),
            ('ς', 'Σ'),
            ('я', 'Я'),
            ('ᾳ', 'ᾼ'),
            ('ᾠ', 'ᾨ'),
            ('ᾨ', 'ᾨ'),
            ('ΐ', 'ΐ'),
            ('ǆ', 'Ǆ'),
            ('𐐨', '𐐀'),
        ] {
            assert_eq!(upper_char(lower), upper, "{lower}");
        }
    }

    /// UnicodeData.txt gives a simple upper case to 27 of the characters whose full one is longer.
    #[test]
    fn characters_with_a_longer_full_mapping() {
        let longer = ('\0'..=char::MAX).filter(|c| c.to_uppercase().count() > 1);
        let changed: Vec<_> = longer.filter(|c| upper_char(*c) != *c).map(u32::from).collect();
        let rows = [0x1f80_u32, 0x1f90, 0x1fa0].into_iter().flat_map(|row| row..row + 8);
        let expected: Vec<_> = rows.chain([0x1fb3, 0x1fc3, 0x1ff3]).collect();
        assert_eq!(changed, expected);
    }

    #[test]
    fn upper_case_stays_as_it_is() {
        for c in '\0'..=char::MAX {
            assert_eq!(upper_char(upper_char(c)), upper_char(c), "{c}");
        }
    }
}
