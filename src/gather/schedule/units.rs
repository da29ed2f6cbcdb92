//! systemd's unit files: which one counts, its drop-ins, and who wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::directives::{Directive, parse};
use crate::facts::{Missing, Role, Why};
use crate::gather::fs::{Root, normalize};

/// How much of a unit file is read.
const MAX_UNIT: u64 = 1 << 20;
/// How many names of one unit folder are looked at.
const MAX_NAMES: usize = 20_000;
/// The highest priority first: <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Unit%20File%20Load%20Path>
pub(super) const SYSTEM: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];
/// How many drop-ins of one unit are read.
const MAX_DROP_INS: usize = 500;

/// The folders of units, as far as they were read.
pub(super) struct Units<'a> {
    root: &'a Root,
    folders: Vec<PathBuf>,
    /// Links in `*.wants` and `*.requires` by the unit's name.
    wanted: BTreeMap<String, Vec<PathBuf>>,
    /// Names of the unit files.
    names: BTreeSet<String>,
    /// Second names, which are links to the first.
    aliases: BTreeMap<String, String>,
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

impl<'a> Units<'a> {
    /// Lists these unit folders, the highest priority first.
    pub fn list(root: &'a Root, folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut units = Self {
            root,
            folders: Vec::new(),
            wanted: BTreeMap::new(),
            names: BTreeSet::new(),
            aliases: BTreeMap::new(),
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
                } else if units.names.insert(name.clone())
                    && let Some(target) = units.other_name(&path, &name)
                {
                    units.aliases.insert(name, target);
                }
            }
            units.folders.push(folder);
        }
        for (alias, target) in &units.aliases {
            if let Some(links) = units.wanted.remove(alias) {
                units.wanted.entry(target.clone()).or_default().extend(links);
            }
        }
        units
    }

    /// The name that a link gives to a unit of another name. A link of an instance to its template is none.
    fn other_name(&self, path: &Path, name: &str) -> Option<String> {
        let kind = [".timer", ".service"].into_iter().find(|kind| name.ends_with(kind))?;
        let target = self.root.read_link(path).ok()??;
        let target = target.file_name()?.to_str().filter(|target| target.ends_with(kind))?;
        let other = target != name && template(name).as_deref() != Some(target);
        (other && self.root.stat(path).is_ok_and(|meta| meta.kind == FileType::RegularFile))
            .then(|| target.to_owned())
    }

    /// The name under which systemd knows a unit.
    pub fn own_name<'n>(&'n self, name: &'n str) -> &'n str {
        self.aliases.get(name).map_or(name, String::as_str)
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
        let timers: BTreeSet<&str> = timers.map(|name| self.own_name(name)).collect();
        timers.into_iter().map(str::to_owned).collect()
    }

    /// The names of all services that something wants at boot.
    pub fn services(&self) -> Vec<String> {
        self.wanted.keys().filter(|name| name.ends_with(".service")).cloned().collect()
    }

    /// The first link that makes a unit start.
    pub fn wanted(&self, name: &str) -> Option<&Path> {
        self.wanted.get(name)?.first().map(PathBuf::as_path)
    }

    /// The units that links in this unit's `.wants` and `.requires` name.
    pub fn wanted_by(&self, name: &str) -> Vec<String> {
        let folders = [format!("{name}.wants"), format!("{name}.requires")];
        let in_them = |link: &PathBuf| {
            link.parent()
                .and_then(Path::file_name)
                .is_some_and(|dir| folders.iter().any(|folder| dir == folder.as_str()))
        };
        let all = self.wanted.iter().filter(|(_, links)| links.iter().any(in_them));
        all.map(|(name, _)| name.clone()).collect()
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
        let names = drop_in_names(name, self.aliases.iter().filter(|(_, own)| *own == name).map(|(a, _)| a));
        let kind = name.rsplit('.').next().unwrap_or_default();
        let named = self.folders.iter().flat_map(|f| names.iter().map(|n| f.join(format!("{n}.d"))));
        let of_kind = self.folders.iter().map(|folder| folder.join(format!("{kind}.d")));
        for folder in named.chain(of_kind).collect::<Vec<PathBuf>>() {
            for file in self.names_in(&folder) {
                if file.ends_with(".conf") {
                    let path = folder.join(&file);
                    drop_ins.entry(file).or_insert(path);
                }
            }
        }
        if drop_ins.len() > MAX_DROP_INS {
            let why = Why::TooLarge(drop_ins.len() as u64, MAX_DROP_INS as u64);
            self.unread.push(Missing::new(format!("the drop-ins of {name}"), why, Role::Schedule));
        }
        for path in drop_ins.into_values().take(MAX_DROP_INS) {
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

/// The names whose `.d` folders count for a unit: its own, `foo-.timer` of `foo-bar.timer`, its template's, its aliases'.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Description>
fn drop_in_names<'n>(name: &str, aliases: impl Iterator<Item = &'n String>) -> Vec<String> {
    let mut names = Vec::new();
    for name in std::iter::once(name.to_owned()).chain(aliases.cloned()) {
        for name in std::iter::once(name.clone()).chain(template(&name)) {
            names.push(name.clone());
            let Some((stem, kind)) = name.rsplit_once('.') else { continue };
            let cuts = stem.rmatch_indices('-').map(|(i, _)| i).filter(|i| *i > 0);
            names.extend(
                cuts.filter_map(|i| Some(format!("{}.{kind}", stem.get(..=i)?))).filter(|n| *n != name),
            );
        }
    }
    names
}
