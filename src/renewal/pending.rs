//! Orders whose certificate was asked for and has not come: the next run fetches it, and orders nothing anew.
//!
//! The key has to be kept for that, in a file that only its owner reads; it is gone as soon as the certificate is live, or
//! another one has taken the place of the one that was to be renewed.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::stage::Options;
use crate::ca::DAY;
use crate::facts::Lineage;
use crate::state;

/// The folder of notes, below the state directory.
const FOLDER: &str = "orders";

/// The largest note that is read and written, in bytes.
const MAX_NOTE: usize = 64 << 10;

/// Such an order.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// The directory of the CA.
    pub(super) server: String,
    /// The account's URL.
    pub(super) account: String,
    /// The order's URL.
    pub(super) order: String,
    /// What it is for; empty for all names of its lineage.
    #[serde(default)]
    pub(super) identifiers: Vec<String>,
    /// The serial number of the certificate that was to be renewed.
    #[serde(default)]
    pub(super) serial: String,
    /// When its certificate was asked for.
    #[serde(default)]
    pub(super) asked: Timestamp,
    /// How many runs have tried to fetch it since.
    #[serde(default)]
    pub(super) fetches: u32,
    /// The key of the certificate, in PEM.
    pub(super) key: Zeroizing<String>,
}

impl Pending {
    /// Whether the CA has had long enough to give it: a day, or a small part of the life of certificates that live for days.
    pub(super) fn is_old(&self, lineage: &Lineage, now: Timestamp) -> bool {
        let life = lineage.cert.as_ref().map(|cert| cert.not_after.duration_since(cert.not_before));
        let long = SignedDuration::from_secs(DAY);
        now.duration_since(self.asked) > life.map_or(long, |life| long.min(life / 24))
    }

    /// Whether it is not to be expected any more: not after a single answer that did not come.
    pub(super) fn is_given_up(&self, lineage: &Lineage, now: Timestamp) -> bool {
        self.fetches > 0 && self.is_old(lineage, now)
    }

    /// The same after one more try.
    pub(super) fn in_vain(self) -> Self {
        Self { fetches: self.fetches.saturating_add(1), ..self }
    }
}

/// Keeps it.
///
/// # Errors
/// The state directory cannot be written.
pub(super) fn keep(options: &Options, lineage: &str, pending: &Pending) -> io::Result<()> {
    // One that grew would leave copies of the key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_NOTE));
    serde_json::to_writer(&mut *text, pending)?;
    state::write(&options.note(FOLDER, lineage), &text)
}

/// What is kept of a lineage whose certificate is still the one that was to be renewed.
pub(super) fn of(options: &Options, lineage: &Lineage) -> Option<Pending> {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = options.note(FOLDER, &lineage.name);
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(file).ok()?;
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_NOTE));
    io::Read::read_to_end(&mut io::Read::take(file, MAX_NOTE as u64), &mut text).ok()?;
    let pending: Pending = serde_json::from_slice(&text).ok()?;
    let is_past = lineage.cert.as_ref().is_ok_and(|cert| cert.serial != pending.serial);
    if is_past {
        forget(options, &lineage.name);
    }
    (!is_past).then_some(pending)
}

/// Forgets the orders, and their keys, for certificates that are not live any more.
pub(super) fn sweep(options: &Options, lineages: &[Lineage]) {
    lineages.iter().for_each(|lineage| drop(of(options, lineage)));
}

/// It came to its end.
pub(super) fn forget(options: &Options, lineage: &str) {
    let _ = fs::remove_file(options.note(FOLDER, lineage));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::checks::testing::lineage;

    fn pending(lineage: &Lineage) -> Pending {
        Pending {
            server: "https://ca.test/dir".into(),
            account: "https://ca.test/a/1".into(),
            order: "https://ca.test/o/1".into(),
            identifiers: vec!["a.test".into()],
            serial: lineage.cert.as_ref().unwrap().serial.clone(),
            asked: "2026-11-28T12:00:00Z".parse().unwrap(),
            fetches: 0,
            key: Zeroizing::new("a key".into()),
        }
    }

    #[test]
    fn what_is_kept_is_its_owners_alone_and_goes_again() {
        let dir = tempfile::tempdir().unwrap();
        let (options, one) = (Options::below(dir.path()), lineage());
        let other = Lineage { name: "other".into(), ..one.clone() };
        keep(&options, &one.name, &pending(&one)).unwrap();
        let kept = fs::read_dir(dir.path().join(FOLDER)).unwrap().next().unwrap().unwrap();
        assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(of(&options, &one).unwrap().key.as_str(), "a key");
        assert!(of(&options, &other).is_none());
        forget(&options, &one.name);
        assert!(of(&options, &one).is_none());
    }

    #[test]
    fn what_was_ordered_for_a_certificate_that_is_not_live_any_more_goes_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let (options, mut lineage) = (Options::below(dir.path()), lineage());
        keep(&options, &lineage.name, &pending(&lineage)).unwrap();
        lineage.cert.as_mut().unwrap().serial = "2".into();
        assert!(of(&options, &lineage).is_none());
        assert_eq!(fs::read_dir(dir.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn nobody_waits_for_it_for_ever() {
        let (mut lineage, at) = (lineage(), |time: &str| time.parse().unwrap());
        let pending = pending(&lineage);
        assert!(!pending.is_old(&lineage, at("2026-11-29T11:00:00Z")));
        assert!(pending.is_old(&lineage, at("2026-11-29T13:00:00Z")));
        let cert = lineage.cert.as_mut().unwrap();
        cert.not_after = cert.not_before + SignedDuration::from_hours(24);
        assert!(!pending.is_old(&lineage, at("2026-11-28T12:59:00Z")));
        assert!(pending.is_old(&lineage, at("2026-11-28T13:01:00Z")));
        assert!(!pending.is_given_up(&lineage, at("2026-11-28T13:01:00Z")), "nobody has asked for it again");
        assert!(pending.in_vain().is_given_up(&lineage, at("2026-11-28T13:01:00Z")));
    }
}
