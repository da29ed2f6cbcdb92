//! Failures that are remembered, so that hourly timers and denser ones never try a name into the CA's limits.
//! <https://letsencrypt.org/docs/rate-limits/>
//!
//! [`trouble`] tells what a failure costs there, [`names`] counts by name across lineages. A lineage that fails every time is
//! tried 6 times on the first day and about once on each further one, far from what has a name paused.

pub mod names;
pub mod trouble;
mod wait;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::facts::Lineage;
use crate::state;

use self::wait::Wait;

pub use self::trouble::{Failed, Kind, Trouble};

/// The folder of notes, below the state directory.
const FOLDER: &str = "failures";

/// The failures of a lineage at one CA since its last success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failures {
    /// How many, those apart for which the CA was down.
    pub count: u32,
    /// How often in a row the CA was down.
    pub down: u32,
    /// When it may be tried again.
    pub not_before: Option<Timestamp>,
    /// The CA itself said so.
    pub told: bool,
    /// What the last one was.
    pub last: String,
    /// Why it waits for so long.
    pub wait: String,
    /// The serial number of the certificate that was to be renewed.
    pub serial: String,
}

/// What fails.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// The directory of its CA.
    pub server: &'a str,
    /// The lineage's name.
    pub lineage: &'a str,
    /// The serial number of its certificate.
    pub serial: &'a str,
}

impl Failures {
    /// Until when it is not tried; a time that no failure can have set was that of a clock that went wrong.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let longest = SignedDuration::from_secs(trouble::MOST_TOLD);
        self.not_before.filter(|until| *until > now && until.duration_since(now) <= longest)
    }
}

impl std::fmt::Display for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.down, self.count) {
            (1, _) => write!(f, "its CA was not there or not well: {}", self.last)?,
            (2.., _) => {
                write!(f, "its CA was not there or not well {} times, at last: {}", self.down, self.last)?
            }
            (0, 1) => write!(f, "it has failed once: {}", self.last)?,
            (0, count) => write!(f, "it has failed {count} times, at last: {}", self.last)?,
        }
        match self.wait.as_str() {
            "" => Ok(()),
            wait => write!(f, " ({wait})"),
        }
    }
}

/// The name of a file about a lineage or a name at a CA.
fn id(server: &str, name: &str) -> String {
    format!("{}.json", state::id(server, name))
}

fn file(state_dir: &Path, server: &str, lineage: &str) -> PathBuf {
    state_dir.join(FOLDER).join(id(server, lineage))
}

fn read<T: Default + for<'a> Deserialize<'a>>(file: &Path) -> T {
    let text = fs::read(file).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// What CAs say is for its owner alone: a link that ends a pause may be in it.
fn write(file: &Path, what: &impl Serialize) -> io::Result<()> {
    state::write(file, &serde_json::to_vec(what)?)
}

/// What is remembered; nothing where that cannot be read.
pub fn of(state_dir: &Path, server: &str, lineage: &str) -> Failures {
    read(&file(state_dir, server, lineage))
}

/// What is remembered of a lineage at a CA and its present certificate: another client may have renewed it since.
pub fn standing(state_dir: &Path, server: &str, lineage: &Lineage) -> Failures {
    let failures = of(state_dir, server, &lineage.name);
    let is_of = |serial: &str| lineage.cert.as_ref().is_ok_and(|cert| cert.serial == serial);
    match failures.serial.as_str() {
        "" => failures,
        serial if is_of(serial) => failures,
        _ => Failures::default(),
    }
}

/// Remembers one more; a CA that says how long to wait is believed.
///
/// # Errors
/// The state directory cannot be written.
pub fn failed(
    state_dir: &Path,
    Of { server, lineage, serial }: Of<'_>,
    why: &str,
    trouble: &Trouble,
    now: Timestamp,
) -> io::Result<()> {
    let before = of(state_dir, server, lineage);
    let before =
        if before.serial.is_empty() || before.serial == serial { before } else { Failures::default() };
    let Failures { count, down, .. } = before;
    let (count, down) = match trouble.kind {
        Kind::Down => (count, down.saturating_add(1)),
        _ => (count.saturating_add(1), 0),
    };
    let Wait { long, because, told } = Wait::after(trouble, (count, down), now);
    let failures = Failures {
        count,
        down,
        not_before: now.checked_add(long).ok(),
        told,
        last: why.chars().take(500).collect(),
        wait: because.to_owned(),
        serial: serial.to_owned(),
    };
    write(&file(state_dir, server, lineage), &failures)?;
    lost(state_dir, server, &trouble.names, now)
}

/// Remembers names that the CA did not validate although the lineage was renewed, without them.
///
/// # Errors
/// The state directory cannot be written.
pub fn lost(state_dir: &Path, server: &str, refused: &[String], now: Timestamp) -> io::Result<()> {
    refused.iter().try_for_each(|name| names::failed(state_dir, server, name, now))
}

/// Forgets them, and those of its proven names at this CA.
pub fn succeeded(state_dir: &Path, (server, lineage): (&str, &str), proven: &[String]) {
    let _ = fs::remove_file(file(state_dir, server, lineage));
    proven.iter().for_each(|name| names::succeeded(state_dir, server, name));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = "https://ca.test/directory";

    fn a(lineage: &str) -> Of<'_> {
        Of { server: CA, lineage, serial: "1" }
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    /// The minutes that a lineage waits after a failure.
    fn minutes(dir: &Path, lineage: &str, trouble: &Trouble) -> i64 {
        let now = at("2026-11-28T12:00:00Z");
        failed(dir, a(lineage), "404", trouble, now).unwrap();
        of(dir, CA, lineage).not_before.unwrap().duration_since(now).as_secs() / 60
    }

    fn kind(kind: Kind, retry_after: Option<u64>) -> Trouble {
        Trouble { kind, retry_after, ..Trouble::default() }
    }

    #[test]
    fn each_failure_waits_twice_as_long_and_a_success_forgets() {
        let dir = tempfile::tempdir().unwrap();
        let refused = kind(Kind::Refused, None);
        let waits: Vec<i64> = (0..8).map(|_| minutes(dir.path(), "a/../b", &refused)).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1440, 1440]);
        assert_eq!(minutes(dir.path(), "a/../b", &kind(Kind::Limited, Some(200_000))), 200_000 / 60);
        succeeded(dir.path(), (CA, "a/../b"), &[]);
        assert_eq!(of(dir.path(), CA, "a/../b"), Failures::default());
        assert_eq!(of(dir.path(), "https://other.test/", "a"), Failures::default());
    }

    #[test]
    fn a_ca_that_is_down_is_asked_sooner_and_counts_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let down = kind(Kind::Down, None);
        let waits: Vec<i64> = (0..6).map(|_| minutes(dir.path(), "a", &down)).collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        assert!(of(dir.path(), CA, "a").to_string().contains("6 times"), "{}", of(dir.path(), CA, "a"));
        assert_eq!(minutes(dir.path(), "a", &kind(Kind::Refused, None)), 30, "the first that counts");
        assert_eq!(minutes(dir.path(), "a", &down), 5);
        assert_eq!(minutes(dir.path(), "a", &kind(Kind::Down, Some(7_200))), 120);
        assert!(of(dir.path(), CA, "a").told);
        assert_eq!(minutes(dir.path(), "a", &kind(Kind::Refused, None)), 60);
    }

    #[test]
    fn certificates_in_vain_never_reach_five_in_a_week() {
        let dir = tempfile::tempdir().unwrap();
        let wait = minutes(dir.path(), "a", &kind(Kind::InVain, None));
        assert!(5 * wait > 7 * 24 * 60, "{wait}");
    }

    #[test]
    fn a_name_that_fails_in_several_lineages_is_held_before_the_limit_and_no_longer_than_needed() {
        let dir = tempfile::tempdir().unwrap();
        let validation = Trouble { names: vec!["www.a.test".into()], ..kind(Kind::Refused, None) };
        let fail = |time: &str, lineage: &str| {
            failed(dir.path(), a(lineage), "404", &validation, at(time)).unwrap();
        };
        let held = |time: &str| names::held(dir.path(), CA, "www.a.test", at(time)).map(|held| held.until);
        for (time, lineage) in
            [("2026-11-28T12:00:00Z", "a"), ("2026-11-28T12:10:00Z", "b"), ("2026-11-28T12:20:00Z", "c")]
        {
            fail(time, lineage);
            assert_eq!(held(time), None);
        }
        fail("2026-11-28T12:30:00Z", "d");
        assert_eq!(held("2026-11-28T12:31:00Z"), Some(at("2026-11-28T13:00:00Z")));
        assert_eq!(held("2026-11-28T13:00:00Z"), None, "the first one is forgotten");
        assert_eq!(
            names::held(dir.path(), "https://other.test/", "www.a.test", at("2026-11-28T12:31:00Z")),
            None
        );
        succeeded(dir.path(), (CA, "a"), &["www.a.test".into()]);
        assert_eq!(held("2026-11-28T12:31:00Z"), None);
    }

    #[test]
    fn failures_of_a_certificate_that_another_client_has_renewed_are_past() {
        let dir = tempfile::tempdir().unwrap();
        let mut lineage = crate::checks::testing::lineage();
        let serial = lineage.cert.as_ref().unwrap().serial.clone();
        let of = Of { serial: &serial, ..a(&lineage.name) };
        failed(dir.path(), of, "404", &kind(Kind::Refused, None), at("2026-11-28T12:00:00Z")).unwrap();
        assert_eq!(standing(dir.path(), CA, &lineage).count, 1);
        lineage.cert.as_mut().unwrap().serial = "2".into();
        assert_eq!(standing(dir.path(), CA, &lineage), Failures::default());
        let of = Of { serial: "2", ..a(&lineage.name) };
        failed(dir.path(), of, "404", &kind(Kind::Refused, None), at("2026-11-28T13:00:00Z")).unwrap();
        assert_eq!(standing(dir.path(), CA, &lineage).count, 1);
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_nothing_back_for_years() {
        let failures = Failures { not_before: Some(at("2027-11-28T12:00:00Z")), ..Failures::default() };
        assert_eq!(failures.until(at("2026-11-28T12:00:00Z")), None);
        assert_eq!(failures.until(at("2027-11-28T11:00:00Z")), failures.not_before);
        assert_eq!(failures.until(at("2027-11-28T12:00:00Z")), None);
    }

    #[test]
    fn as_many_orders_with_a_name_as_may_still_fail_have_room() {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-11-28T12:00:00Z");
        let room = || names::room(dir.path(), CA, "www.a.test", now);
        assert_eq!(room(), 4);
        lost(dir.path(), CA, &["www.a.test".into()], now).unwrap();
        assert_eq!(room(), 3);
        (0..9).for_each(|_| lost(dir.path(), CA, &["www.a.test".into()], now).unwrap());
        assert_eq!(room(), 1);
    }

    #[test]
    fn notes_of_an_earlier_version_are_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(FOLDER)).unwrap();
        let old = r#"{"count":3,"not_before":"2026-11-28T12:00:00Z","last":"404"}"#;
        fs::write(file(dir.path(), CA, "a"), old).unwrap();
        assert_eq!(of(dir.path(), CA, "a").to_string(), "it has failed 3 times, at last: 404");
    }
}
