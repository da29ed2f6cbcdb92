//! Reading an expression as systemd 252 does, what it lets pass included.
//!
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Calendar%20Events>

use super::Parts;
use super::chain::{Chain, Component};
use crate::calendar::ParseError;

const SECOND: i64 = 1_000_000;
/// How many components one part may have.
const MAX_COMPONENTS: usize = 241;
/// The largest number, that of a C int.
const MAX_NUMBER: i64 = i32::MAX as i64;

const WEEKDAYS: [(&str, u32); 14] = [
    ("monday", 0),
    ("mon", 0),
    ("tuesday", 1),
    ("tue", 1),
    ("wednesday", 2),
    ("wed", 2),
    ("thursday", 3),
    ("thu", 3),
    ("friday", 4),
    ("fri", 4),
    ("saturday", 5),
    ("sat", 5),
    ("sunday", 6),
    ("sun", 6),
];

/// Reads all but the time zone.
pub(super) fn parse(text: &str) -> Result<Parts, ParseError> {
    if let Some(parts) = word(text) {
        return Ok(parts);
    }
    let mut reader = Reader { text, at: 0 };
    let mut parts = Parts { weekdays: reader.weekdays()?, ..Parts::default() };
    if !reader.date(&mut parts)? {
        reader.time(&mut parts)?;
    }
    if reader.rest().is_empty() { Ok(parts) } else { Err(reader.error("something stands behind the time")) }
}

/// `daily` and its like.
fn word(text: &str) -> Option<Parts> {
    let at = |value| vec![Component::one(value)];
    let hourly = Parts { minute: at(0), micro: at(0), ..Parts::default() };
    let daily = Parts { hour: at(0), ..hourly.clone() };
    let months = |months: &[i64]| Parts {
        month: months.iter().map(|month| Component::one(*month)).collect(),
        day: at(1),
        ..daily.clone()
    };
    Some(match text.to_ascii_lowercase().as_str() {
        "minutely" => Parts { minute: Chain::new(), ..hourly },
        "hourly" => hourly,
        "daily" => daily,
        "weekly" => Parts { weekdays: 1, ..daily },
        "monthly" => Parts { day: at(1), ..daily },
        "yearly" | "annually" | "anually" => months(&[1]),
        "quarterly" => months(&[1, 4, 7, 10]),
        "biannually" | "bi-annually" | "semiannually" | "semi-annually" => months(&[1, 7]),
        _ => return None,
    })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, what: &str) -> ParseError {
        ParseError::new(self.at, what)
    }

    fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// `Mon..Fri,Sun`; nothing where no weekday stands there.
    fn weekdays(&mut self) -> Result<u8, ParseError> {
        let mut bits = 0;
        // The first day of a range that is being read.
        let mut open: Option<u32> = None;
        let mut first = true;
        loop {
            let starts = |name: &str| {
                self.rest().get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
            };
            let Some((name, day)) = WEEKDAYS.iter().find(|(name, _)| starts(name)) else {
                return if first { Ok(0) } else { Err(self.error("a weekday is missing")) };
            };
            let begin = self.at;
            self.at += name.len();
            if !matches!(self.peek(), None | Some(b'-' | b'.' | b',' | b' ')) {
                return Err(ParseError::new(begin, "an unknown weekday"));
            }
            let from = open.unwrap_or(*day);
            if from > *day {
                return Err(ParseError::new(begin, "a range of weekdays goes backwards"));
            }
            bits |= (from..=*day).fold(0, |bits, day| bits | 1 << day);
            match self.peek() {
                None => return Ok(bits),
                Some(b' ') => {
                    self.blanks();
                    return Ok(bits);
                }
                Some(b',') => {
                    open = None;
                    self.at += 1;
                }
                Some(sign) => {
                    if open.is_some() || (sign == b'.' && !self.rest().starts_with("..")) {
                        return Err(self.error("not a range of weekdays"));
                    }
                    open = Some(*day);
                    self.at += if sign == b'.' { 2 } else { 1 };
                }
            }
            if matches!(self.peek(), None | Some(b' ')) {
                self.blanks();
                return if open.is_none() {
                    Ok(bits)
                } else {
                    Err(self.error("the range of weekdays has no end"))
                };
            }
            first = false;
        }
    }

    /// Reads a date if one stands there; `true` for `@SECONDS`, behind which no time may stand.
    fn date(&mut self, parts: &mut Parts) -> Result<bool, ParseError> {
        let begin = self.at;
        if self.peek() == Some(b'@') {
            self.at += 1;
            self.epoch(parts)?;
            return Ok(true);
        }
        if self.peek().is_none() {
            return Ok(false);
        }
        let first = self.chain(false)?;
        if matches!(self.peek(), None | Some(b':')) {
            // It was a time.
            self.at = begin;
            return Ok(false);
        }
        let mut from_the_end = self.date_sign()?;
        let second = self.chain(false)?;
        let (year, month, day) = if matches!(self.peek(), None | Some(b' ')) {
            (Chain::new(), first, second)
        } else if from_the_end {
            return Err(self.error("`~` stands before the day"));
        } else {
            from_the_end = self.date_sign()?;
            let third = self.chain(false)?;
            if !matches!(self.peek(), None | Some(b' ')) {
                return Err(self.error("a blank is missing behind the date"));
            }
            (first, second, third)
        };
        self.blanks();
        (parts.year, parts.month, parts.day, parts.from_the_end) = (year, month, day, from_the_end);
        Ok(false)
    }

    /// `-`, or `~` before a day that is counted from the month's end.
    fn date_sign(&mut self) -> Result<bool, ParseError> {
        let from_the_end = match self.peek() {
            Some(b'-') => false,
            Some(b'~') => true,
            _ => return Err(self.error("`-` is missing in the date")),
        };
        self.at += 1;
        Ok(from_the_end)
    }

    /// Seconds since the epoch, in UTC.
    fn epoch(&mut self, parts: &mut Parts) -> Result<(), ParseError> {
        let begin = self.at;
        // C's strtoul passes over blanks and takes a sign.
        self.at +=
            self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']).len();
        let negative = self.peek() == Some(b'-');
        if matches!(self.peek(), Some(b'+' | b'-')) {
            self.at += 1;
        }
        let digits = self.digits();
        if digits.is_empty() {
            return Err(ParseError::new(begin, "no number behind the @"));
        }
        let out_of_range = || ParseError::new(begin, "the time is out of range");
        let value: u64 = digits.parse().map_err(|_| out_of_range())?;
        let value = if negative { value.wrapping_neg() } else { value };
        let second = i64::from_le_bytes(value.to_le_bytes());
        let at = jiff::Timestamp::from_second(second).map_err(|_| out_of_range())?;
        let at = jiff::tz::TimeZone::UTC.to_datetime(at);
        let one = |value: i64| vec![Component::one(value)];
        (parts.year, parts.month, parts.day) =
            (one(at.year().into()), one(at.month().into()), one(at.day().into()));
        (parts.hour, parts.minute) = (one(at.hour().into()), one(at.minute().into()));
        parts.micro = one(i64::from(at.second()) * SECOND);
        parts.utc = true;
        Ok(())
    }

    /// `hour:minute[:second]`; midnight where nothing is left.
    fn time(&mut self, parts: &mut Parts) -> Result<(), ParseError> {
        let zero = || vec![Component::one(0)];
        if self.peek().is_none() {
            (parts.hour, parts.minute, parts.micro) = (zero(), zero(), zero());
            return Ok(());
        }
        parts.hour = self.chain(false)?;
        self.colon()?;
        parts.minute = self.chain(false)?;
        if self.peek().is_none() {
            parts.micro = zero();
            return Ok(());
        }
        self.colon()?;
        parts.micro = self.chain(true)?;
        Ok(())
    }

    fn colon(&mut self) -> Result<(), ParseError> {
        if self.peek() != Some(b':') {
            return Err(self.error("`:` is missing in the time"));
        }
        self.at += 1;
        Ok(())
    }

    /// `*`, or components with commas between them; seconds may have fractions and are read in microseconds.
    fn chain(&mut self, seconds: bool) -> Result<Chain, ParseError> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            let every = Component { start: 0, stop: -1, repeat: SECOND };
            return Ok(if seconds { vec![every] } else { Chain::new() });
        }
        let mut chain = Chain::new();
        loop {
            if chain.len() >= MAX_COMPONENTS {
                return Err(self.error("too many values"));
            }
            chain.push(self.component(seconds)?);
            if self.peek() != Some(b',') {
                return Ok(chain);
            }
            self.at += 1;
        }
    }

    fn component(&mut self, seconds: bool) -> Result<Component, ParseError> {
        let begin = self.at;
        let start = self.number(seconds)?;
        let (mut stop, mut repeat) = (-1, 0);
        if self.rest().starts_with("..") {
            self.at += 2;
            stop = self.number(seconds)?;
            repeat = if seconds { SECOND } else { 1 };
        }
        if self.peek() == Some(b'/') {
            self.at += 1;
            repeat = self.number(seconds)?;
            if repeat == 0 {
                return Err(self.error("a repetition of nothing"));
            }
        } else if start > MAX_NUMBER - repeat || (seconds && stop >= 0 && start + repeat > stop) {
            return Err(ParseError::new(begin, "the range is too short or too far"));
        }
        if !matches!(self.peek(), None | Some(b' ' | b',' | b'-' | b'~' | b':')) {
            return Err(self.error("an unexpected sign"));
        }
        Ok(Component { start, stop, repeat })
    }

    fn digits(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn number(&mut self, seconds: bool) -> Result<i64, ParseError> {
        let begin = self.at;
        let digits = self.digits();
        let too_large = || ParseError::new(begin, "the number is too large");
        if digits.is_empty() {
            return Err(ParseError::new(begin, "a number is missing"));
        }
        let mut value: i64 = digits.parse().map_err(|_| too_large())?;
        if seconds {
            value = value.checked_mul(SECOND).ok_or_else(too_large)?;
            // One point begins a fraction, two a range.
            if self.peek() == Some(b'.') && !self.rest().starts_with("..") {
                self.at += 1;
                value = value.checked_add(self.fraction()?).ok_or_else(too_large)?;
            }
        }
        if value > MAX_NUMBER { Err(too_large()) } else { Ok(value) }
    }

    /// The digits behind the point in microseconds, rounded by the seventh.
    fn fraction(&mut self) -> Result<i64, ParseError> {
        let digits = self.digits().as_bytes();
        if digits.is_empty() {
            return Err(self.error("no digits behind the point"));
        }
        let digit = |place: usize| digits.get(place).map_or(0, |digit| i64::from(digit - b'0'));
        let micros = (0..6).fold(0, |sum, place| sum * 10 + digit(place));
        Ok(micros + i64::from(digit(6) >= 5))
    }
}
