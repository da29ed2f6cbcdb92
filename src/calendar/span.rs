//! Time spans of systemd.time(7): `1h 30min`, `12hours`, `infinity`.

use super::ParseError;

const SECOND: u64 = 1_000_000;

/// The units, longest spelling first where one begins with another; lengths in microseconds.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Parsing%20Time%20Spans>
const UNITS: [(&str, u64); 30] = [
    ("seconds", SECOND),
    ("second", SECOND),
    ("sec", SECOND),
    ("s", SECOND),
    ("minutes", 60 * SECOND),
    ("minute", 60 * SECOND),
    ("min", 60 * SECOND),
    ("months", 2_629_800 * SECOND),
    ("month", 2_629_800 * SECOND),
    ("M", 2_629_800 * SECOND),
    ("msec", 1_000),
    ("ms", 1_000),
    ("m", 60 * SECOND),
    ("hours", 3_600 * SECOND),
    ("hour", 3_600 * SECOND),
    ("hr", 3_600 * SECOND),
    ("h", 3_600 * SECOND),
    ("days", 86_400 * SECOND),
    ("day", 86_400 * SECOND),
    ("d", 86_400 * SECOND),
    ("weeks", 604_800 * SECOND),
    ("week", 604_800 * SECOND),
    ("w", 604_800 * SECOND),
    ("years", 31_557_600 * SECOND),
    ("year", 31_557_600 * SECOND),
    ("y", 31_557_600 * SECOND),
    ("usec", 1),
    ("us", 1),
    ("\u{3bc}s", 1),
    ("\u{b5}s", 1),
];

/// The length of a span in whole seconds, rounded up; `None` for `infinity`. A bare number counts seconds.
///
/// # Errors
/// systemd would refuse it.
pub fn seconds(text: &str) -> Result<Option<u64>, ParseError> {
    Ok(micros(text)?.map(|micros| micros.div_ceil(SECOND)))
}

/// The length in microseconds.
fn micros(text: &str) -> Result<Option<u64>, ParseError> {
    let at = |rest: &str| text.len() - rest.len();
    let refuse = |rest: &str, what: &str| ParseError::new(at(rest), what);
    let mut rest = trimmed(text);
    if rest.strip_prefix("infinity").is_some_and(|after| trimmed(after).is_empty()) {
        return Ok(None);
    }
    if rest.is_empty() {
        return Err(refuse(rest, "a time span is missing"));
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let begin = rest;
        // Before a digit the C library passes over a sign, and over more blanks than systemd, which therefore does not
        // see every minus.
        let signed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        let signs: &[char] = if signed == rest { &['+'] } else { &['+', '-'] };
        let unsigned = signed.strip_prefix(signs).unwrap_or(signed);
        let (whole, after) = digits(unsigned);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => {
                let (fraction, after) = digits(after);
                if fraction.is_empty() || (whole.is_empty() && unsigned != rest) {
                    return Err(refuse(after, "no digits after the point"));
                }
                (fraction, after)
            }
            None if whole.is_empty() => return Err(refuse(begin, "no number")),
            None => ("", after),
        };
        let spaced = trimmed(after);
        let known = UNITS.iter().find_map(|(unit, length)| Some((*length, spaced.strip_prefix(unit)?)));
        let (unit, next) = known.unwrap_or((SECOND, spaced));
        // A number must be told from the next one by a blank or a unit.
        if next.len() == after.len() && !next.is_empty() {
            return Err(refuse(next, "an unknown unit"));
        }
        let too_long = || refuse(begin, "the time span is too long");
        let number: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| too_long())? };
        if i64::try_from(number).is_err() {
            return Err(too_long());
        }
        if signed.starts_with('-') && number > 0 {
            return Err(refuse(begin, "a time span is never negative"));
        }
        let mut length = number.checked_mul(unit).ok_or_else(too_long)?;
        let mut part = unit / 10;
        for digit in fraction.bytes() {
            length = length.checked_add(u64::from(digit - b'0') * part).ok_or_else(too_long)?;
            part /= 10;
        }
        total = total.checked_add(length).filter(|total| *total < u64::MAX).ok_or_else(too_long)?;
        rest = trimmed(next);
    }
    Ok(Some(total))
}

/// Without systemd's blanks at the begin.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
}

/// The digits at the begin, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_sums_of_numbers_with_units() {
        for (text, wanted) in [
            ("30", 30),
            ("12hours", 43_200),
            ("1h 30min", 5_400),
            ("1h30min", 5_400),
            ("1.5h", 5_400),
            (" 2 d ", 172_800),
            ("1M", 2_629_800),
            ("3m", 180),
            ("500ms", 1),
            ("1s 1s", 2),
            ("5 6", 11),
            (".5d", 43_200),
            ("0", 0),
            ("+5", 5),
            ("\u{b} 5", 5),
            ("\u{b}-0", 0),
        ] {
            assert_eq!(seconds(text), Ok(Some(wanted)), "{text}");
        }
        assert_eq!(seconds(" infinity "), Ok(None));
    }

    #[test]
    fn what_systemd_refuses_is_refused_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("x", 0),
            ("3 hoge", 3),
            ("3.", 2),
            ("-1", 0),
            ("1h -2", 3),
            ("12.34.56", 5),
            ("+.5", 3),
        ] {
            assert_eq!(seconds(text).unwrap_err().at, at, "{text}");
        }
        assert!(seconds("99999999999999999999").is_err() && seconds("600000 y").is_err());
    }
}
