//! Where the forecast ends, as people write it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::calendar::seconds;

/// A day (its begin in UTC), a time of RFC 3339, or a span from now such as `3y`, `18months` or `90d`.
///
/// # Errors
/// It is none of them, in words.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<Date>() {
        return TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_err(|e| e.to_string());
    }
    let wrong = || format!("`{text}` is neither a day, nor a time, nor a span");
    // systemd would take a bare number for seconds; here it would be a slip.
    if text.trim().parse::<f64>().is_ok() {
        return Err(wrong());
    }
    let length =
        seconds(text).ok().flatten().and_then(|length| i64::try_from(length).ok()).ok_or_else(wrong)?;
    now.saturating_add(SignedDuration::from_secs(length)).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_spans_are_understood() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let at = |text: &str| parse(text, now).map(|at| at.to_string());
        assert_eq!(at("2029-01-01").as_deref(), Ok("2029-01-01T00:00:00Z"));
        assert_eq!(at("2029-01-01T06:00:00+01:00").as_deref(), Ok("2029-01-01T05:00:00Z"));
        assert_eq!(at("90d").as_deref(), Ok("2027-02-22T12:00:00Z"));
        assert!(at("18months").is_ok() && at("3y").is_ok());
        for wrong in ["", "90", "soon", "infinity", "2029-13-01", "-3d"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
