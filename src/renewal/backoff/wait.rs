//! How long a failure keeps the next attempt waiting, and why so long.

use jiff::{SignedDuration, Timestamp};

use super::{Kind, Trouble};

/// How long the second attempt waits in minutes; each further one twice as long, up to a day.
const FIRST: i64 = 30;
const MOST: i64 = 24 * 60;

/// The same for a CA that is down.
const FIRST_DOWN: i64 = 5;
const MOST_DOWN: i64 = 60;

/// How long the next attempt waits after a certificate that was of no use, in minutes: five in a week are issued for the
/// same names.
const IN_VAIN: i64 = 36 * 60;

const SAID: &str = "the CA said so";

/// A wait.
pub(super) struct Wait {
    pub(super) long: SignedDuration,
    pub(super) because: &'static str,
    /// The CA is to be left alone meanwhile: it said so, or one of its limits is reached.
    pub(super) told: bool,
}

impl Wait {
    /// The wait after a failure, which is one of so many, and of so many in a row for which the CA was down.
    pub(super) fn after(trouble: &Trouble, (count, down): (u32, u32), now: Timestamp) -> Self {
        let told = trouble.told(now).map(SignedDuration::from_secs);
        let (own, because) = match trouble.kind {
            Kind::Down => {
                (doubled(FIRST_DOWN, down, MOST_DOWN), "nothing of it counts at the CA: an hour at most")
            }
            Kind::InVain => (
                SignedDuration::from_mins(IN_VAIN),
                "a certificate was issued in vain, and a CA issues five in a week for the same names",
            ),
            Kind::Limited => match told {
                Some(long) => return Self { long, because: SAID, told: true },
                None => {
                    let long = trouble.of_limit().max(doubled(FIRST, count, MOST));
                    let because = "the CA's limit, for which it names no time";
                    return Self { long, because, told: true };
                }
            },
            _ => (doubled(FIRST, count, MOST), "each failure doubles the wait, up to a day"),
        };
        match told {
            Some(long) if long > own => Self { long, because: SAID, told: true },
            _ => Self { long: own, because, told: false },
        }
    }
}

fn doubled(first: i64, count: u32, most: i64) -> SignedDuration {
    let doubled = first.saturating_mul(2_i64.saturating_pow(count.saturating_sub(1)));
    SignedDuration::from_mins(doubled.clamp(first, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_stays_the_longest() {
        for count in [7, 8, 63, 64, 65, u32::MAX] {
            assert_eq!(doubled(FIRST, count, MOST), SignedDuration::from_mins(MOST), "{count}");
        }
    }
}
