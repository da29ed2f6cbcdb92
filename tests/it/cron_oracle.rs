//! The times of crontabs against Debian's `crontab -n`, and against Python's croniter, on random entries.
//!
//! `crontab -n` is asked where it is installed; croniter needs `ACME_AUDIT_LAB_PYTHON`, an interpreter that has it.
//! `ACME_AUDIT_ORACLE_CASES` is the number of entries (default 1000) and `ACME_AUDIT_ORACLE_SEED` changes them.

use std::fs;
use std::process::Command;

use acme_audit::calendar::CronTimes;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Reads expressions, prints for each its first firings in UTC as seconds, or `refused`.
const CRONITER: &str = r#"
import sys
from croniter import croniter
for line in open(sys.argv[1]):
    try:
        times = croniter(line.strip(), 1771000000, implement_cron_bug=True)
        print(*[int(times.get_next(float)) for _ in range(15)])
    except Exception:
        print("refused")
"#;
const START: i64 = 1_771_000_000;

#[test]
fn takes_and_refuses_what_crontab_does() {
    if Command::new("crontab").arg("-V").output().is_err() {
        eprintln!("skipped: crontab is not installed (tests/run installs it)");
        return;
    }
    let (seed, count) =
        (number("ACME_AUDIT_ORACLE_SEED", 20_261_124), number("ACME_AUDIT_ORACLE_CASES", 1000));
    let mut random = Random(seed);
    let entries: Vec<String> = (0..count).map(|_| mutated(&mut random)).collect();
    let mut refused = 0;
    for batch in entries.chunks(100) {
        for (entry, theirs) in batch.iter().zip(crontab(batch)) {
            let ours = CronTimes::parse(entry).err().map(|error| error.what);
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
        eprintln!("skipped: ACME_AUDIT_LAB_PYTHON is not set (tests/run sets it)");
        return;
    };
    let (seed, count) =
        (number("ACME_AUDIT_ORACLE_SEED", 20_261_124), number("ACME_AUDIT_ORACLE_CASES", 1000));
    let mut random = Random(seed);
    let entries: Vec<String> = (0..count).map(|_| valid(&mut random)).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (script, list) = (folder.path().join("oracle.py"), folder.path().join("entries"));
    fs::write(&script, CRONITER).expect("write");
    fs::write(&list, entries.join("\n")).expect("write");
    let output = Command::new(python).arg(&script).arg(&list).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).expect("python prints ASCII");
    assert_eq!(answers.lines().count(), entries.len());
    let (mut same, mut unstarred, mut impossible) = (0, 0, 0);
    for (entry, theirs) in entries.iter().zip(answers.lines()) {
        let times = CronTimes::parse(entry).expect("a valid entry");
        let ours = firings(&times);
        if ours == theirs {
            same += 1;
        } else if times.never() && theirs == "refused" {
            impossible += 1; // croniter looks for a date, and then throws
        } else if full_without_star(&times) {
            unstarred += 1; // croniter takes `1-31` for a star; to cron only a star is one
        } else {
            panic!("seed {seed}: {entry}\n  ours     {ours}\n  croniter {theirs}");
        }
    }
    eprintln!(
        "compared {count} entries: {same} the same, {unstarred} of whole ranges, {impossible} impossible"
    );
    assert!(same * 10 > entries.len() * 8, "too few alike: {same} of {count}");
}

fn firings(times: &CronTimes) -> String {
    let start = Timestamp::from_second(START).expect("a time");
    let all = times.between(start, Timestamp::MAX, &TimeZone::UTC, 15);
    all.iter().map(|at| at.as_second().to_string()).collect::<Vec<_>>().join(" ")
}

/// Whether a day field names every day, but not by a star.
fn full_without_star(times: &CronTimes) -> bool {
    let shown = times.to_string();
    let fields: Vec<&str> = shown.split(' ').collect();
    fields[2] == "1-31" || fields[4] == "0-6"
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

const BOUNDS: [(u64, u64); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

/// An entry of ascending ranges.
fn valid(random: &mut Random) -> String {
    BOUNDS.map(|bounds| field(random, bounds)).join(" ")
}

fn field(random: &mut Random, (low, high): (u64, u64)) -> String {
    let items = if random.below(3) == 0 { 1 + random.below(3) } else { 1 };
    (0..items)
        .map(|_| {
            let first = low + random.below(high - low + 1);
            let last = first + random.below(high - first + 1);
            let step = 1 + random.below(high);
            match random.below(8) {
                0..=2 => "*".to_owned(),
                3 => format!("*/{step}"),
                4 if last > first => format!("{first}-{last}"),
                5 if last > first => format!("{first}-{last}/{step}"),
                _ => first.to_string(),
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

/// An entry and a command, most often changed in a place or two. No `=`, which makes a setting of a line.
fn mutated(random: &mut Random) -> String {
    const PIECES: [&str; 34] = [
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
            _ => entry.insert_str(at, PIECES[random.below(34) as usize]),
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
