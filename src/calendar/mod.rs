//! Calendar arithmetic, exact: when a systemd timer and a line of a crontab fire.
//!
//! [`OnCalendar`] is the grammar of systemd.time(7), as systemd 252 reads and computes it; [`CronTimes`] is that of
//! Debian's cron, with its day-of-month OR day-of-week rule and its way through the two nights on which clocks change.
//! Both give the next firing after a moment and expand to all firings of a period.

mod crontab;
mod error;
mod oncalendar;
mod span;
pub mod zone;

pub use crontab::CronTimes;
pub use error::ParseError;
pub use oncalendar::OnCalendar;
pub use span::seconds;

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    /// What both grammars are made of, so that some of it is understood.
    const SIGNS: &str = "[0-9*/,.~:@ \\-a-zA-Z+%\u{b5}é]{0,24}";

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_time_goes_forward(text in SIGNS, second in 0_i64..4_000_000_000) {
            let zone = zone::named("Europe/Berlin").unwrap();
            let from = Timestamp::from_second(second).unwrap();
            let _ = seconds(&text);
            if let Ok(times) = OnCalendar::parse_in(&text, &zone) {
                let next = times.next_after(from, &zone);
                prop_assert!(next.is_none_or(|next| next > from));
                let again = OnCalendar::parse_in(&times.to_string(), &zone).unwrap();
                prop_assert_eq!(again.next_after(from, &zone), next, "shown as {}", times);
            }
            if let Ok(times) = CronTimes::parse(&text) {
                let next = times.next_after(from, &zone);
                prop_assert!(next.is_none_or(|next| next > from));
                let again = CronTimes::parse(&times.to_string()).unwrap();
                prop_assert_eq!(again.next_after(from, &zone), next, "shown as {}", times);
            }
        }
    }
}
