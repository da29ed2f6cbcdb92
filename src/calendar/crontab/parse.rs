//! Reading the times of a crontab's line as Debian's cron does, oddities included.
//!
//! <https://manpages.debian.org/bookworm/cron/crontab.5.en.html> tells the grammar; that junk behind a number is passed
//! over, that `22-2` is an empty range and that a number may overflow is what the program does.

use super::fields::{Field, Fields};
use crate::calendar::ParseError;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The longest number or name that cron reads.
const MAX_WORD: usize = 999;

/// One of the five fields.
struct Kind {
    name: &'static str,
    low: i64,
    high: i64,
    names: &'static [&'static str],
}

const KINDS: [Kind; 5] = [
    Kind { name: "minute", low: 0, high: 59, names: &[] },
    Kind { name: "hour", low: 0, high: 23, names: &[] },
    Kind { name: "day-of-month", low: 1, high: 31, names: &[] },
    Kind { name: "month", low: 1, high: 12, names: &MONTHS },
    Kind { name: "day-of-week", low: 0, high: 7, names: &WEEKDAYS },
];

/// The times at the start of a line, and the byte at which the rest begins.
pub(super) fn parse(line: &str) -> Result<(Fields, usize), ParseError> {
    let mut reader = Reader { bytes: line.as_bytes(), at: 0 };
    reader.blanks();
    if reader.peek() == Some(b'@') {
        return reader.word();
    }
    let mut fields = [Field::default(); 5];
    for (kind, field) in KINDS.iter().zip(&mut fields) {
        let begin = reader.at;
        *field = reader.list(kind).map_err(|at| ParseError::new(at, format!("bad {}", kind.name)))?;
        debug_assert!(reader.at > begin);
        reader.rest_of_word();
        reader.blanks();
    }
    let [minute, hour, day, month, mut weekday] = fields;
    // 0 and 7 are both Sunday.
    if weekday.bits & 0x81 != 0 {
        weekday.bits = weekday.bits & 0x7f | 1;
    }
    Ok((Fields { minute, hour, day, month, weekday, reboot: false }.tidy(), reader.at))
}

struct Reader<'l> {
    bytes: &'l [u8],
    at: usize,
}

impl Reader<'_> {
    /// The next byte; a line's end is none.
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied().filter(|byte| *byte != b'\n')
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn rest_of_word(&mut self) {
        while self.peek().is_some_and(|byte| !matches!(byte, b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// `@daily` and its like.
    fn word(&mut self) -> Result<(Fields, usize), ParseError> {
        let begin = self.at;
        self.rest_of_word();
        let text = self.bytes.get(begin + 1..self.at).unwrap_or_default();
        let fields = Fields::of_word(text).ok_or_else(|| ParseError::new(begin, "bad time specifier"))?;
        self.blanks();
        Ok((fields.tidy(), self.at))
    }

    /// `range{,range}`; an error is the byte at which it is wrong.
    fn list(&mut self, kind: &Kind) -> Result<Field, usize> {
        let mut field = Field { bits: 0, star: self.peek() == Some(b'*') };
        loop {
            field.bits |= self.range(kind)?;
            if self.peek() != Some(b',') {
                return Ok(field);
            }
            self.at += 1;
        }
    }

    fn range(&mut self, kind: &Kind) -> Result<u64, usize> {
        let begin = self.at;
        let (first, last) = if self.peek() == Some(b'*') {
            self.at += 1;
            (kind.low, kind.high)
        } else {
            let first = self.number(kind.names, kind.low)?;
            match self.peek() {
                Some(b'-') => self.at += 1,
                // A step needs a range.
                Some(b'/') => return Err(self.at),
                _ if (kind.low..=kind.high).contains(&first) => return Ok(1 << first),
                _ => return Err(begin),
            }
            (first, self.number(kind.names, kind.low)?)
        };
        let step = match self.peek() {
            Some(b'/') => {
                self.at += 1;
                let place = self.at;
                self.number(&[], 0).and_then(|step| if step > 0 { Ok(step) } else { Err(place) })?
            }
            _ => 1,
        };
        let within = |value| (kind.low..=kind.high).contains(&value);
        if !within(first) || !within(last) {
            return Err(begin);
        }
        let mut bits = 0;
        let mut value = first;
        while value <= last {
            bits |= 1 << value;
            value += step;
            // cron's int overflows to a value below the field.
            if value > i64::from(i32::MAX) {
                return Err(begin);
            }
        }
        Ok(bits)
    }

    /// Letters and digits: a name, or digits alone.
    fn number(&mut self, names: &[&str], low: i64) -> Result<i64, usize> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        let word = self.bytes.get(begin..self.at).unwrap_or_default();
        if word.is_empty() || word.len() > MAX_WORD {
            return Err(begin);
        }
        if let Some(place) = names.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(word)) {
            return Ok(low.saturating_add(i64::try_from(place).unwrap_or(i64::MAX)));
        }
        if !word.iter().all(u8::is_ascii_digit) {
            return Err(begin);
        }
        // C's atoi: a long, cut to an int.
        let long = word
            .iter()
            .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        let [a, b, c, d, ..] = long.to_le_bytes();
        Ok(i64::from(i32::from_le_bytes([a, b, c, d])))
    }
}
