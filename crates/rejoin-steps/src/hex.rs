//! Bytes as text.

/// Two digits a byte.
pub(crate) fn hex(raw: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    raw.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
