//! The CAs' windows (ARI) until each wants to be asked again. <https://www.rfc-editor.org/rfc/rfc9773#section-4.3>

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::stage::Options;
use crate::ca::DAY;
use crate::facts::Lineage;
use crate::facts::net::Ari;
use crate::state;

/// The folder of notes, below the state directory.
const FOLDER: &str = "windows";

/// How long a window is taken for known at most, in seconds: one that moves tells of a certificate that is called back.
const MOST: i64 = DAY;

/// The window of one certificate.
#[derive(Serialize, Deserialize)]
struct Known {
    /// The serial number of the certificate.
    serial: String,
    /// When the CA gave it.
    at: Timestamp,
    window: Ari,
}

/// Gives lineages the windows for which their CAs are not to be asked yet.
pub(super) fn recall(options: &Options, lineages: &mut [Lineage], now: Timestamp) {
    for lineage in lineages {
        lineage.ari = known(options, lineage, now).map(Ok);
    }
}

fn known(options: &Options, lineage: &Lineage, now: Timestamp) -> Option<Ari> {
    let text = fs::read(options.note(FOLDER, &lineage.name)).ok()?;
    let Known { serial, at, window } = serde_json::from_slice(&text).ok()?;
    let wait = i64::try_from(window.retry_after?).unwrap_or(MOST).min(MOST);
    let is_fresh = at <= now && now.duration_since(at) < SignedDuration::from_secs(wait);
    (is_fresh && lineage.cert.as_ref().is_ok_and(|cert| cert.serial == serial)).then_some(window)
}

/// Keeps the windows that have just been given. Where they cannot be kept, the CA is asked again.
pub(super) fn keep(options: &Options, lineages: &[Lineage], now: Timestamp) {
    for lineage in lineages {
        let (Some(Ok(window)), Ok(cert)) = (&lineage.ari, &lineage.cert) else { continue };
        if window.retry_after.is_none_or(|wait| wait == 0) || known(options, lineage, now).is_some() {
            continue;
        }
        let kept = Known { serial: cert.serial.clone(), at: now, window: window.clone() };
        if let Ok(text) = serde_json::to_vec(&kept) {
            let _ = state::cache(&options.note(FOLDER, &lineage.name), &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::lineage;

    #[test]
    fn a_ca_is_not_asked_again_before_it_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::below(dir.path());
        let at = |time: &str| -> Timestamp { time.parse().unwrap() };
        let given = at("2026-11-29T00:00:00Z");
        let mut one = lineage();
        let window = Ari {
            start: given,
            end: at("2026-12-01T00:00:00Z"),
            explanation: None,
            retry_after: Some(21_600),
        };
        one.ari = Some(Ok(window.clone()));
        keep(&options, &[one.clone()], given);
        let mut recalled = |time: &str| {
            one.ari = None;
            recall(&options, std::slice::from_mut(&mut one), at(time));
            one.ari.clone()
        };
        assert_eq!(recalled("2026-11-29T05:59:00Z"), Some(Ok(window)));
        assert_eq!(recalled("2026-11-29T06:00:00Z"), None);
        assert_eq!(recalled("2026-11-28T23:00:00Z"), None, "a clock that was ahead");
        one.cert.as_mut().unwrap().serial = "2".into();
        recall(&options, std::slice::from_mut(&mut one), at("2026-11-29T05:00:00Z"));
        assert_eq!(one.ari, None);
    }
}
