//! systemd's unit files: which one counts, its drop-ins, and who wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use crate::facts::{Missing, Role, Why};
use crate::gather::fs::{Root, normalize, show};

/// How much of a unit file is read.
const MAX_UNIT: u64 = 1 << 20;
/// How many dashes of a name are looked at.
const MAX_PREFIXES: usize = 16;
/// How many names of one unit folder are looked at.
const MAX_NAMES: usize = 20_000;
/// The system's units, the highest priority first.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Unit%20File%20Load%20Path>
pub(super) const SYSTEM: [&str; 11] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];
/// What all users' units have behind the folders in each home.
pub(super) const USER: [&str; 4] =
    ["/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];

/// The folders of units, as far as they were read.
pub(super) struct Units<'a> {
    root: &'a Root,
    folders: Vec<PathBuf>,
    /// Links in `*.wants` and `*.requires` by the unit's name.
    wanted: BTreeMap<String, Vec<PathBuf>>,
    /// Names of the unit files.
    names: BTreeSet<String>,
    /// What could not be read.
    pub unread: Vec<Missing>,
}

/// What stands under a unit's name.
pub(super) enum Loaded {
    /// A unit file that counts.
    File(PathBuf),
    /// It is switched off by this file, which hides the second one.
    Masked(PathBuf, Option<PathBuf>),
    /// There is none.
    Absent,
}

/// One `Key=value` of a unit and its drop-ins, in the order in which systemd reads them.
pub(super) struct Directive {
    section: String,
    key: String,
    value: String,
    file: PathBuf,
    /// Counted from 1; of a continued value its last.
    line: usize,
}

impl Directive {
    /// Its value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its `file:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", show(&self.file), self.line)
    }
}

impl<'a> Units<'a> {
    /// Lists the unit folders, the highest priority first.
    pub fn list(root: &'a Root, folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut units = Self {
            root,
            folders: Vec::new(),
            wanted: BTreeMap::new(),
            names: BTreeSet::new(),
            unread: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for folder in folders {
            let Some(real) = root.real_path(&folder) else {
                continue;
            };
            if !seen.insert(real) {
                continue;
            }
            for name in units.names_in(&folder) {
                let path = folder.join(&name);
                if name.ends_with(".wants") || name.ends_with(".requires") {
                    for wanted in units.names_in(&path) {
                        let link = path.join(&wanted);
                        units.wanted.entry(wanted).or_default().push(link);
                    }
                } else {
                    units.names.insert(name);
                }
            }
            units.folders.push(folder);
        }
        units
    }

    fn names_in(&mut self, folder: &Path) -> Vec<String> {
        match self.root.list(folder, Role::Schedule) {
            Ok(names) => {
                let names = names.unwrap_or_default().into_iter().take(MAX_NAMES);
                names.filter_map(|name| name.into_string().ok()).collect()
            }
            Err(missing) => {
                // `x.wants` that is no folder is odd, but hides nothing.
                if !matches!(missing.why, Why::Unclear(_)) {
                    self.unread.push(missing);
                }
                Vec::new()
            }
        }
    }

    /// The names of all timers that have a file or that something wants; a template alone is none.
    pub fn timers(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.names.iter().chain(self.wanted.keys()).collect();
        let timers = all.into_iter().filter(|name| name.ends_with(".timer") && !name.ends_with("@.timer"));
        timers.cloned().collect()
    }

    /// The names of all services that something wants at boot.
    pub fn services(&self) -> Vec<String> {
        self.wanted.keys().filter(|name| name.ends_with(".service")).cloned().collect()
    }

    /// The first link that makes a unit start.
    pub fn wanted(&self, name: &str) -> Option<&Path> {
        self.wanted.get(name)?.first().map(PathBuf::as_path)
    }

    /// The unit file that counts.
    pub fn load(&self, name: &str) -> Loaded {
        let mut masked = None;
        let names = std::iter::once(name.to_owned()).chain(template(name));
        let files = names.flat_map(|name| self.folders.iter().map(move |folder| folder.join(&name)));
        let wanted = self.wanted.get(name).into_iter().flatten().cloned();
        for path in files.chain(wanted) {
            match self.state(&path) {
                State::Absent => {}
                State::Masked => masked = masked.or(Some(path)),
                State::File => {
                    return match masked {
                        Some(by) => Loaded::Masked(by, Some(path)),
                        None => Loaded::File(path),
                    };
                }
            }
        }
        masked.map_or(Loaded::Absent, |by| Loaded::Masked(by, None))
    }

    fn state(&self, path: &Path) -> State {
        let text = self.root.read_link(path).ok().flatten();
        let folder = path.parent().unwrap_or(Path::new("/"));
        // Below a root there is often no /dev, so the link's text decides.
        if text.is_some_and(|text| normalize(folder, &text) == Path::new("/dev/null")) {
            return State::Masked;
        }
        match self.root.stat(path) {
            Ok(meta) if meta.kind == FileType::RegularFile && meta.size > 0 => State::File,
            Ok(meta) if meta.kind == FileType::RegularFile => State::Masked,
            // What may not be looked at is there.
            Err(Why::Denied) => State::File,
            _ => State::Absent,
        }
    }

    /// A unit file and its drop-ins.
    pub fn read(&mut self, name: &str, file: &Path) -> Vec<Directive> {
        let mut directives = self.directives(file);
        let mut drop_ins: BTreeMap<String, PathBuf> = BTreeMap::new();
        for name in std::iter::once(name.to_owned()).chain(template(name)).chain(prefixes(name)) {
            for folder in self.folders.clone() {
                let folder = folder.join(format!("{name}.d"));
                for file in self.names_in(&folder) {
                    if file.ends_with(".conf") {
                        let path = folder.join(&file);
                        drop_ins.entry(file).or_insert(path);
                    }
                }
            }
        }
        for path in drop_ins.into_values() {
            directives.extend(self.directives(&path));
        }
        directives
    }

    fn directives(&mut self, file: &Path) -> Vec<Directive> {
        // A drop-in that is a link to /dev/null is switched off; it is no regular file.
        match self.root.read_text(file, MAX_UNIT, Role::Schedule) {
            Ok(text) => parse(&text, file),
            Err(missing) => {
                if !matches!(missing.why, Why::NotAFile(_) | Why::NotFound) {
                    self.unread.push(missing);
                }
                Vec::new()
            }
        }
    }
}

enum State {
    File,
    Masked,
    Absent,
}

/// `a@.timer` of `a@b.timer`.
fn template(name: &str) -> Option<String> {
    let (stem, rest) = name.split_once('@')?;
    let (instance, kind) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then(|| format!("{stem}@.{kind}"))
}

/// `a-b-.timer`, `a-.timer` and `timer` for `a-b-c.timer`: whose drop-ins count for it too.
fn prefixes(name: &str) -> Vec<String> {
    let Some((stem, kind)) = name.rsplit_once('.') else { return Vec::new() };
    let dashes = stem.char_indices().filter(|(_, c)| *c == '-').map(|(at, _)| at);
    let mut all: Vec<String> =
        dashes.filter_map(|at| Some(format!("{}.{kind}", stem.get(..=at)?))).take(MAX_PREFIXES).collect();
    all.reverse();
    all.push(kind.to_owned());
    all
}

fn parse(text: &str, file: &Path) -> Vec<Directive> {
    let mut directives = Vec::new();
    let mut section = String::new();
    let mut joined = String::new();
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        // Comments may stand between the lines of one continued value.
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(part) = line.strip_suffix('\\') {
            joined.push_str(part);
            joined.push(' ');
            continue;
        }
        joined.push_str(line);
        let line = std::mem::take(&mut joined);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            let (section, file) = (section.clone(), file.to_path_buf());
            let (key, value) = (key.trim().into(), value.trim().into());
            directives.push(Directive { section, key, value, file, line: number });
        }
    }
    directives
}

/// The last value of a setting.
pub(super) fn last<'d>(directives: &'d [Directive], section: &str, key: &str) -> Option<&'d str> {
    let matching = directives.iter().rev().find(|d| d.section == section && d.key == key);
    matching.map(|d| d.value.as_str()).filter(|value| !value.is_empty())
}

/// The settings of a list that an empty assignment to any of its keys clears.
pub(super) fn entries<'d>(directives: &'d [Directive], section: &str, keys: &[&str]) -> Vec<&'d Directive> {
    let mut entries = Vec::new();
    for d in directives.iter().filter(|d| d.section == section && keys.contains(&d.key.as_str())) {
        if d.value.is_empty() {
            entries.clear();
        } else {
            entries.push(d);
        }
    }
    entries
}

/// The values of a list that an empty assignment to any of its keys clears, and the file that did so last.
pub(super) fn values(
    directives: &[Directive],
    section: &str,
    keys: &[&str],
) -> (Vec<String>, Option<String>) {
    let mut values = Vec::new();
    let mut cleared = None;
    for d in directives.iter().filter(|d| d.section == section && keys.contains(&d.key.as_str())) {
        if d.value.is_empty() {
            values.clear();
            cleared = Some(show(&d.file));
        } else {
            values.push(d.value.clone());
        }
    }
    (values, cleared)
}
