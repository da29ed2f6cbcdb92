//! Old versions go as in certbot's `truncate`: all but the current one and the five before it.

use std::fs;

use super::disk;
use super::fault::cannot;
use super::place::{Place, number};
use crate::error::Error;
use crate::facts::Kind;

/// How many versions before the current one stay.
const KEPT: u64 = 5;

/// Removes the old versions. A key that a younger version links to stays, unlike with certbot.
pub(super) fn prune(place: &Place) -> Result<(), Error> {
    let versions = place.versions()?;
    let oldest = versions.common.saturating_sub(KEPT);
    let (kept, old): (Vec<u64>, Vec<u64>) =
        versions.certs.iter().partition(|n| (oldest..=versions.common).contains(*n));
    let linked: Vec<u64> = kept
        .iter()
        .filter_map(|n| fs::canonicalize(place.file(Kind::Privkey, *n)).ok())
        .filter_map(|key| number(Kind::Privkey, key.file_name()?.to_str()?))
        .collect();
    for version in old {
        for kind in Kind::ALL {
            let path = place.file(kind, version);
            if kind != Kind::Privkey || !linked.contains(&version) {
                disk::remove(&path).map_err(|e| cannot("remove", &path, &e))?;
            }
        }
    }
    Ok(())
}
