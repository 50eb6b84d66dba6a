//! "Did you mean": the nearest of the names that exist.

/// Names longer than this are compared by equality alone: nobody mistypes them by a letter, a machine wrote them.
const MAX_COMPARED: usize = 64;

/// The name nearest to `wanted`, if one is near enough to be meant.
///
/// A name that differs in letter case alone comes first. Otherwise near means at most one edit in four letters: a letter
/// added, dropped or replaced, or two neighbours swapped. Among equals the first in the order of the alphabet is taken.
///
/// ```
/// use rejoin_lang::diagnostic::nearest;
///
/// assert_eq!(nearest("fecth", ["jq", "fetch", "log"]), Some("fetch"));
/// assert_eq!(nearest("teleport", ["jq", "fetch", "log"]), None);
/// ```
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted_chars: Vec<char> = wanted.chars().collect();
    if wanted_chars.is_empty() || wanted_chars.len() > MAX_COMPARED {
        return None;
    }
    let mut best: Option<(usize, &'a str)> = None;
    for name in names {
        let length = name.chars().count();
        if length > MAX_COMPARED || name == wanted {
            continue;
        }
        let longer = wanted_chars.len().max(length);
        let allowed = (longer + 1) / 4 + usize::from(longer == 2 && length == 2);
        let distance = if name.to_lowercase() == wanted.to_lowercase() {
            0
        } else if wanted_chars.len().abs_diff(length) > allowed {
            continue;
        } else {
            edit_distance(&wanted_chars, name)
        };
        if distance <= allowed && best.is_none_or(|known| (distance, name) < known) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// How many edits apart two words are; letter case counts as no edit.
fn edit_distance(from: &[char], to: &str) -> usize {
    let fold = |c: char| c.to_lowercase().next().unwrap_or(c);
    let from: Vec<char> = from.iter().map(|c| fold(*c)).collect();
    let to: Vec<char> = to.chars().map(fold).collect();
    // Three rows of the table of distances between beginnings; the third for swapped neighbours.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = above[j] + usize::from(a != b);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_of_each_kind_is_near() {
        for wrong in ["fetc", "fetchh", "fitch", "fecth", "FETCH", "Fetcx"] {
            assert_eq!(nearest(wrong, ["jq", "fetch", "log"]), Some("fetch"), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_differs_in_case_alone_wins() {
        assert_eq!(nearest("userid", ["useid", "userId", "userip"]), Some("userId"));
    }

    #[test]
    fn equals_are_decided_by_the_alphabet_not_by_the_order_given() {
        assert_eq!(nearest("cast", ["case", "cost", "cart"]), Some("cart"));
        assert_eq!(nearest("cast", ["cart", "cost", "case"]), Some("cart"));
    }

    #[test]
    fn short_and_far_names_are_not_offered() {
        assert_eq!(nearest("x", ["jq", "pg"]), None);
        assert_eq!(nearest("ab", ["jq", "pg"]), None);
        assert_eq!(nearest("", ["jq"]), None);
        assert_eq!(nearest("completely", ["different"]), None);
    }

    #[test]
    fn the_name_itself_is_no_suggestion() {
        assert_eq!(nearest("fetch", ["fetch"]), None);
    }

    #[test]
    fn long_names_cost_nothing() {
        let long = "x".repeat(1_000_000);
        assert_eq!(nearest(&long, [&*long, "fetch"]), None);
        assert_eq!(nearest("fetch", [&*long]), None);
    }
}
