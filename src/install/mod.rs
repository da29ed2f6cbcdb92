//! Puts a renewed certificate in the place of the old one, so that certbot never notices.
//!
//! The order is: write all (the four files of the archive, the new folder of live, the new conf), each synced and none under a
//! name that certbot or a web server reads; note it in the journal; then only names change: archive, live, conf. Killed at
//! any point, live holds the old set or the new one, whole, and [`recover`] finishes the install or takes it back. What fails
//! before the change of live takes the whole back: the old certificate stays.
//!
//! The rules are those of certbot's storage module:
//! <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py>

mod archive;
mod conf;
mod disk;
mod fault;
mod journal;
mod live;
mod lock;
mod place;
mod prune;
mod set;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::configobj::Change;
use crate::error::Error;
use crate::facts::Kind;

use archive::Ids;
use journal::{Journal, Plan};
use live::Original;
pub use live::Swap;
pub(crate) use lock::holder;
pub use lock::{Folders, Lock};
pub use place::Place;
pub use set::{Privkey, Set};

/// An install that put the new certificate into live.
#[derive(Debug)]
pub struct Installed {
    /// N of the new `certN.pem`.
    pub version: u64,
    /// How live was changed.
    pub swap: Swap,
    /// What failed after the change: the certificate is in use, the rest is left to [`recover`].
    pub unfinished: Vec<Error>,
}

/// What was done about an install that did not come to its end.
#[derive(Debug)]
pub struct Recovered {
    /// The lineage's name.
    pub lineage: String,
    /// What was done.
    pub outcome: Outcome,
}

/// How an interrupted install ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done now; its deploy hooks have not run.
    Finished {
        /// N of the new `certN.pem`.
        version: u64,
        /// How live was changed; `None` where that had been done already.
        swap: Option<Swap>,
    },
    /// It is taken back: live holds the set before.
    RolledBack,
    /// Another program has gone further since, or removed the lineage: what was left over is removed.
    Overtaken,
}

/// Installs a set as the next version of a lineage.
///
/// `changes` are made in its conf; everything else in it stays byte for byte. `state_dir` holds the journal.
///
/// # Errors
/// The lock is for another configuration folder, the lineage is not as certbot wants it, the key is not the certificate's, or
/// something could not be written. The lineage is then as it was, unless that could not be brought about either: [`is_begun`] tells.
pub fn install(
    lock: &Lock,
    place: &Place,
    set: &Set,
    changes: &[Change],
    state_dir: &Path,
) -> Result<Installed, Error> {
    attempt(lock, place, set, changes, state_dir).map_err(|error| match place.at(Kind::Cert) {
        Some(version) => error.and(format!("version {version} of {} stays in use", place.name)),
        None => error,
    })
}

fn attempt(
    lock: &Lock,
    place: &Place,
    set: &Set,
    changes: &[Change],
    state_dir: &Path,
) -> Result<Installed, Error> {
    if !lock.covers(&place.config) {
        return Err(Error::new(format!("{} is not locked", place.config.display())));
    }
    let journals = journal::folder(state_dir, lock.config_dir());
    let earlier = journals.join(&place.name);
    if earlier.symlink_metadata().is_ok() {
        settle(&earlier)?;
    }
    let versions = place.versions()?;
    let plan = Plan {
        place: place.clone(),
        version: versions.next,
        changes: changes.to_vec(),
        original: Original::read(place),
    };
    let mut journal = Journal::begin(&journals, &plan)?;
    let mut ids = None;
    let swapped: Result<(Swap, bool), Error> = (|| {
        let staged = live::stage(place, plan.version)?;
        let rewritten = conf::stage(&place.conf, changes)?;
        let written = archive::stage(place, &versions, set)?;
        ids = Some(written);
        journal.staged(&written)?;
        archive::name(place, plan.version, &written)?;
        Ok((live::swap(place, plan.version, staged)?, rewritten))
    })();
    let (swap, rewritten) = match swapped {
        Ok(done) => done,
        // A link that could not be put back needs the new files: the next run goes on from there.
        Err(error) if Kind::ALL.iter().any(|kind| place.at(*kind) == Some(plan.version)) => {
            return Err(error);
        }
        Err(error) => {
            let undone = undo(&plan, ids.as_ref()).and_then(|()| journal.end());
            return Err(Error::all([error].into_iter().chain(undone.err())));
        }
    };
    // From here on the new set is the one in use.
    let finish = || {
        live::sync(place)?;
        if rewritten {
            conf::put(&place.conf)?;
        }
        tidy(&plan)?;
        journal.end()
    };
    let unfinished = [finish().err(), prune::prune(place).err()];
    Ok(Installed { version: plan.version, swap, unfinished: unfinished.into_iter().flatten().collect() })
}

/// Whether an install of a lineage is neither done nor taken back: [`recover`] will settle it.
pub fn is_begun(lock: &Lock, lineage: &str, state_dir: &Path) -> bool {
    journal::folder(state_dir, lock.config_dir()).join(lineage).symlink_metadata().is_ok()
}

/// Finishes or takes back what runs that were killed left in the locked configuration folder: to be called at the start of
/// each run that installs.
///
/// One result for each such install; an error says why it is not settled yet, and its journal stays.
pub fn recover(lock: &Lock, state_dir: &Path) -> Vec<Result<Recovered, Error>> {
    match journal::left(&journal::folder(state_dir, lock.config_dir())) {
        Ok(journals) => journals.iter().filter_map(|path| settle(path).transpose()).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// Settles the install of one journal; nothing where it had not begun.
fn settle(journal: &Path) -> Result<Option<Recovered>, Error> {
    let Some((plan, ids)) = journal::read(journal)? else {
        journal::end(journal)?;
        return Ok(None);
    };
    let outcome = resume(&plan, ids.as_ref())?;
    journal::end(journal)?;
    Ok(Some(Recovered { lineage: plan.place.name, outcome }))
}

fn resume(plan: &Plan, ids: Option<&Ids>) -> Result<Outcome, Error> {
    let place = &plan.place;
    let is_gone = !place.conf.exists() || !place.archive.exists();
    let (Some(ids), false) = (ids, is_gone) else {
        undo(plan, None)?;
        return Ok(if is_gone { Outcome::Overtaken } else { Outcome::RolledBack });
    };
    let is_whole = archive::is_whole(place, plan.version, ids);
    let at = Kind::ALL.map(|kind| place.at(kind));
    if !is_whole || at.iter().flatten().any(|n| *n > plan.version) {
        // Its files go where they are no whole version that certbot may have used meanwhile.
        let in_use = is_whole || at.contains(&Some(plan.version));
        undo(plan, if in_use { None } else { Some(ids) })?;
        return Ok(Outcome::Overtaken);
    }
    archive::name(place, plan.version, ids)?;
    let swap = if place.is_at(plan.version) {
        None
    } else {
        let staged = live::stage(place, plan.version)?;
        Some(live::swap(place, plan.version, staged)?)
    };
    live::sync(place)?;
    if conf::stage(&place.conf, &plan.changes)? {
        conf::put(&place.conf)?;
    }
    tidy(plan)?;
    let _ = prune::prune(place); // the next install tries again, as certbot's does
    Ok(Outcome::Finished { version: plan.version, swap })
}

/// Removes everything that was written and is not in use.
fn undo(plan: &Plan, ids: Option<&Ids>) -> Result<(), Error> {
    let undone = [
        live::bring_back(&plan.place, plan.original).and_then(|()| live::discard(&plan.place)),
        conf::discard(&plan.place.conf),
        archive::discard(&plan.place, plan.version, ids),
    ];
    let errors: Vec<Error> = undone.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() { Ok(()) } else { Err(Error::all(errors)) }
}

/// Removes what is not needed once the new set is in live.
fn tidy(plan: &Plan) -> Result<(), Error> {
    live::bring_back(&plan.place, plan.original)?;
    live::discard(&plan.place)?;
    conf::discard(&plan.place.conf)
}
