//! From text to blocks, and from values to bytes and numbers.

use super::{ABSENT, Block, Entry, FormatError, Record, VectorFile};

/// Where a file's values may come from.
const ORIGINS: [&str; 4] = ["spec", "recorded", "derived", "implementation"];

pub(super) fn file(file: &str, text: &str) -> Result<VectorFile, FormatError> {
    let mut blocks = blocks(file, text)?.into_iter();
    let fail = |line, problem: String| FormatError { file: file.to_owned(), line, problem };
    let header = blocks.next().ok_or_else(|| fail(1, "the file has no header".into()))?;
    for key in ["source", "kind", "origin"] {
        match header.values(key).count() {
            0 => return Err(fail(header.line, format!("the header lacks {key:?}"))),
            1 => {}
            _ => return Err(fail(header.line, format!("the header repeats {key:?}"))),
        }
    }
    let origin = header.values("origin").next().unwrap_or(ABSENT);
    if !ORIGINS.contains(&origin) {
        return Err(fail(header.line, format!("origin is {origin:?}, expected one of {ORIGINS:?}")));
    }
    let records: Vec<_> = blocks.map(|block| Record { block }).collect();
    if records.is_empty() {
        return Err(fail(header.line, "the file has no record".into()));
    }
    for Record { block } in &records {
        if block.values("name").count() != 1 {
            return Err(fail(block.line, "a record needs exactly one \"name\"".into()));
        }
    }
    Ok(VectorFile { header, records })
}

fn blocks(file: &str, text: &str) -> Result<Vec<Block>, FormatError> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let content = raw.trim();
        let fail = |problem: String| FormatError { file: file.to_owned(), line, problem };
        if content.is_empty() {
            blocks.extend(open.take());
        } else if content.starts_with('#') {
        } else if raw.starts_with([' ', '\t']) {
            let last = open.as_mut().and_then(|block| block.entries.last_mut());
            last.ok_or_else(|| fail("an indented line with no value above it".into()))?
                .value
                .push_str(content);
        } else {
            let (key, value) = content
                .split_once(':')
                .map(|(key, value)| (key.trim_end(), value.trim_start()))
                .ok_or_else(|| fail(format!("{content:?} is not \"key: value\"")))?;
            check_entry(key, value).map_err(fail)?;
            let entry = Entry { key: key.to_owned(), value: value.to_owned(), line };
            open.get_or_insert_with(|| Block { file: file.to_owned(), line, entries: Vec::new() })
                .entries
                .push(entry);
        }
    }
    blocks.extend(open);
    Ok(blocks)
}

fn check_entry(key: &str, value: &str) -> Result<(), String> {
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err(format!("key {key:?} has characters other than letters, digits, '-', '_' and '.'"));
    }
    if value.is_empty() {
        return Err(format!("{key:?} has no value; write \"\" for empty bytes and - for none"));
    }
    if value.starts_with('"') && quoted(value).is_none() {
        return Err(format!("{key:?} is not a quoted text of printable ASCII: {value}"));
    }
    Ok(())
}

/// The inside of `"text"`. Quotes inside and anything but printable ASCII have to be written as hex.
pub(super) fn quoted(value: &str) -> Option<&str> {
    let inside = value.strip_prefix('"')?.strip_suffix('"')?;
    inside.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"').then_some(inside)
}

/// Whole bytes in hex, either case.
pub(super) fn hex(value: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = value.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

pub(super) fn integer(value: &str) -> Option<i64> {
    let (negative, magnitude) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    // A second sign would be taken by `from_str_radix`.
    if magnitude.starts_with(['+', '-']) {
        return None;
    }
    let number = match magnitude.strip_prefix("0x") {
        Some(digits) if !digits.starts_with(['+', '-']) => i128::from_str_radix(digits, 16),
        Some(_) => return None,
        None => magnitude.parse::<i128>(),
    };
    i64::try_from(if negative { number.ok()?.checked_neg()? } else { number.ok()? }).ok()
}
