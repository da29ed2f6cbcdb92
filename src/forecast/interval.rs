//! certbot's intervals in words: `30 days`, `3 weeks`.

use crate::ca::DAY;

/// The length of an interval such as `30 days`, `3 weeks` or `6 months 1 week`, in seconds; a bare number counts
/// days. `None` where it is not of that form.
/// <https://eff-certbot.readthedocs.io/en/stable/using.html#modifying-the-renewal-configuration-of-existing-certificates>
pub fn interval_seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut words = text.split_whitespace();
    let mut any = false;
    while let Some(word) = words.next() {
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let count: i64 = word.get(..digits)?.parse().ok()?;
        let unit = match word.get(digits..)? {
            "" => words.next().unwrap_or("days"),
            joined => joined,
        };
        let seconds = match unit.trim_end_matches(',').trim_end_matches('s').to_ascii_lowercase().as_str() {
            "second" | "sec" => 1,
            "minute" | "min" => 60,
            "hour" | "hr" | "h" => 3_600,
            "day" | "d" => DAY,
            "week" | "wk" | "w" => 7 * DAY,
            "month" | "mon" => 30 * DAY,
            "year" | "yr" | "y" => 365 * DAY,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(seconds)?)?;
        any = true;
    }
    any.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_certbot_documents_them() {
        assert_eq!(interval_seconds("30 days"), Some(30 * DAY));
        assert_eq!(interval_seconds("10"), Some(10 * DAY));
        assert_eq!(interval_seconds("6 months 1 week"), Some((180 + 7) * DAY));
        assert_eq!(interval_seconds("3 weeks"), Some(21 * DAY));
        assert_eq!(interval_seconds("12h"), Some(43_200));
        assert_eq!(interval_seconds("soon"), None);
        assert_eq!(interval_seconds(""), None);
        assert_eq!(interval_seconds("99999999999999 years"), None);
    }
}
