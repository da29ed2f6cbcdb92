//! Firings of crontab lines: `cargo bench --bench crontab`.

// A bench that cannot go on panics.
#![allow(clippy::expect_used)]

use acme_audit::calendar::CronTimes;
use divan::{Bencher, counter::ItemsCount};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

fn main() {
    divan::main();
}

const START: Timestamp = Timestamp::constant(1_771_000_000, 0);

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("a zone")
}

/// A thousand moments, 97 minutes apart.
#[divan::bench(args = ["* * * * *", "*/15 * * * *", "0 */12 * * *", "30 4 * * *", "@weekly", "0 3 1 * *", "0 0 29 2 *"])]
fn next_after(bencher: Bencher<'_, '_>, line: &str) {
    let (times, zone) = (CronTimes::parse(line).expect("times"), berlin());
    let moments: Vec<Timestamp> = (0..1000).map(|n| START + SignedDuration::from_mins(97 * n)).collect();
    bencher
        .counter(ItemsCount::new(moments.len()))
        .bench(|| moments.iter().filter(|moment| times.next_after(**moment, &zone).is_some()).count());
}

/// Three years of every minute: 1.58 million firings.
#[divan::bench]
fn between_three_years(bencher: Bencher<'_, '_>) {
    let (times, zone) = (CronTimes::parse("* * * * *").expect("times"), berlin());
    let until = START + SignedDuration::from_hours(24 * 1096);
    bencher.bench(|| times.between(START, until, &zone, usize::MAX).len());
}
