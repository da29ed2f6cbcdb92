//! The nights on which clocks change, against Debian's cron itself.
//!
//! Each daemon runs under faketime, in mount and pid namespaces that hide the machine's own crontabs; a minute takes it a
//! fifth of a second. Its jobs write down the second, by the same clock, and have two minutes for that.

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use acme_audit::calendar::CronTimes;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::lab::{clean, skip};

/// How many times faster than ours the daemon's clock goes.
const RATE: i64 = 300;
/// So late, in seconds, a job may write.
const LATE: i64 = 120;

/// `$1` is a folder with a `table`, `$2` the second at which the clock starts, `$3` its rate, `$4` how long we listen, in our
/// seconds. cron gives its jobs no environment but what the table sets, and so the table sets faketime's.
const DAEMON: &str = r#"
set -eu
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /etc/cron.d
mount -t tmpfs tmpfs /var/spool/cron
mkdir /var/spool/cron/crontabs
mount -t tmpfs tmpfs /run
for kind in auth account session; do echo "$kind required pam_permit.so"; done >/run/pam
mount --bind /run/pam /etc/pam.d/cron
export DIR="$1" FAKETIME_FMT=%s FAKETIME_DONT_RESET=1 NO_FAKE_STAT=1
faketime -f "@$2 x$3" sh -c '
    { env | grep -E "^(LD_PRELOAD|NO_FAKE_STAT|FAKETIME)"; echo "MAILTO=\"\""; cat "$DIR/table"; } >/run/crontab
    mount --bind /run/crontab /etc/crontab
    exec cron -f' &
sleep "$4"
"#;

/// Some minutes around a change of clocks.
struct Night {
    /// A name, or a rule as POSIX has it.
    zone: &'static str,
    /// In UTC.
    from: &'static str,
    minutes: i64,
    lines: &'static [&'static str],
}

const USUAL: &[&str] = &[
    "30 2 * * *",
    "0 3 * * *",
    "*/15 * * * *",
    "30 * * * *",
    "15,45 1-3 * * *",
    "@hourly",
    "45 1 * * *",
    "40 2 * * 0",
];
const STEPS: &[&str] = &[
    "2 * * * *",
    "2 2 * * *",
    "30 3 * * *",
    "0 5 * * *",
    "5 0 * * *",
    "6 * * * *",
    "59 * * * *",
    "59 23,2 * * *",
];

/// Nights that run at once; those of one list run one after the other.
const NIGHTS: [&[Night]; 5] = [
    // An hour ahead at 01:00 and back at 01:00 UTC.
    &[Night { zone: "Europe/Berlin", from: "2026-03-29T00:51:30Z", minutes: 70, lines: USUAL }],
    &[Night { zone: "Europe/Berlin", from: "2026-10-25T00:22:30Z", minutes: 103, lines: USUAL }],
    // Half an hour back at 15:00 and ahead at 15:30 UTC.
    &[Night { zone: "Australia/Lord_Howe", from: "2026-04-04T14:27:30Z", minutes: 97, lines: USUAL }],
    &[
        Night { zone: "Australia/Lord_Howe", from: "2026-10-03T15:22:30Z", minutes: 25, lines: USUAL },
        // Three hours and a minute back, at 23:59 UTC: a jump.
        steps("AAA0BBB-3:01,M3.5.0/2,M10.5.0/3", "2026-10-24T23:54:30Z"),
        // Three hours back, at 00:00 UTC, are followed.
        steps("AAA0BBB-3,M3.5.0/2,M10.5.0/3", "2026-10-24T23:54:30Z"),
        // A minute back, at 02:59 UTC.
        steps("AAA0BBB-0:01,M3.5.0/2,M10.5.0/3", "2026-10-25T02:54:30Z"),
    ],
    // Ahead at 02:00 UTC: four minutes, five, just below three hours, and three hours, which are a jump.
    &[
        steps("AAA0BBB-0:04,M3.5.0/2,M10.5.0/3", "2026-03-29T01:55:30Z"),
        steps("AAA0BBB-0:05,M3.5.0/2,M10.5.0/3", "2026-03-29T01:55:30Z"),
        steps("AAA0BBB-2:59,M3.5.0/2,M10.5.0/3", "2026-03-29T01:55:30Z"),
        steps("AAA0BBB-3,M3.5.0/2,M10.5.0/3", "2026-03-29T01:55:30Z"),
    ],
];

const fn steps(zone: &'static str, from: &'static str) -> Night {
    Night { zone, from, minutes: 15, lines: STEPS }
}

#[test]
fn fires_when_debians_cron_does_on_the_nights_on_which_clocks_change() {
    if let Some(why) = missing() {
        skip(why);
        return;
    }
    let nights: Vec<Option<Vec<String>>> = thread::scope(|scope| {
        let lists = NIGHTS.map(|list| scope.spawn(|| list.iter().map(compare).collect::<Vec<_>>()));
        lists.into_iter().flat_map(|list| list.join().expect("a night")).collect()
    });
    let busy = nights.iter().filter(|night| night.is_none()).count();
    let wrong: Vec<String> = nights.into_iter().flatten().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if busy > 0 {
        skip(&format!("the machine is too busy for the clocks of {busy} daemons"));
    }
}

fn missing() -> Option<&'static str> {
    let works =
        |script| clean("sh").args(["-c", script]).output().is_ok_and(|output| output.status.success());
    if !works("[ -x /usr/sbin/cron ] && command -v faketime unshare && [ -e /etc/pam.d/cron ]") {
        return Some("cron or faketime is not installed (tests/run installs them)");
    }
    if !works("[ -e /usr/share/zoneinfo/Australia/Lord_Howe ]") {
        return Some("the C library has no time zones here");
    }
    // A container may allow the namespaces and still refuse mounts.
    let rights = "unshare --mount --pid --fork --kill-child mount -t tmpfs tmpfs /run";
    (!works(rights)).then_some("needs root, and mount and pid namespaces")
}

/// What differs between the daemon and us in a night; `None` when the daemon could not keep its time.
///
/// A daemon that the machine keeps waiting for five of its minutes takes that for a change of the clock, and a job may write
/// late: what differs on a busy machine must do so again.
fn compare(night: &Night) -> Option<Vec<String>> {
    let from: Timestamp = night.from.parse().expect("a time");
    let until = from + SignedDuration::from_mins(night.minutes);
    let mut wrong = None;
    for _ in 0..3 {
        let fired = listen(night, from);
        if steady(&fired, from, until) {
            let now = differences(night, from, until, &fired);
            if now.is_empty() {
                return Some(now);
            }
            wrong = Some(now);
        }
    }
    wrong
}

fn differences(night: &Night, from: Timestamp, until: Timestamp, fired: &[(usize, i64)]) -> Vec<String> {
    let zone = match night.zone.contains(',') {
        true => TimeZone::posix(night.zone).expect("a rule"),
        false => TimeZone::get(night.zone).expect("a zone"),
    };
    let told = |at: &i64| {
        let at = Timestamp::from_second(*at).expect("a time");
        format!("{} {}", zone.to_datetime(at), zone.to_offset(at))
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, line) in (1..).zip(night.lines) {
        let times = CronTimes::parse(line).expect("times");
        let ours = times.between(from, until + SignedDuration::from_mins(15), &zone, usize::MAX);
        let ours: Vec<i64> = ours.iter().map(|at| at.as_second()).collect();
        let theirs: BTreeSet<i64> = fired.iter().filter(|(n, _)| *n == number).map(|(_, at)| *at).collect();
        let meets = |ours: i64, theirs: i64| (0..LATE).contains(&(theirs - ours));
        let odd = theirs.iter().find(|theirs| !ours.iter().any(|ours| meets(*ours, **theirs)));
        let mut due = ours.iter().filter(|ours| **ours < until.as_second());
        count += due.clone().count();
        let lacking = due.find(|ours| !theirs.iter().any(|theirs| meets(**ours, *theirs)));
        let what = format!("{} from {}: {line}", night.zone, night.from);
        wrong.extend(odd.map(|at| format!("{what}: cron fires at {}, we do not", told(at))));
        wrong.extend(lacking.map(|at| format!("{what}: we fire at {}, cron does not", told(at))));
    }
    eprintln!("{} from {}: {} lines, {count} firings", night.zone, night.from, night.lines.len());
    wrong
}

/// Runs the daemon, and gives the numbers of its lines with the seconds at which they fired. Line 0 is each minute.
fn listen(night: &Night, from: Timestamp) -> Vec<(usize, i64)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fired = folder.path().join("fired");
    let lines = std::iter::once(&"* * * * *").chain(night.lines).enumerate();
    let job = |(number, times): (usize, &&str)| {
        format!("{times} root echo {number} $(date +\\%s) >>{}\n", fired.display())
    };
    fs::write(folder.path().join("table"), lines.map(job).collect::<String>()).expect("write");
    let listen = (night.minutes + 4) * 60 / RATE + 1;
    let output = clean("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", DAEMON, "sh"])
        .arg(folder.path())
        .args([from.as_second(), RATE, listen].map(|number| number.to_string()))
        .env("TZ", night.zone)
        .output()
        .expect("unshare runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pair = |line: &str| {
        let (number, second) = line.split_once(' ')?;
        Some((number.parse().ok()?, second.parse().ok()?))
    };
    fs::read_to_string(fired).unwrap_or_default().lines().filter_map(pair).collect()
}

/// Whether the line of each minute fired all the while, without a pause near the five minutes that count.
fn steady(fired: &[(usize, i64)], from: Timestamp, until: Timestamp) -> bool {
    let minutes = fired.iter().filter(|(number, _)| *number == 0).map(|(_, at)| *at);
    let all: BTreeSet<i64> = [from, until].map(Timestamp::as_second).into_iter().chain(minutes).collect();
    all.iter().zip(all.iter().skip(1)).all(|(one, next)| next - one <= 3 * 60)
}
