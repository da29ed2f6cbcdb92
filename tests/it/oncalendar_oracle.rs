//! The reader of calendar expressions against `systemd-analyze` 252, on random expressions, zones and times.
//!
//! Needs `systemd-analyze` of that version; for microseconds and errors also python3, which calls its library.
//! `ACME_AUDIT_ORACLE_CASES` is the number of expressions (by default 2000, and 5000 for the library) and
//! `ACME_AUDIT_ORACLE_SEED` changes them.

mod random;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use acme_audit::calendar::{OnCalendar, seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use random::{Random, expression, span};

/// Many zones, with changes at midnight, by half an hour, by a whole day, by none, and with summer time in winter.
const ZONES: [&str; 19] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/St_Johns",
    "Pacific/Auckland",
    "America/Havana",
    "Europe/Dublin",
    "Africa/Casablanca",
    "America/Nuuk",
    "Asia/Tehran",
    "Pacific/Chatham",
    "America/Asuncion",
    "Antarctica/Troll",
    "Asia/Gaza",
];

/// Ends of months, quarters and years, and times shortly before a change of the clock in one of those zones.
const BASES: [&str; 22] = [
    "2026-01-01 00:00:00",
    "2026-03-29 00:30:00",
    "2026-10-25 00:10:00",
    "2026-10-25 01:10:00",
    "2026-03-08 06:00:00",
    "2026-11-01 05:30:00",
    "2026-04-04 14:40:00",
    "2026-10-03 15:00:00",
    "2018-11-04 02:00:00",
    "2018-02-18 01:30:00",
    "2011-12-29 12:00:00",
    "2026-04-23 21:00:00",
    "2024-02-28 23:59:59",
    "2024-02-29 20:00:00",
    "2026-02-28 12:00:00",
    "2026-03-31 21:10:00",
    "2026-06-30 23:59:58",
    "2026-09-30 10:00:00",
    "2026-12-31 22:58:00",
    "2020-10-31 22:00:00",
    "2026-03-08 04:59:00",
    "2020-11-01 03:59:30",
];

const ITERATIONS: usize = 6;

/// How many expressions one process takes.
const BATCH: u64 = 100;

/// The answer where systemd ends with "Infinite loop in calendar calculation", and shows nothing of what it found before.
const GAVE_UP: &str = "gave up";

/// Normalized form and firings, or nothing for a refused expression.
type Answer = Option<(String, Vec<Timestamp>)>;

#[test]
fn reads_random_expressions_as_systemd_does() {
    if !oracle_is_there() {
        return;
    }
    let mut random = Random(number("ACME_AUDIT_ORACLE_SEED", 20_261_124));
    let count = number("ACME_AUDIT_ORACLE_CASES", 2000);
    let (mut accepted, mut gave_up, mut back, mut differences) = (0, 0, 0, Vec::new());
    for _ in 0..count.div_ceil(BATCH) {
        let zone = random.pick(&ZONES);
        let base = random.pick(&BASES);
        let texts: Vec<String> = (0..BATCH).map(|_| expression(&mut random, false)).collect();
        let theirs = ask_systemd(zone, base, &texts, ITERATIONS);
        for (text, theirs) in texts.iter().zip(theirs) {
            let ours = read(zone, base, text);
            accepted += usize::from(theirs.is_some());
            let same = if theirs.as_ref().is_some_and(|(form, _)| form == GAVE_UP) {
                gave_up += 1;
                gives_up_behind(zone, base, text, ours.as_ref())
            } else if goes_back(zone, utc(base), text, times(&ours), times(&theirs)) {
                back += 1;
                true
            } else {
                ours == theirs
            };
            if !same {
                differences.push(format!(
                    "{text:?} in {zone} from {base}\n  ours    {ours:?}\n  systemd {theirs:?}"
                ));
            }
        }
    }
    eprintln!(
        "compared {count} expressions, {accepted} valid, systemd gave up on {gave_up} and went back in {back}, {} differ",
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(back * 1000 <= count, "systemd went back in {back}");
}

fn times(answer: &Answer) -> &[Timestamp] {
    answer.as_ref().map_or(&[], |(_, times)| times)
}

/// Whether systemd goes back from the second pass of a repeated hour into the first, where days are counted from a
/// month's end, and we take the second pass of the time that it finds.
fn goes_back(zone: &str, base: Timestamp, text: &str, ours: &[Timestamp], theirs: &[Timestamp]) -> bool {
    let zone = TimeZone::get(zone).expect("zone");
    let Some(at) = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs) else { return false };
    let last = at.checked_sub(1).map_or(base, |before| theirs[before]);
    let twice = zone.to_ambiguous_timestamp(zone.to_datetime(theirs[at]));
    text.contains('~')
        && theirs[at] <= last
        && twice.earlier().ok() == Some(theirs[at])
        && twice.later().ok() == Some(ours[at])
        && ours[at] > last
}

/// Whether systemd finds the times that we find, and gives up looking for the next.
fn gives_up_behind(zone: &str, base: &str, text: &str, ours: Option<&(String, Vec<Timestamp>)>) -> bool {
    let Some((_, times)) = ours else { return false };
    let ask = |iterations| ask_systemd(zone, base, &[text.to_owned()], iterations).pop().flatten();
    let before = times.is_empty() || ask(times.len()).as_ref() == ours;
    before && times.len() < ITERATIONS && ask(times.len() + 1).is_some_and(|(form, _)| form == GAVE_UP)
}

/// Reads lines of zone, microseconds, count and expression, and answers with the next times in microseconds or errors;
/// with `span` for a zone the text is a time span.
const LIBRARY: &str = r#"
import ctypes, os, sys
systemd = ctypes.CDLL("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so")
libc = ctypes.CDLL(None)
systemd.log_set_max_level(0)
systemd.calendar_spec_free.argtypes = [ctypes.c_void_p]
systemd.calendar_spec_next_usec.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p]
now = ctypes.c_int64()
libc.time(ctypes.byref(now))
for line in sys.stdin:
    zone, at, count, text = line.rstrip("\n").split("\t", 3)
    if zone == "span":
        length = ctypes.c_uint64()
        error = systemd.parse_sec(text.encode(), ctypes.byref(length))
        print(length.value if error >= 0 else "refused")
        continue
    os.environ["TZ"] = zone
    libc.tzset()
    libc.localtime(ctypes.byref(now))
    spec, at, answer = ctypes.c_void_p(), ctypes.c_uint64(int(at)), []
    if systemd.calendar_spec_from_string(text.encode(), ctypes.byref(spec)) < 0:
        print("refused")
        continue
    for _ in range(int(count)):
        error = systemd.calendar_spec_next_usec(spec, at, ctypes.byref(at))
        answer.append(str(at.value) if error >= 0 else "E%d" % -error)
        if error < 0:
            break
    systemd.calendar_spec_free(spec)
    print(" ".join(answer))
"#;

/// Times in the second pass of a repeated hour, from which systemd goes back into the first.
const BACKWARDS: [(&str, &str, &str); 3] = [
    ("Antarctica/Troll", "2026-10-25 01:09:59", "*-*~6..11 *:40"),
    ("Europe/Berlin", "2026-10-25 01:10:00", "*-*~6..11 *:40"),
    ("Australia/Sydney", "2026-04-04 16:20:00", "*-*~6..28 *:40"),
];

/// The errors for a time that is never, and for one that is not found.
const NEVER: &str = "E2";
const DEADLOCK: &str = "E35";

#[test]
fn finds_the_microseconds_that_the_library_finds() {
    let count = number("ACME_AUDIT_ORACLE_CASES", 5000);
    let mut random = Random(number("ACME_AUDIT_ORACLE_SEED", 20_261_124) ^ 0x5eed);
    let random_case = |_| {
        let zone = random.pick(&ZONES);
        (zone, moment(&mut random, zone), expression(&mut random, true))
    };
    let backwards = BACKWARDS.iter().map(|(zone, at, text)| (*zone, utc(at), (*text).to_owned()));
    let cases: Vec<(&str, Timestamp, String)> = backwards.chain((0..count).map(random_case)).collect();
    let mut asked = String::new();
    for (zone, at, text) in &cases {
        writeln!(asked, "{zone}\t{}\t{ITERATIONS}\t{text}", at.as_microsecond()).expect("text");
    }
    let Some(answers) = ask_library(&asked) else {
        eprintln!("skipped: no library of systemd 252, or no python3");
        return;
    };
    let (mut times, mut deadlocks, mut back, mut differences) = (0, 0, 0, Vec::new());
    for ((zone, at, text), theirs) in cases.iter().zip(answers.lines()) {
        let local = TimeZone::get(zone).expect("zone");
        let ours = OnCalendar::parse_in(text, &local).ok().map(|parsed| {
            let found = parsed.between(*at, Timestamp::MAX, &local, ITERATIONS);
            let one_by_one = std::iter::successors(Some(*at), |at| parsed.next_after(*at, &local));
            assert_eq!(one_by_one.skip(1).take(ITERATIONS).collect::<Vec<_>>(), found, "{text:?} from {at}");
            found
        });
        let (found, error) = match theirs.rsplit_once('E') {
            Some((found, error)) => (found.trim(), Some(format!("E{error}"))),
            None => (theirs, None),
        };
        let micros = |micros: &str| Timestamp::from_microsecond(micros.parse().expect("a number"));
        let found = (found != "refused")
            .then(|| found.split_whitespace().map(|time| micros(time).expect("a time")).collect::<Vec<_>>());
        times += found.as_ref().map_or(0, Vec::len);
        deadlocks += usize::from(error.as_deref() == Some(DEADLOCK));
        let known = error.is_none_or(|error| error == NEVER || error == DEADLOCK);
        let slices = (ours.as_deref().unwrap_or_default(), found.as_deref().unwrap_or_default());
        if known && goes_back(zone, *at, text, slices.0, slices.1) {
            back += 1;
        } else if found != ours || !known {
            differences
                .push(format!("{text:?} in {zone} from {at}\n  ours    {ours:?}\n  systemd {found:?}"));
        }
    }
    assert_eq!(answers.lines().count(), cases.len(), "an answer for each expression");
    eprintln!(
        "compared {count} expressions and {times} times, {deadlocks} end in a deadlock, {back} go back, {} differ",
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(back >= BACKWARDS.len(), "systemd went back in {back}");
    assert!((back - BACKWARDS.len()) * 1000 <= cases.len(), "systemd went back in {back}");
}

#[test]
fn reads_random_time_spans_as_the_library_does() {
    let mut random = Random(number("ACME_AUDIT_ORACLE_SEED", 20_261_124) ^ 0x5ba9);
    let texts: Vec<String> =
        (0..number("ACME_AUDIT_ORACLE_CASES", 20_000)).map(|_| span(&mut random)).collect();
    let asked: String = texts.iter().flat_map(|text| ["span\t0\t0\t", text, "\n"]).collect();
    let Some(answers) = ask_library(&asked) else {
        eprintln!("skipped: no library of systemd 252, or no python3");
        return;
    };
    assert_eq!(answers.lines().count(), texts.len(), "an answer for each time span");
    for (text, theirs) in texts.iter().zip(answers.lines()) {
        let micros = theirs.parse::<u64>().ok();
        let theirs = micros.map(|micros| (micros < u64::MAX).then(|| micros.div_ceil(1_000_000)));
        assert_eq!(seconds(text).ok(), theirs, "{text:?} {micros:?}");
    }
}

/// What the library answers; nothing where it or python3 is missing.
fn ask_library(lines: &str) -> Option<String> {
    let mut python = Command::new("python3")
        .args(["-c", LIBRARY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let (mut input, lines) = (python.stdin.take()?, lines.to_owned());
    let writer = std::thread::spawn(move || drop(input.write_all(lines.as_bytes())));
    let output = python.wait_with_output().expect("python3 ends");
    writer.join().expect("all is written");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A time near the end of a month or near a change of the clock, or any.
fn moment(random: &mut Random, zone: &str) -> Timestamp {
    let local = TimeZone::get(zone).expect("zone");
    let second =
        |random: &mut Random, days: u64| i64::try_from(random.below(days * 86_400)).expect("seconds");
    // From 2010 to 2040, now and then from 1971 to 2199.
    let (begin, days) = if random.one_in(8) { (31_536_000, 83_600) } else { (1_262_304_000, 10_957) };
    let any = Timestamp::from_second(begin + second(random, days)).expect("a time");
    let near = match random.below(4) {
        0 => local.following(any).next().map(|change| change.timestamp()),
        1 => local.to_timestamp(local.to_datetime(any).date().last_of_month().at(0, 0, 0, 0)).ok(),
        2 => BASES.get(usize::try_from(random.below(22)).expect("an index")).map(|base| utc(base)),
        _ => None,
    };
    let shift = match random.below(3) {
        0 => second(random, 1) % 7_200 - 3_600,
        1 => 86_400 - second(random, 3),
        _ => -1,
    };
    let micro = if random.one_in(2) { random.below(1_000_000) } else { 0 };
    let micro = i64::try_from(micro).expect("microseconds");
    Timestamp::from_microsecond((near.unwrap_or(any).as_second() + shift) * 1_000_000 + micro)
        .expect("a time")
}

fn utc(time: &str) -> Timestamp {
    format!("{}Z", time.replace(' ', "T")).parse().expect("time")
}

#[test]
fn reads_random_time_spans_as_systemd_does() {
    if !oracle_is_there() {
        return;
    }
    let mut random = Random(number("ACME_AUDIT_ORACLE_SEED", 20_261_124));
    for _ in 0..number("ACME_AUDIT_ORACLE_CASES", 2000) / 20 {
        let text = span(&mut random);
        let output = Command::new("systemd-analyze")
            .env("LC_ALL", "C.UTF-8")
            .args(["timespan", "--", &text])
            .output()
            .expect("systemd-analyze runs");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let micros = shown.lines().find_map(|line| line.trim().strip_prefix("μs: "));
        let theirs = micros.map(|micros| micros.parse::<u64>().expect("a number"));
        let theirs = theirs.map(|micros| (micros < u64::MAX).then(|| micros.div_ceil(1_000_000)));
        assert_eq!(seconds(&text).ok(), theirs, "{text:?} {shown}");
    }
}

fn oracle_is_there() -> bool {
    let version = Command::new("systemd-analyze").arg("--version").output();
    let found = version.is_ok_and(|output| output.stdout.starts_with(b"systemd 252"));
    if !found {
        eprintln!("skipped: no systemd-analyze of systemd 252");
    }
    found
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

fn ask_systemd(zone: &str, base: &str, texts: &[String], iterations: usize) -> Vec<Answer> {
    let output = Command::new("systemd-analyze")
        .env("TZ", zone)
        .env("LC_ALL", "C.UTF-8")
        .env("SYSTEMD_COLORS", "0")
        .args(["calendar", &format!("--iterations={iterations}"), &format!("--base-time={base} UTC"), "--"])
        .args(texts)
        .output()
        .expect("systemd-analyze runs");
    let refused = String::from_utf8_lossy(&output.stderr).into_owned();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut blocks = shown.split("\n\n").map(str::trim_start).filter(|block| !block.is_empty());
    texts
        .iter()
        .map(|text| {
            if refused.contains(&format!("Failed to parse calendar specification '{text}': ")) {
                return None;
            }
            if refused.contains(&format!("Failed to determine next elapse for '{text}': ")) {
                return Some((GAVE_UP.to_owned(), Vec::new()));
            }
            let block = blocks.next().expect("an answer for each expression");
            let value = |name: &str| {
                block
                    .lines()
                    .find_map(|line| line.trim().strip_prefix(name))
                    .map(|value| value.trim().to_owned())
            };
            let here = zone == "UTC";
            let times = block.lines().map(str::trim).filter(|line| match here {
                true => line.starts_with("Next elapse: ") || line.starts_with("Iter. #"),
                false => line.starts_with("(in UTC): "),
            });
            let times = times.filter_map(|line| line.split_once(": ")).map(|(_, time)| time.to_owned());
            let times = times.filter(|time| time != "never").map(|time| moment_of(&time)).collect();
            Some((value("Normalized form:").expect("a normalized form"), times))
        })
        .collect()
}

fn read(zone: &str, base: &str, text: &str) -> Answer {
    let local = TimeZone::get(zone).expect("zone");
    let parsed = OnCalendar::parse_in(text, &local).ok()?;
    let times = parsed.between(utc(base), Timestamp::MAX, &local, ITERATIONS);
    // `systemd-analyze` shows whole seconds.
    let whole = |time: &Timestamp| Timestamp::from_second(time.as_second()).expect("a time");
    Some((parsed.to_string(), times.iter().map(whole).collect()))
}

/// A time as `systemd-analyze` shows it.
fn moment_of(text: &str) -> Timestamp {
    let (_, time) = text.split_once(' ').expect("a weekday");
    utc(time.strip_suffix(" UTC").expect("UTC"))
}
