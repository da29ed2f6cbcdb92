//! Values that change on a day that is announced beforehand.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

/// A value from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// The first day, in UTC.
    pub since: Date,
    /// The value from then on.
    pub value: T,
    /// Where that is written.
    pub source: &'static str,
}

/// The entry that holds at a moment; `None` before the first one. `entries` are in the order of their days.
pub fn at<T>(entries: &[Dated<T>], at: Timestamp) -> Option<&Dated<T>> {
    let day = at.to_zoned_datetime(TimeZone::UTC).date();
    entries.iter().rev().find(|entry| entry.since <= day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_value_holds_from_the_first_second_of_its_day() {
        let entries = [
            Dated { since: date(2020, 1, 1), value: 90, source: "" },
            Dated { since: date(2027, 2, 10), value: 64, source: "" },
        ];
        let value = |text: &str| at(&entries, text.parse().unwrap()).map(|entry| entry.value);
        assert_eq!(value("2019-12-31T23:59:59Z"), None);
        assert_eq!(value("2027-02-09T23:59:59Z"), Some(90));
        assert_eq!(value("2027-02-10T00:00:00Z"), Some(64));
    }
}
