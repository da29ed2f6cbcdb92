//! The five fields as sets of bits, and what they say about days.

use std::fmt::Write;

/// One field: its values, and whether it was written with a star first, which cron remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// Bit n stands for the value n.
    pub bits: u64,
    /// The field begins with `*`.
    pub star: bool,
}

/// All five, or `@reboot`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub minute: Field,
    pub hour: Field,
    pub day: Field,
    pub month: Field,
    /// 0 is Sunday.
    pub weekday: Field,
    pub reboot: bool,
}

/// The values `low` to `high`.
const fn all(low: u32, high: u32) -> u64 {
    (u64::MAX >> (63 - high)) & (u64::MAX << low)
}

const MINUTES: u64 = all(0, 59);
const HOURS: u64 = all(0, 23);
const DAYS: u64 = all(1, 31);
const MONTHS: u64 = all(1, 12);
const WEEKDAYS: u64 = all(0, 6);
/// The longest that each month can be, January first.
const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Fields {
    /// With every day on both sides a star changes nothing: then it is always one.
    pub fn tidy(mut self) -> Self {
        let every = self.day.bits == DAYS && self.weekday.bits == WEEKDAYS;
        self.day.star |= every;
        self.weekday.star |= every;
        // Of the month cron does not remember it.
        self.month.star = false;
        self
    }

    /// The word after an `@`.
    pub fn of_word(word: &[u8]) -> Option<Self> {
        let set = |bits| Field { bits, star: false };
        let any = |bits| Field { bits, star: true };
        let daily = Self {
            minute: set(1),
            hour: set(1),
            day: set(DAYS),
            month: set(MONTHS),
            weekday: set(WEEKDAYS),
            reboot: false,
        };
        Some(match word {
            b"reboot" => Self { reboot: true, ..Self::default() },
            b"yearly" | b"annually" => Self { day: set(2), month: set(2), weekday: any(WEEKDAYS), ..daily },
            b"monthly" => Self { day: set(2), weekday: any(WEEKDAYS), ..daily },
            b"weekly" => Self { day: any(DAYS), weekday: set(1), ..daily },
            b"daily" | b"midnight" => daily,
            b"hourly" => Self { hour: any(HOURS), ..daily },
            _ => return None,
        })
    }

    /// A star in the minute or the hour: the job follows the wall clock when clocks change.
    pub fn wild(&self) -> bool {
        self.minute.star || self.hour.star
    }

    /// The day of the month and the day of the week must both match; otherwise one is enough.
    pub fn both_days(&self) -> bool {
        self.day.star || self.weekday.star
    }

    /// The days of a month that match, bit n for the n-th; `first` is its first day, counted from 1970-01-01.
    pub fn days_of(&self, month: i8, length: i8, first: i64) -> u64 {
        if self.month.bits >> month & 1 == 0 {
            return 0;
        }
        // Six weeks of weekdays. 1970-01-01 was a Thursday.
        let weeks = self.weekday.bits * 0x0008_1020_4081;
        let by_weekday = weeks >> (first + 4).rem_euclid(7) << 1;
        let by_day = self.day.bits;
        let days = if self.both_days() { by_day & by_weekday } else { by_day | by_weekday };
        days & all(1, length.unsigned_abs().into())
    }

    /// Whether no day or no time is like that.
    pub fn never(&self) -> bool {
        let dated = (1..)
            .zip(LENGTHS)
            .any(|(month, days)| self.month.bits >> month & 1 == 1 && self.day.bits & all(1, days) != 0);
        let weekly = self.weekday.bits != 0;
        let a_day =
            if self.both_days() { dated && weekly } else { dated || (weekly && self.month.bits != 0) };
        !self.reboot && (self.minute.bits == 0 || self.hour.bits == 0 || !a_day)
    }
}

impl std::fmt::Display for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.reboot {
            return f.write_str("@reboot");
        }
        write!(
            f,
            "{} {} {} {} {}",
            shown(self.minute, MINUTES, false),
            shown(self.hour, HOURS, false),
            shown(self.day, DAYS, false),
            shown(self.month, MONTHS, true),
            shown(self.weekday, WEEKDAYS, false)
        )
    }
}

/// One field; where a star changes nothing it is written for all values (`free`).
fn shown(field: Field, all: u64, free: bool) -> String {
    if field.bits == all && (field.star || free) {
        return "*".to_owned();
    }
    let mut text = String::new();
    let mut left = field.bits;
    if field.star {
        // What begins with a star holds every n-th value from the first one on.
        let stepped = (2..64).map(|step| (step, every(all, step))).find(|(_, set)| field.bits & set == *set);
        if let Some((step, set)) = stepped {
            let _ = write!(text, "*/{step}");
            left &= !set;
        }
    }
    while left != 0 {
        let first = left.trailing_zeros();
        let run = (left >> first).trailing_ones();
        if !text.is_empty() {
            text.push(',');
        }
        let _ = match run {
            1 => write!(text, "{first}"),
            2 => write!(text, "{first},{}", first + 1),
            _ => write!(text, "{first}-{}", first + run - 1),
        };
        left &= !(u64::MAX >> (64 - run) << first);
    }
    // cron takes an empty range for no value at all.
    if text.is_empty() { "2-1".to_owned() } else { text }
}

/// Every `step`-th value of a field.
fn every(all: u64, step: usize) -> u64 {
    (0..64).filter(|value| all >> value & 1 == 1).step_by(step).fold(0, |bits, value| bits | 1 << value)
}
