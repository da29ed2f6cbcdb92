//! The times of crontabs against Debian's `crontab -n`, and against Python's croniter, on random entries.
//!
//! `crontab -n` is asked where it is installed; croniter needs `ACME_AUDIT_LAB_PYTHON`, an interpreter that has it.
//! `ACME_AUDIT_ORACLE_CASES` is the number of entries (default 1000) and `ACME_AUDIT_ORACLE_SEED` changes them.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;

use acme_audit::calendar::CronTimes;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lab::skip;

/// Reads a zone, two seconds and an expression a line; prints for each the first firings after the one and up to the other
/// in seconds, or `never`.
const CRONITER: &str = r#"
import sys
from datetime import datetime
from zoneinfo import ZoneInfo
from croniter import CroniterBadDateError, croniter
for line in open(sys.argv[1]):
    zone, start, until, entry = line.rstrip("\n").split(" ", 3)
    try:
        times = croniter(entry, datetime.fromtimestamp(int(start), ZoneInfo(zone)), implement_cron_bug=True)
        firings = []
        while len(firings) < 15 and (at := int(times.get_next(float))) <= int(until):
            firings.append(at)
        print(*firings)
    except CroniterBadDateError:
        print("never")
"#;
/// Zones with clocks that change, and with odd offsets.
const ZONES: [&str; 10] = [
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Caracas",
    "Pacific/Kiritimati",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
];
/// 2100-01-01, shortly before our last year.
const END: i64 = 4_102_444_800;

#[test]
fn takes_and_refuses_what_crontab_does() {
    if Command::new("crontab").arg("-V").output().is_err() {
        skip("crontab is not installed (tests/run installs it)");
        return;
    }
    let (seed, count) = (seed(), number("ACME_AUDIT_ORACLE_CASES", 1000));
    let mut random = Random(seed);
    let entries: Vec<String> = (0..count).map(|_| mutated(&mut random)).collect();
    let mut refused = 0;
    for batch in entries.chunks(100) {
        for (entry, theirs) in batch.iter().zip(crontab(batch)) {
            let ours = CronTimes::parse_line(entry).err().map(|error| error.what);
            assert_eq!(ours, theirs, "seed {seed}: {entry:?}, crontab's verdict on the right");
            refused += usize::from(theirs.is_some());
        }
    }
    eprintln!("compared {count} entries, {refused} of them refused");
    assert!(
        refused * 10 > entries.len() && refused * 10 < entries.len() * 9,
        "lopsided: {refused} of {count} refused"
    );
}

/// What `crontab -n` says of each entry. It stops at the first bad one, so we ask again from the one after.
fn crontab(entries: &[String]) -> Vec<Option<String>> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut verdicts = Vec::new();
    while verdicts.len() < entries.len() {
        // An error at the end of a line is told for the next line: a comment after each entry keeps them apart.
        let text: String = entries[verdicts.len()..].iter().map(|entry| format!("{entry}\n#\n")).collect();
        fs::write(file.path(), text).expect("write");
        let output = Command::new("crontab").arg("-n").arg(file.path()).output().expect("crontab runs");
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            verdicts.resize(entries.len(), None);
            break;
        }
        let (line, what) = said
            .lines()
            .next()
            .and_then(|line| line.rsplit_once("\":"))
            .and_then(|(_, rest)| rest.split_once(": "))
            .unwrap_or_else(|| panic!("crontab said {said:?}"));
        let good: usize = line.parse::<usize>().expect("a line number") / 2;
        verdicts.resize(verdicts.len() + good, None);
        verdicts.push(Some(what.to_owned()));
    }
    verdicts
}

#[test]
fn fires_when_croniter_does() {
    let Some(python) = std::env::var_os("ACME_AUDIT_LAB_PYTHON") else {
        skip("ACME_AUDIT_LAB_PYTHON is not set (tests/run sets it)");
        return;
    };
    let (seed, count) = (seed(), number("ACME_AUDIT_ORACLE_CASES", 1000));
    let mut random = Random(seed);
    let cases: Vec<Case> = (0..count).map(|_| Case::new(&mut random)).collect();
    let (mut same, mut impossible, mut unstarred) = (0, 0, Vec::new());
    for (case, theirs) in cases.iter().zip(croniter(&python, &cases)) {
        let ours = case.firings();
        if ours == theirs {
            same += 1;
            impossible += usize::from(ours == "never");
        } else if let Some(starred) = case.starred() {
            // croniter takes `1-31` for a star; to cron only a star is one.
            assert_eq!(starred.firings(), theirs, "seed {seed}: {case:?} as if it were {starred:?}");
            unstarred.push(case);
        } else {
            panic!("seed {seed}: {case:?}\n  ours     {ours}\n  croniter {theirs}");
        }
    }
    // A range of all days next to some days are all days, which croniter can be told by stars.
    let daily: Vec<Case> = unstarred.iter().map(|case| case.daily()).collect();
    for (case, theirs) in unstarred.iter().zip(croniter(&python, &daily)) {
        assert_eq!(case.firings(), theirs, "seed {seed}: {case:?} against croniter on every day");
    }
    eprintln!(
        "compared {count} entries: {same} the same ({impossible} impossible), {} of whole ranges the same with stars",
        unstarred.len()
    );
    assert!(same * 10 > cases.len() * 8, "too few alike: {same} of {count}");
}

/// An entry in a zone, over a time without a change of clocks there.
#[derive(Debug)]
struct Case {
    zone: &'static str,
    start: i64,
    until: i64,
    entry: String,
}

impl Case {
    fn new(random: &mut Random) -> Self {
        let zone = ZONES[random.below(ZONES.len() as u64) as usize];
        let somewhen =
            Timestamp::from_second(1_771_000_000 + random.below(300_000_000) as i64).expect("a time");
        let rules = TimeZone::get(zone).expect("a zone");
        let [last, next] = [rules.preceding(somewhen).next(), rules.following(somewhen).next()]
            .map(|change| change.map(|change| change.timestamp().as_second()));
        let hours = 4 * 3600;
        let start = last.map_or(i64::MIN, |last| last + hours).max(somewhen.as_second());
        let until = next.map_or(END, |next| next - hours).min(END);
        Case { zone, start, until, entry: valid(random) }
    }

    fn times(&self) -> CronTimes {
        CronTimes::parse(&self.entry).expect("a valid entry")
    }

    /// Our answer, as the script writes it.
    fn firings(&self) -> String {
        if self.times().never() {
            return "never".to_owned(); // croniter looks over 50 years
        }
        let [start, until] = [self.start, self.until].map(|at| Timestamp::from_second(at).expect("a time"));
        let all = self.times().between(start, until, &TimeZone::get(self.zone).expect("a zone"), 15);
        all.iter().map(|at| at.as_second().to_string()).collect::<Vec<_>>().join(" ")
    }

    /// The same with a star for each day field that names every day without one; `None` if there is no such field.
    fn starred(&self) -> Option<Self> {
        let shown = self.times().to_string();
        let mut fields: Vec<&str> = shown.split(' ').collect();
        for (place, all) in [(2, "1-31"), (4, "0-6")] {
            if fields[place] == all {
                fields[place] = "*";
            }
        }
        let entry = fields.join(" ");
        (entry != shown).then_some(Case { entry, ..*self })
    }

    /// The same on every day of its months.
    fn daily(&self) -> Self {
        let shown = self.times().to_string();
        let mut fields: Vec<&str> = shown.split(' ').collect();
        (fields[2], fields[4]) = ("*", "*");
        Case { entry: fields.join(" "), ..*self }
    }
}

/// What croniter answers to each case.
fn croniter(python: &OsStr, cases: &[Case]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (script, list) = (folder.path().join("oracle.py"), folder.path().join("cases"));
    let line = |case: &Case| format!("{} {} {} {}\n", case.zone, case.start, case.until, case.entry);
    fs::write(&script, CRONITER).expect("write");
    fs::write(&list, cases.iter().map(line).collect::<String>()).expect("write");
    let output = Command::new(python).arg(&script).arg(&list).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).expect("python prints ASCII");
    assert_eq!(answers.lines().count(), cases.len());
    answers.lines().map(str::to_owned).collect()
}

#[test]
fn the_normalized_form_reads_back_to_an_equal_value() {
    let mut random = Random(seed());
    let mut read = 0;
    for _ in 0..number("ACME_AUDIT_ORACLE_CASES", 1000) * 10 {
        let entry = if random.below(2) == 0 { valid(&mut random) } else { mutated(&mut random) };
        let Ok((times, _)) = CronTimes::parse_line(&entry) else { continue };
        let shown = times.to_string();
        let again = CronTimes::parse(&shown);
        assert_eq!(again.as_ref(), Ok(&times), "{entry:?} is shown as {shown}");
        assert_eq!(again.expect("times").to_string(), shown, "{entry:?}");
        read += 1;
    }
    assert!(read > 0);
}

fn seed() -> u64 {
    number("ACME_AUDIT_ORACLE_SEED", 20_261_124)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// Xorshift: the same entries for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }
}

/// The bounds of a field, and the names of its values from the first one on.
type Kind = (u64, u64, &'static [&'static str]);
const MONTHS: [&str; 12] =
    ["jan", "FEB", "Mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "Mon", "TUE", "wed", "thu", "fri", "sat"];
const KINDS: [Kind; 5] = [(0, 59, &[]), (0, 23, &[]), (1, 31, &[]), (1, 12, &MONTHS), (0, 7, &WEEKDAYS)];

/// An entry of ascending ranges, or a word.
fn valid(random: &mut Random) -> String {
    const WORDS: [&str; 7] =
        ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    match random.below(40) {
        0 => WORDS[random.below(7) as usize].to_owned(),
        _ => KINDS.map(|kind| field(random, kind)).join(" "),
    }
}

fn field(random: &mut Random, (low, high, names): Kind) -> String {
    let items = if random.below(3) == 0 { 1 + random.below(3) } else { 1 };
    let named = random.below(3) == 0;
    let told = |value: u64| match names.get((value - low) as usize).filter(|_| named) {
        Some(name) => (*name).to_owned(),
        None => value.to_string(),
    };
    (0..items)
        .map(|_| {
            let first = low + random.below(high - low + 1);
            let last = first + random.below(high - first + 1);
            let step = 1 + random.below(high);
            match random.below(9) {
                0..=2 => "*".to_owned(),
                3 => format!("*/{step}"),
                4 if last > first => format!("{}-{}", told(first), told(last)),
                5 if last > first => format!("{}-{}/{step}", told(first), told(last)),
                6 => format!("{low}-{high}"),
                _ => told(first),
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

/// An entry and a command, most often changed in a place or two. No `=`, which makes a setting of a line.
fn mutated(random: &mut Random) -> String {
    const PIECES: [&str; 39] = [
        "*",
        "/",
        "-",
        ",",
        " ",
        "\t",
        "#",
        "?",
        "0",
        "7",
        "60",
        "31",
        "24",
        "sun",
        "SAT",
        "fri-mon",
        "jan",
        "Dec",
        "sunday",
        "1#2",
        "22-2",
        "*/2",
        "*,10",
        "L",
        "5/10",
        "/0",
        "99999999999",
        "4294967297",
        "/2147483647",
        "é",
        "\r",
        "%",
        "x",
        "0x1",
        "30-58/2147483647",
        "5-9/2147483640",
        "sun-7/3",
        "0-7/7",
        " *",
    ];
    const WORDS: [&str; 10] = [
        "@reboot",
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
        "@Daily",
        "@",
    ];
    let mut entry = match random.below(12) {
        0 => WORDS[random.below(10) as usize].to_owned(),
        _ => valid(random),
    };
    entry.push_str(["", " ", " true", "\ttrue"][random.below(4) as usize]);
    for _ in 0..random.below(3) {
        let mut places: Vec<usize> = entry.char_indices().map(|(at, _)| at).collect();
        places.push(entry.len());
        let at = places[random.below(places.len() as u64) as usize];
        match random.below(3) {
            0 if at < entry.len() => {
                entry.remove(at);
            }
            _ => entry.insert_str(at, PIECES[random.below(PIECES.len() as u64) as usize]),
        }
    }
    // A blank line or a comment is no entry.
    if entry.trim_start_matches([' ', '\t']).is_empty()
        || entry.trim_start_matches([' ', '\t']).starts_with('#')
    {
        entry.insert_str(0, "0 ");
    }
    entry
}
