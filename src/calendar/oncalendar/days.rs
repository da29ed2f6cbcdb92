//! The days that an expression names.

use jiff::civil::{Date, date};

use super::Parts;
use super::chain::{Chain, bits, next};

/// systemd's calendar ends here.
const LAST_YEAR: i64 = 2199;

/// The days, ready for a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    year: Chain,
    months: u64,
    days: Chain,
    /// Days as bits, where they are counted from a month's begin.
    bits: u64,
    from_the_end: bool,
    /// Monday is bit 0.
    weekdays: u8,
}

impl Days {
    pub fn new(parts: &Parts) -> Self {
        Self {
            year: parts.year.clone(),
            months: bits(&parts.month, 1, 12),
            days: parts.day.clone(),
            bits: bits(&parts.day, 1, 31),
            from_the_end: parts.from_the_end,
            weekdays: if parts.weekdays == 0 { 0x7f } else { parts.weekdays },
        }
    }

    /// Whether a day is one of them.
    pub fn contain(&self, day: Date) -> bool {
        let year = i64::from(day.year());
        year <= LAST_YEAR
            && next(&self.year, year) == Some(year)
            && self.months >> day.month() & 1 == 1
            && self.of_month(day.first_of_month()) >> day.day() & 1 == 1
    }

    /// The first of them at or after a day.
    pub fn from(&self, day: Date) -> Option<Date> {
        let mut year = next(&self.year, i64::from(day.year()))?;
        let (mut month, mut first) =
            if year == i64::from(day.year()) { (day.month(), day.day()) } else { (1, 1) };
        while year <= LAST_YEAR {
            let begin = i16::try_from(year).ok()?;
            while month <= 12 {
                if self.months >> month & 1 == 1 {
                    let left = self.of_month(date(begin, month, 1)) >> first << first;
                    if left != 0 {
                        return Date::new(begin, month, i8::try_from(left.trailing_zeros()).ok()?).ok();
                    }
                }
                (month, first) = (month + 1, 1);
            }
            year = next(&self.year, year + 1)?;
            (month, first) = (1, 1);
        }
        None
    }

    /// The days of one month as bits; `first` is its first day.
    fn of_month(&self, first: Date) -> u64 {
        let length = u32::from(first.days_in_month().unsigned_abs());
        let days = if self.from_the_end { self.turned(i64::from(length)) } else { self.bits };
        let in_month = (1 << (length + 1)) - 2;
        // The weekdays' pattern, shifted to the weekday of the first.
        let week = u64::from(self.weekdays)
            >> u32::from(first.weekday().to_monday_zero_offset().unsigned_abs())
            | u64::from(self.weekdays)
                << (7 - u32::from(first.weekday().to_monday_zero_offset().unsigned_abs()));
        let week = week & 0x7f;
        let weeks = week | week << 7 | week << 14 | week << 21 | week << 28;
        days & in_month & weeks << 1
    }

    /// `~` counts from the last day, 1; a range is then turned round.
    fn turned(&self, length: i64) -> u64 {
        if self.days.is_empty() {
            return u64::MAX;
        }
        let turn = |day: i64| length + 1 - day;
        let turned: Chain = self
            .days
            .iter()
            .map(|component| {
                let mut turned = *component;
                turned.start = turn(component.start);
                if component.stop > 0 {
                    (turned.start, turned.stop) = (turn(component.stop), turn(component.start));
                }
                turned
            })
            .collect();
        bits(&turned, 1, 31)
    }
}
