//! Calendar expressions, crontabs' times and time spans: any text is read or refused, and computes without end or panic.
#![no_main]

use acme_audit::calendar::{CronTimes, OnCalendar, seconds, zone};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (Some(berlin), Ok(from)) = (zone::named("Europe/Berlin"), "2026-10-24T22:00:00Z".parse::<Timestamp>()) else {
        return;
    };
    let _ = seconds(text);
    if let Ok(times) = OnCalendar::parse_in(text, &berlin) {
        let shown = times.to_string();
        let next = times.next_after(from, &berlin);
        assert!(next.is_none_or(|next| next > from), "{text} goes back");
        let again = OnCalendar::parse_in(&shown, &berlin).map(|again| again.next_after(from, &berlin));
        assert_eq!(again, Ok(next), "{text} is shown as {shown}");
    }
    if let Ok(times) = CronTimes::parse(text) {
        let shown = times.to_string();
        let next = times.next_after(from, &berlin);
        assert!(next.is_none_or(|next| next > from), "{text} goes back");
        let again = CronTimes::parse(&shown).map(|again| again.next_after(from, &berlin));
        assert_eq!(again, Ok(next), "{text} is shown as {shown}");
    }
});
