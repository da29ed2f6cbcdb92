//! How fast calendar expressions find their firings.

// A bench that cannot go on panics.
#![allow(clippy::expect_used)]

use acme_audit::calendar::OnCalendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const EXPRESSIONS: [&str; 8] = [
    "daily",
    "weekly",
    "monthly",
    "*-*-* 00,12:00:00",
    "*:0/15",
    "Mon..Fri *-*-1..7 03:30",
    "*-02-29",
    // An impossible date.
    "*-02-30",
];

/// What plain arithmetic is not sure of: repetitions over the end of a minute, an hour and a month, and a season.
const ODD: [&str; 4] = ["*:*:0/59", "*:0/59", "*-*-1/25", "12:00 CET"];

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

/// From one in which systemd searches, in Berlin.
#[divan::bench(args = ODD)]
fn next_after_odd(bencher: divan::Bencher<'_, '_>, text: &str) {
    let zone = zone("Europe/Berlin");
    let parsed = OnCalendar::parse_in(text, &zone).expect("valid");
    let at: Timestamp = "2026-01-26T22:59:59Z".parse().expect("time");
    bencher.bench_local(|| parsed.next_after(divan::black_box(at), &zone));
}

/// Two minutes before clocks change in Berlin.
#[divan::bench(args = ["daily", "*:0/15"])]
fn next_after_a_change(bencher: divan::Bencher<'_, '_>, text: &str) {
    let (parsed, zone) = (OnCalendar::parse(text).expect("valid"), zone("Europe/Berlin"));
    let at: Timestamp = "2026-03-29T00:58:00Z".parse().expect("time");
    bencher.bench_local(|| parsed.next_after(divan::black_box(at), &zone));
}

/// Where systemd gives up after a thousand turns.
#[divan::bench]
fn next_after_deadlock(bencher: divan::Bencher<'_, '_>) {
    let (parsed, zone) = (OnCalendar::parse("00/10:00").expect("valid"), zone("Europe/Berlin"));
    let at: Timestamp = "2026-03-28T19:00:00Z".parse().expect("time");
    bencher.bench_local(|| assert_eq!(parsed.next_after(divan::black_box(at), &zone), None));
}

#[divan::bench(args = ["daily", "*-*-* 00,12:00:00", "*:0/15", "*-*-* *:*:00"])]
fn three_years_between(bencher: divan::Bencher<'_, '_>, text: &str) {
    let (parsed, zone) = (OnCalendar::parse(text).expect("valid"), zone("Europe/Berlin"));
    let until: Timestamp = "2029-01-01T00:00:00Z".parse().expect("time");
    bencher.bench_local(|| parsed.between(divan::black_box(start()), until, &zone, usize::MAX));
}
