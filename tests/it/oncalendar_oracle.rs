//! The reader of calendar expressions against `systemd-analyze` 252, on random expressions, zones and times.
//!
//! Needs `systemd-analyze` of that version. `ACME_AUDIT_ORACLE_CASES` is the number of expressions (default 2000) and
//! `ACME_AUDIT_ORACLE_SEED` changes them.

use std::process::Command;

use acme_audit::calendar::{OnCalendar, seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Many zones, with changes at midnight, by half an hour, by a whole day and by none.
const ZONES: [&str; 10] = [
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
];

/// Some of them shortly before a change of the clock in one of those zones.
const BASES: [&str; 13] = [
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
];

const ITERATIONS: usize = 6;

/// How many expressions one process takes.
const BATCH: u64 = 100;

/// The answer where systemd ends with "Infinite loop in calendar calculation".
///
/// A step without an end, as in `10/3:13`, can run over the end of its day or year to a time at which the other season
/// holds; systemd then starts over at midnight with the wrong season, one hour back, for ever. We go on to the next day,
/// so these are counted and not compared.
const GAVE_UP: &str = "gave up";

/// Normalized form and firings in UTC, or nothing for a refused expression.
type Answer = Option<(String, Vec<String>)>;

#[test]
fn reads_random_expressions_as_systemd_does() {
    if !oracle_is_there() {
        return;
    }
    let mut random = Random(number("ACME_AUDIT_ORACLE_SEED", 20_261_124));
    let count = number("ACME_AUDIT_ORACLE_CASES", 2000);
    let (mut accepted, mut gave_up, mut differences) = (0, 0, Vec::new());
    for _ in 0..count.div_ceil(BATCH) {
        let zone = random.pick(&ZONES);
        let base = random.pick(&BASES);
        let texts: Vec<String> = (0..BATCH).map(|_| expression(&mut random)).collect();
        let theirs = ask_systemd(zone, base, &texts);
        for (text, theirs) in texts.iter().zip(theirs) {
            let ours = read(zone, base, text);
            accepted += usize::from(theirs.is_some());
            if theirs.as_ref().is_some_and(|(form, _)| form == GAVE_UP) {
                gave_up += 1;
            } else if ours != theirs {
                differences.push(format!(
                    "{text:?} in {zone} from {base}\n  ours    {ours:?}\n  systemd {theirs:?}"
                ));
            }
        }
    }
    eprintln!(
        "compared {count} expressions, {accepted} valid, systemd gave up on {gave_up}, {} differ",
        differences.len()
    );
    assert!(gave_up * 100 <= accepted, "systemd gave up on {gave_up}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
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

fn ask_systemd(zone: &str, base: &str, texts: &[String]) -> Vec<Answer> {
    let output = Command::new("systemd-analyze")
        .env("TZ", zone)
        .env("LC_ALL", "C.UTF-8")
        .env("SYSTEMD_COLORS", "0")
        .args(["calendar", &format!("--iterations={ITERATIONS}"), &format!("--base-time={base} UTC"), "--"])
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
            let times = times.filter(|time| time != "never").collect();
            Some((value("Normalized form:").expect("a normalized form"), times))
        })
        .collect()
}

fn read(zone: &str, base: &str, text: &str) -> Answer {
    let local = TimeZone::get(zone).expect("zone");
    let parsed = OnCalendar::parse_in(text, &local).ok()?;
    let after: Timestamp = format!("{}Z", base.replace(' ', "T")).parse().expect("time");
    let times = parsed.between(after, Timestamp::MAX, &local, ITERATIONS);
    let shown = |time: &Timestamp| time.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string();
    Some((parsed.to_string(), times.iter().map(shown).collect()))
}

/// A small generator, so that a seed gives the same expressions everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }
}

fn expression(random: &mut Random) -> String {
    let mut text = if random.one_in(12) {
        let words = [
            "minutely",
            "Hourly",
            "daily",
            "weekly",
            "monthly",
            "yearly",
            "quarterly",
            "semi-annually",
            "@1900000000",
            "@ 5",
        ];
        random.pick(&words).to_owned()
    } else {
        let mut parts = Vec::new();
        if random.one_in(4) {
            let days = [
                "Mon",
                "tue..Thu",
                "Sat,Sun",
                "Mon..Fri",
                "Friday",
                "Wed-Sat,Mon",
                "Mon,",
                "Sun..Mon",
                "Thu..Thu",
            ];
            parts.push(random.pick(&days).to_owned());
        }
        if random.one_in(2) {
            let dash = if random.one_in(5) { "~" } else { "-" };
            let date = format!(
                "{}{dash}{}",
                chain(random, 1, 12),
                chain(random, 1, if dash == "~" { 28 } else { 31 })
            );
            parts.push(match random.below(4) {
                0 => date,
                1 => format!("{}-{date}", chain(random, 2011, 2035)),
                _ => format!("*-{date}"),
            });
        }
        if !random.one_in(4) {
            let time = format!(
                "{}:{}",
                if random.one_in(2) { chain(random, 0, 4) } else { chain(random, 0, 23) },
                chain(random, 0, 59)
            );
            parts.push(match random.below(3) {
                0 => format!("{time}:{}", chain(random, 0, 59)),
                _ => time,
            });
        }
        parts.join(" ")
    };
    if random.one_in(6) {
        text += random.pick(&[
            " UTC",
            " utc",
            " Europe/Berlin",
            " America/Sao_Paulo",
            " Asia/Tokyo",
            " europe/berlin",
            " Nowhere",
        ]);
    }
    if random.one_in(6) {
        mutate(random, &mut text);
    }
    // The expressions of one call are told apart by their text.
    if text.is_empty() { "*-*-*".to_owned() } else { text }
}

/// Items of a field, now and then out of its range.
fn chain(random: &mut Random, low: u64, high: u64) -> String {
    if random.one_in(3) {
        return "*".to_owned();
    }
    let items = 1 + if random.one_in(3) { random.below(3) } else { 0 };
    let item = |random: &mut Random| {
        let beyond = u64::from(random.one_in(20));
        let value = |random: &mut Random| low + random.below(high - low + 1 + beyond);
        let start = value(random);
        match random.below(6) {
            0 => format!("{start}..{}", start + random.below(6)),
            1 => format!("{start}/{}", 1 + random.below(8)),
            2 => format!("{start}..{}/{}", start + random.below(9), 1 + random.below(4)),
            _ => format!("{start:02}"),
        }
    };
    (0..items).map(|_| item(random)).collect::<Vec<_>>().join(",")
}

/// Takes out, doubles or puts in a character.
fn mutate(random: &mut Random, text: &mut String) {
    let at = usize::try_from(random.below(text.len() as u64 + 1)).expect("an index");
    if random.one_in(3) && at < text.len() {
        text.remove(at);
    } else {
        let sign = random.pick(&[
            "*",
            "/",
            ",",
            "-",
            "~",
            "..",
            ".",
            ":",
            " ",
            "0",
            "7",
            "x",
            "@",
            "+",
            "99999999999",
        ]);
        text.insert_str(at, sign);
    }
}

fn span(random: &mut Random) -> String {
    const PIECES: [&str; 30] = [
        "1",
        "30",
        "2.5",
        ".5",
        "0",
        "12",
        "h",
        "min",
        "s",
        "ms",
        "us",
        "M",
        "m",
        "d",
        "days",
        "weeks",
        "w",
        "y",
        "year",
        "hr",
        "sec",
        "msec",
        "usec",
        " ",
        " ",
        "infinity",
        "-",
        "+",
        ".",
        "9999999999999",
    ];
    (0..=random.below(5)).map(|_| random.pick(&PIECES)).collect()
}
