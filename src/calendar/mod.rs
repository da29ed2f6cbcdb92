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
