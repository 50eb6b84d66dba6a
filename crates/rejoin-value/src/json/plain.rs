//! Finding the end of what stands for itself in a string, eight bytes at a time.

/// Where the run of plain bytes that begins at `start` ends: at a quote, a backslash, a control
/// character or the end.
pub(super) fn plain_end(text: &[u8], start: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = start;
    // A byte minus n borrows into its high bit exactly if it is below n.
    while let Some(chunk) = text.get(at..at + 8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        let zero_in = |x: u64| x.wrapping_sub(ONES) & !x;
        let quote = zero_in(word ^ (ONES * 0x22));
        let slash = zero_in(word ^ (ONES * 0x5C));
        let delete = zero_in(word ^ (ONES * 0x7F));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quote | slash | delete | control) & HIGHS;
        if found != 0 {
            // A borrow can only mark bytes behind the first hit, so the first one is right.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(b) = text.get(at) {
        if matches!(b, b'"' | b'\\' | 0..=0x1F | 0x7F) {
            break;
        }
        at += 1;
    }
    at
}
