//! Texts as words without blanks, in the rows of the index.

use std::fmt::{self, Write};

/// Encodes an absent text; a text starts with [`TEXT`].
pub(super) const NOTHING: u8 = b'-';
const TEXT: u8 = b'=';

/// Appends a text as one word; characters that are not plain ASCII are percent-encoded.
pub(super) fn put_word(row: &mut String, text: Option<&String>) -> fmt::Result {
    let Some(text) = text else { return row.write_char(char::from(NOTHING)) };
    row.push(char::from(TEXT));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'%');
    for byte in text.bytes() {
        if is_plain(byte) { row.push(char::from(byte)) } else { write!(row, "%{byte:02x}")? }
    }
    Ok(())
}

/// Decodes a word, which may encode an absent text.
pub(super) fn text(word: &str) -> Result<Option<String>, Garbled> {
    match word.as_bytes() {
        [NOTHING] => Ok(None),
        [TEXT, ..] => plain(&word[1..]).map(Some).ok_or(Garbled),
        _ => Err(Garbled),
    }
}

/// The error that a word is not valid.
pub(super) struct Garbled;

fn plain(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte == b'%') {
        return Some(text.to_owned());
    }
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
