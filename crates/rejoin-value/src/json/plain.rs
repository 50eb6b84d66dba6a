//! Finding the end of what stands for itself in a string, eight bytes at a time.

/// Where the run of plain bytes that begins at `start` ends: at a quote, a backslash, a control
/// character or the end.
pub(super) fn plain_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(chunk) = text.get(at..at + 8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        match marked(word) {
            0 => at += 8,
            found => return at + (found.trailing_zeros() / 8) as usize,
        }
    }
    let rest = text.get(at..).unwrap_or_default();
    if let (Some(head), Some(tail)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        // Four to seven bytes as two halves that may overlap; the zeros above them are marked, so
        // the end of the text is found as the end of the run.
        let (head, tail) = (u32::from_le_bytes(*head), u32::from_le_bytes(*tail));
        let word = u64::from(head) | u64::from(tail) << (8 * (rest.len() - 4));
        return at + (marked(word).trailing_zeros() / 8) as usize;
    }
    while let Some(b) = text.get(at) {
        if matches!(b, b'"' | b'\\' | 0..=0x1F | 0x7F) {
            break;
        }
        at += 1;
    }
    at
}

/// The high bit of the first byte that is not plain, and perhaps of some behind it.
fn marked(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // A byte minus n borrows into its high bit exactly if it is below n; a borrow can only mark
    // bytes behind the first hit, so the first one is right.
    let zero_in = |x: u64| x.wrapping_sub(ONES) & !x;
    let quote = zero_in(word ^ (ONES * 0x22));
    let slash = zero_in(word ^ (ONES * 0x5C));
    let delete = zero_in(word ^ (ONES * 0x7F));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | slash | delete | control) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::plain_end;

    #[test]
    fn every_special_byte_is_found_at_every_place_of_every_length() {
        for length in 0..20 {
            for special in (0..=0x1F).chain([b'"', b'\\', 0x7F]) {
                for place in 0..=length {
                    let mut text = vec![b'a'; length];
                    for (n, plain) in text.iter_mut().enumerate() {
                        *plain = [b'a', 0x20, 0x21, 0x23, 0xC3, 0xFF, 0x80, 0x7E][(n + place) % 8];
                    }
                    if place < length {
                        text[place] = special;
                    }
                    for start in 0..=place {
                        assert_eq!(plain_end(&text, start), place, "{text:?} from {start}");
                    }
                }
            }
        }
    }
}
