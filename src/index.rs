//! The compact row that is kept of each lineage after it was read and judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::{Fact, HostFacts, Ineffective, Kind, Lineage, Purpose, Trigger};
use crate::forecast::Forecast;

/// What is kept of a lineage: well under a kilobyte.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: Box<str>,
    /// The certificate's names.
    pub names: Box<[Box<str>]>,
    /// Validity, where the certificate could be read.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// The issuer's name.
    pub issuer: Option<Arc<str>>,
    /// Algorithm and size of the key.
    pub key: Option<Arc<str>>,
    /// Serial number in hex.
    pub serial: Option<Box<str>>,
    /// Authenticator plugin.
    pub authenticator: Option<Arc<str>>,
    /// Installer plugin.
    pub installer: Option<Arc<str>>,
    /// ACME directory.
    pub server: Option<Arc<str>>,
    /// The version that `live/NAME/cert.pem` points at.
    pub version: Option<u32>,
    /// Folders below `live/` and `archive/` that it uses though they do not bear its name; mostly empty.
    pub folders: Box<[Box<str>]>,
    /// When a certificate for its names was issued that it had none for before.
    pub new_names: Option<Timestamp>,
    /// When it becomes due.
    pub forecast: Option<Forecast>,
    /// A check that decides a will-fail could not look.
    pub unknown: bool,
}

/// All rows, in the order of their names.
#[derive(Debug, Default)]
pub struct Index {
    /// The rows.
    pub rows: Vec<Row>,
    by_name: HashMap<Box<str>, usize>,
}

impl Index {
    /// Makes the look-up by name.
    pub fn new(rows: Vec<Row>) -> Self {
        let by_name = rows.iter().enumerate().map(|(i, row)| (row.name.clone(), i)).collect();
        Self { rows, by_name }
    }

    /// The row of a lineage.
    pub fn get(&self, name: &str) -> Option<&Row> {
        self.by_name.get(name).and_then(|i| self.rows.get(*i))
    }
}

/// A trigger that does nothing, and the lineages that nothing else renews.
#[derive(Debug)]
pub struct Idle<'h> {
    /// The trigger.
    pub trigger: &'h Trigger,
    /// Why it does nothing.
    pub why: &'h Ineffective,
    /// The lineages that are left without one; empty where that is all of them.
    pub lineages: Vec<String>,
}

impl Index {
    /// The lineages that no effective trigger renews.
    ///
    /// # Errors
    /// The schedule could not be read.
    pub fn uncovered(&self, host: &HostFacts) -> Fact<Vec<&str>> {
        let triggers = host.triggers.as_ref().map_err(Clone::clone)?;
        let effective: Vec<&Trigger> = triggers.iter().filter(|trigger| trigger.effective()).collect();
        let config = host.dirs.config.as_str();
        let covered = |name: &str| effective.iter().any(|trigger| trigger.covers(name, config));
        Ok(self.rows.iter().map(|row| &*row.name).filter(|name| !covered(name)).collect())
    }

    /// The triggers that do nothing for such a reason although lineages depend on them.
    ///
    /// # Errors
    /// The schedule could not be read.
    pub fn idle<'h>(&self, host: &'h HostFacts, such: impl Fn(&Ineffective) -> bool) -> Fact<Vec<Idle<'h>>> {
        let uncovered = self.uncovered(host)?;
        let config = host.dirs.config.as_str();
        let idle = |trigger: &'h Trigger| {
            let why = trigger.ineffective.as_ref().filter(|why| such(why))?;
            let renews = trigger.task.purpose == Purpose::Renews && trigger.client.knows_certbots_lineages();
            let left: Vec<&str> =
                uncovered.iter().copied().filter(|name| renews && trigger.covers(name, config)).collect();
            let all = left.len() == self.rows.len();
            let lineages =
                if all { Vec::new() } else { left.iter().map(|name| (*name).to_owned()).collect() };
            (!left.is_empty()).then_some(Idle { trigger, why, lineages })
        };
        Ok(host.triggers.iter().flatten().filter_map(idle).collect())
    }
}

/// Words that thousands of rows share, kept once.
#[derive(Debug, Default)]
pub struct Words(HashMap<Box<str>, Arc<str>>);

impl Words {
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let word: Arc<str> = text.into();
        self.0.insert(text.into(), word.clone());
        word
    }

    /// Reduces a lineage to its row.
    pub fn row(&mut self, lineage: &Lineage) -> Row {
        let cert = lineage.cert.as_ref().ok();
        Row {
            name: lineage.name.as_str().into(),
            names: lineage.names().iter().map(|name| name.as_str().into()).collect(),
            validity: cert.map(|c| (c.not_before, c.not_after)),
            issuer: cert.map(|c| self.word(&c.issuer)),
            key: cert.map(|c| self.word(&c.key.0)),
            serial: cert.map(|c| c.serial.as_str().into()),
            authenticator: lineage.authenticator().map(|text| self.word(text)),
            installer: lineage.installer().map(|text| self.word(text)),
            server: lineage.server().map(|text| self.word(text)),
            version: lineage.link(Kind::Cert).version(),
            folders: foreign_folders(lineage),
            new_names: new_names(lineage),
            forecast: lineage.forecast.clone(),
            unknown: false,
        }
    }
}

/// When its names were new to the CA, as far as the archive tells.
fn new_names(lineage: &Lineage) -> Option<Timestamp> {
    let mut before: Option<BTreeSet<&str>> = None;
    let mut new = None;
    for version in &lineage.archive.as_ref().ok()?.versions {
        let Some(issued) = &version.issued else { continue };
        let names: BTreeSet<&str> = issued.names.iter().map(String::as_str).collect();
        let first = match &before {
            Some(known) => *known != names,
            None => version.number == 1,
        };
        if first {
            new = Some(issued.not_before);
        }
        before = Some(names);
    }
    new
}

/// The folders of its live paths and of what they point at, but for those named like the lineage itself.
fn foreign_folders(lineage: &Lineage) -> Box<[Box<str>]> {
    let mut folders: Vec<Box<str>> = Vec::new();
    for path in lineage.live.iter().flat_map(|link| [Some(link.path.as_str()), link.target()]).flatten() {
        let Some((folder, _)) = path.rsplit_once('/') else { continue };
        let own = folder.rsplit('/').next() == Some(lineage.name.as_str());
        if !own && !folders.iter().any(|known| **known == *folder) {
            folders.push(folder.into());
        }
    }
    folders.into()
}
