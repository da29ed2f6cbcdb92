//! How fast calendar expressions find their firings.

// A bench that cannot go on panics.
#![allow(clippy::expect_used)]

use acme_audit::calendar::OnCalendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const EXPRESSIONS: [&str; 5] = ["daily", "*-*-* 00,12:00:00", "*:0/15", "Mon..Fri *-*-1..7 03:30", "*-02-29"];

fn main() {
    divan::main();
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("zone")
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("time")
}

#[divan::bench(args = EXPRESSIONS, consts = [false, true])]
fn next_after<const BERLIN: bool>(bencher: divan::Bencher<'_, '_>, text: &str) {
    let (parsed, zone) =
        (OnCalendar::parse(text).expect("valid"), zone(if BERLIN { "Europe/Berlin" } else { "UTC" }));
    bencher.bench_local(|| parsed.next_after(divan::black_box(start()), &zone));
}

#[divan::bench(args = EXPRESSIONS)]
fn thousand_between(bencher: divan::Bencher<'_, '_>, text: &str) {
    let (parsed, zone) = (OnCalendar::parse(text).expect("valid"), zone("Europe/Berlin"));
    bencher.bench_local(|| parsed.between(divan::black_box(start()), Timestamp::MAX, &zone, 1000));
}
