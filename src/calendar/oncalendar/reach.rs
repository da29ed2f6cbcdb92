//! How far plain arithmetic can be trusted.
//!
//! A repetition without an end, such as `1/7`, runs past the end of its part, and what systemd then does is plain only
//! where it ends just there, as `0/15` does at minute 60: the rest is for [`search`](super::search).

use super::Parts;
use super::chain::Chain;
use super::clock::Unit;

const SECOND: i64 = 1_000_000;

/// The smallest part of which a time must not leave the value, from where the search begins, for plain arithmetic to be
/// sure; `None` where it always is.
pub(super) fn reach(parts: &Parts) -> Option<Unit> {
    let fractions = runs_past(&parts.micro, 60 * SECOND)
        && parts.micro.iter().any(|c| c.start % SECOND != 0 || c.repeat % SECOND != 0);
    // A week of one day or a day of every number is left just at a month's end.
    let every_day = |c: &super::chain::Component| c.stop >= 0 || c.repeat <= 1;
    [
        (fractions, Unit::Minute),
        (runs_past(&parts.micro, 60 * SECOND), Unit::Hour),
        (runs_past(&parts.minute, 60), Unit::Day),
        (runs_past(&parts.hour, 24), Unit::Day),
        (!parts.day.iter().all(every_day), Unit::Month),
        (runs_past(&parts.month, 13), Unit::Year),
    ]
    .into_iter()
    .find_map(|(past, unit)| past.then_some(unit))
}

/// Whether a repetition has no end and steps over that of the part.
fn runs_past(chain: &Chain, end: i64) -> bool {
    chain.iter().any(|c| c.stop < 0 && c.repeat > 0 && (end - c.start) % c.repeat != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::OnCalendar;

    #[test]
    fn only_a_repetition_that_steps_over_the_end_of_its_part_is_doubtful() {
        for (text, reach) in [
            ("daily", None),
            ("*:0/15", None),
            ("00/12:00:00", None),
            ("*-1/3-01", None),
            ("*-*~07/1", None),
            ("*:0..50/20", None),
            ("*:*:0/7.5", None),
            ("*:*:0.5/20", Some(Unit::Minute)),
            ("*:*:0/7", Some(Unit::Hour)),
            ("*:1/25", Some(Unit::Day)),
            ("00/10:00", Some(Unit::Day)),
            ("*-*-1/7", Some(Unit::Month)),
            ("*-1/5-01", Some(Unit::Year)),
            ("*-1/5-1/7 1/7:1/25", Some(Unit::Day)),
        ] {
            assert_eq!(OnCalendar::parse(text).unwrap().reach, reach, "{text}");
        }
    }
}
