//! The small words of a manifest line: quoted words, `key=value` options, durations and modes.

use jiff::SignedDuration;

use super::Error;

/// Splits `text` at white space; `"…"` keeps spaces, and a word that begins with `#` ends the line.
pub(super) fn split(text: &str) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            '#' if !quoted && word.is_none() => return Ok(words),
            c => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err(Error::new("a `\"` is never closed"));
    }
    words.extend(word);
    Ok(words)
}

/// Reads `-30d`, `+6h`, `90m`, `2w`, `1d12h`: a signed sum of weeks, days, hours, minutes and seconds.
pub(super) fn duration(text: &str) -> Result<SignedDuration, Error> {
    let seconds = seconds(text).ok_or_else(|| {
        Error::new(format!("`{text}` is not a time span; write one like -30d, 90d, +6h or 45m"))
    })?;
    Ok(SignedDuration::from_secs(seconds))
}

fn seconds(text: &str) -> Option<i64> {
    let (sign, spans) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if spans.is_empty() || !spans.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut sum: i64 = 0;
    for span in spans.split_inclusive(|c: char| c.is_ascii_alphabetic()) {
        let unit = match span.chars().next_back()? {
            'w' => 604_800,
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let count = span.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        // `parse` alone would take a second sign.
        let count: i64 = count.bytes().all(|b| b.is_ascii_digit()).then(|| count.parse().ok())??;
        // A thousand years are enough, and no sum of such spans overflows.
        sum = count.checked_mul(unit)?.checked_add(sum).filter(|sum| *sum <= 31_557_600_000)?;
    }
    Some(sign * sum)
}

/// Reads an octal file mode such as `0644`.
pub(super) fn mode(text: &str) -> Result<u32, Error> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| Error::new(format!("`{text}` is not an octal mode such as 0644")))
}

/// Reads a count or a size.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Result<N, Error> {
    text.parse().map_err(|_| Error::new(format!("`{text}` is not a number that fits here")))
}

/// Reads hexadecimal digits, two to a byte.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, Error> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let pair = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    };
    digits
        .and_then(|digits| digits.chunks(2).map(pair).collect())
        .ok_or_else(|| Error::new(format!("`{text}` is not an even number of hexadecimal digits")))
}

/// The `key=value` and `flag` words of one line; every one must be taken by someone.
pub(super) struct Options {
    verb: String,
    left: Vec<(String, Option<String>)>,
}

impl Options {
    /// Takes the words after the verb's own arguments.
    pub(super) fn new(verb: &str, words: impl IntoIterator<Item = String>) -> Self {
        let left = words
            .into_iter()
            .map(|word| match word.split_once('=') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (word, None),
            })
            .collect();
        Self { verb: verb.to_owned(), left }
    }

    /// The value of `key`, if the line has it.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        let found = self.left.iter().position(|(k, v)| k == key && v.is_some())?;
        self.left.remove(found).1
    }

    /// Whether the line has the bare word `key`.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        let found = self.left.iter().position(|(k, v)| k == key && v.is_none());
        found.map(|at| self.left.remove(at)).is_some()
    }

    /// The time span given for `key`.
    pub(super) fn span(&mut self, key: &str) -> Result<Option<SignedDuration>, Error> {
        self.take(key).map(|value| duration(&value)).transpose()
    }

    /// The comma-separated values of `key`.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        Some(value.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.left.first() {
            None => Ok(()),
            Some((key, _)) => Err(Error::new(format!("`{}` does not know the option `{key}`", self.verb))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_at_blanks_quotes_join_and_a_hash_ends_the_line() {
        let words = split(r#" a  b="x y" c#d # the rest"#).unwrap();
        assert_eq!(words, ["a", "b=x y", "c#d"]);
        assert!(split("a \"b").is_err());
    }

    #[test]
    fn spans_are_signed_sums() {
        assert_eq!(duration("-30d").unwrap().as_secs(), -30 * 86_400);
        assert_eq!(duration("1d12h").unwrap().as_secs(), 36 * 3_600);
        for wrong in ["", "-", "30", "3x", "d", "9999999999999999w", "é", "--3d", "3d+4h", "1d12"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_option_nobody_takes_is_refused() {
        let mut options = Options::new("file", ["mode=0644".to_owned(), "oops".to_owned()]);
        assert_eq!(options.take("mode").as_deref(), Some("0644"));
        let error = options.finish().unwrap_err().to_string();
        assert_eq!(error, "`file` does not know the option `oops`");
    }
}
