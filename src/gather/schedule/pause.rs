//! How long a loop sleeps between its renewals.

use super::Look;
use crate::facts::{Fact, Rule, When};

/// The times of a loop, from its command and from the script that this names.
pub(super) fn times(look: &Look<'_>, command: &str) -> Fact<When> {
    let text = super::script_of(look, command).unwrap_or_default();
    of([command, &text].into_iter())
}

/// The times of a loop: its longest `sleep`.
pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Fact<When> {
    let lines = texts.flat_map(str::lines).filter(|line| !line.trim_start().starts_with('#'));
    match lines.filter_map(longest).max() {
        Some(pause) => Ok(When { rules: vec![Rule::Every(pause)], ..When::default() }),
        None => Err(super::untimed("the pause of the loop is not understood")),
    }
}

fn longest(line: &str) -> Option<u64> {
    let words: Vec<&str> = line
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '$')
        .filter(|w| !w.is_empty())
        .collect();
    let after_sleep = words.iter().enumerate().filter(|(_, word)| **word == "sleep");
    // GNU sleep adds up all of its words.
    let spans = after_sleep.map(|(i, _)| words.iter().skip(i + 1).map_while(|word| span(word)).sum::<u64>());
    spans.filter(|span| *span > 0).max()
}

/// Seconds of a duration of coreutils, rounded up: `43200`, `12h`, `0.5d`.
/// <https://www.gnu.org/software/coreutils/manual/html_node/sleep-invocation.html>
pub(super) fn span(word: &str) -> Option<u64> {
    let number = word.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match word.strip_prefix(number)? {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    // More than thirty years is no pause.
    let number: f64 = number.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0 && *n < 1e9)?;
    // A float that is finite, positive and small enough.
    Some((number * unit).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::longest;

    #[test]
    fn the_sleep_of_a_loop_is_read_in_all_its_spellings() {
        assert_eq!(longest("while :; do certbot renew; sleep 12h & wait $${!}; done;"), Some(43_200));
        assert_eq!(longest("sleep 43200"), Some(43_200));
        assert_eq!(longest("sh -c 'sleep 1d 12h;'"), Some(129_600));
        assert_eq!(longest("sleep $PAUSE"), None);
        assert_eq!(longest("sleep 99999999999999999999d"), None);
    }
}
