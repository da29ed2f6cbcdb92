//! "Did you mean": the known word nearest to a mistyped one.

/// The longest word that is compared, in characters: a hostile file must not buy quadratic work.
const MAX_WORD: usize = 64;

/// The known word that needs the fewest edits, where these are few enough to be a slip.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().take(MAX_WORD.saturating_add(1)).count();
    if length > MAX_WORD {
        return None;
    }
    let most = (length / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (y, pair) in b.iter().zip(row.windows(2)) {
            if let [diagonal, above] = pair {
                let replaced = diagonal.saturating_add(usize::from(x != *y));
                left = replaced.min(above.saturating_add(1)).min(left.saturating_add(1));
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(nearest("ignroe", ["ignore", "jobs"]), Some("ignore"));
        assert_eq!(nearest("job", ["ignore", "jobs"]), Some("jobs"));
    }

    #[test]
    fn a_stranger_finds_none() {
        assert_eq!(nearest("webhook", ["ignore", "jobs"]), None);
        assert_eq!(nearest("", ["ignore", "jobs"]), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), ["ignore"]), None);
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
