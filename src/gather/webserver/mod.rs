//! Which certificate files the servers' configurations name: a plain reading of lines, includes followed.

mod apache;
mod geo;
mod glob;
mod lines;
mod mail;
mod nginx;
mod other;
mod suspects;
mod syntax;
mod tree;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::fs::{Root, normalize, show};
use super::secrets::mask_command;
use crate::facts::{CertRef, Listen, Missing, Role, ServerKind, Servers, Suspect, Why};
use nginx::MAINS;
pub use syntax::test;

/// How much of one configuration file is read.
const MAX_FILE: u64 = 64 << 20;
/// How many files are read in all.
const MAX_FILES: usize = 200_000;
/// How many lines that may be to blame are kept.
const MAX_SUSPECTS: usize = 1_000;
/// How many lines that say where a server listens are kept.
const MAX_LISTENS: usize = 20_000;
/// How many folders and links of one path are followed.
const MAX_STEPS: usize = 64;

/// What all the servers' configurations name.
pub fn servers(root: &Root, config_dir: &Path) -> Servers {
    let mut reading = Reading::new(root, config_dir);
    nginx::read(&mut reading);
    apache::read(&mut reading);
    lines::haproxy(&mut reading);
    mail::postfix(&mut reading);
    mail::dovecot(&mut reading);
    mail::exim(&mut reading);
    lines::lighttpd(&mut reading);
    lines::caddy(&mut reading);
    other::read(&mut reading);
    if reading.geo {
        geo::read(&mut reading);
    }
    reading.servers.unread.sort_unstable();
    reading.servers.unread.dedup();
    reading.servers.indexed()
}

/// What was read so far.
struct Reading<'a> {
    root: &'a Root,
    servers: Servers,
    /// certbot's configuration folder, as it is named and as its links lead.
    config: Vec<PathBuf>,
    /// Real paths of the files that were read: an included file counts once.
    seen: BTreeSet<PathBuf>,
    files: usize,
    /// Some file of nginx may let only some visitors in.
    geo: bool,
    /// Lineages of files outside certbot's folders that were already asked for.
    known: HashMap<PathBuf, Option<(PathBuf, String)>>,
}

/// A line of a configuration.
struct Place<'p> {
    server: ServerKind,
    file: &'p Path,
    /// 1-based.
    line: usize,
}

impl Place<'_> {
    fn shown(&self) -> String {
        format!("{}:{}", show(self.file), self.line)
    }
}

impl<'a> Reading<'a> {
    fn new(root: &'a Root, config_dir: &Path) -> Self {
        let mut config = vec![normalize(Path::new("/"), config_dir)];
        config.extend(root.real_path(config_dir).filter(|real| !config.contains(real)));
        let (servers, seen, known) = (Servers::default(), BTreeSet::new(), HashMap::new());
        Self { root, servers, config, seen, files: 0, geo: false, known }
    }

    /// Whether a file or folder was not come across before.
    fn is_new(&mut self, path: &Path) -> bool {
        let real = self.root.real_path(path).unwrap_or_else(|| path.to_path_buf());
        self.seen.insert(real)
    }

    /// The text of a file that no server's reader has read yet; `None` is noted where the file is there.
    fn text(&mut self, path: &Path) -> Option<String> {
        if !self.is_new(path) {
            return None;
        }
        self.files += 1;
        if self.files > MAX_FILES {
            if self.files == MAX_FILES + 1 {
                let why = Why::Unclear(format!("more than {MAX_FILES} configuration files"));
                self.servers.unread.push(Missing::new(show(path), why, Role::Other));
            }
            return None;
        }
        match self.root.read_text(path, MAX_FILE, Role::Other) {
            Ok(text) => Some(text),
            Err(missing) => {
                if missing.why != Why::NotFound {
                    self.servers.unread.push(missing);
                }
                None
            }
        }
    }

    /// The paths that a pattern stands for.
    fn glob(&mut self, pattern: &Path) -> Vec<PathBuf> {
        glob::glob(self.root, pattern, &mut self.servers.unread)
    }

    /// Notes that a file which must be there is not.
    fn absent(&mut self, path: &Path) {
        self.servers.unread.push(Missing::new(show(path), Why::NotFound, Role::Other));
    }

    fn is_file(&self, path: &Path) -> bool {
        self.root.stat(path).is_ok_and(|meta| meta.kind == FileType::RegularFile)
    }

    /// A line that names a certificate or key: `written` is what stands there, `meant` what it stands for, relative
    /// to `folder`.
    fn cert(&mut self, place: &Place<'_>, directive: &str, written: &str, meant: &str, folder: &Path) {
        if written.is_empty() {
            return;
        }
        let path = normalize(folder, Path::new(meant));
        let literal = !meant.contains('$');
        let resolved = if literal { self.root.real_path(&path) } else { None };
        let (via, lineage) = match (literal, self.name_in(&path)) {
            (false, _) => (None, self.mentioned(meant).map(|(_, name)| name)),
            (true, Some(name)) => (None, Some(name)),
            (true, None) => self.lineage(&path).map(|(via, name)| (show(&via), name)).unzip(),
        };
        self.servers.refs.push(CertRef {
            server: place.server,
            r#where: place.shown(),
            directive: directive.to_owned(),
            path: show(Path::new(written)),
            via,
            resolved: resolved.as_deref().map(show),
            lineage,
        });
    }

    /// A line that may keep challenges from being answered.
    fn suspect(&mut self, place: &Place<'_>, id: Option<&'static str>, words: &[&str]) {
        if let Some(id) = id.filter(|_| self.servers.suspects.len() < MAX_SUSPECTS) {
            let text = mask_command(&words.join(" "));
            self.servers.suspects.push(Suspect { id: id.to_owned(), r#where: place.shown(), text });
        }
    }

    /// A line that says where a server listens.
    fn listens(&mut self, place: &Place<'_>, directive: &str, addresses: &[&str]) {
        if self.servers.listens.len() < MAX_LISTENS {
            self.servers.listens.push(Listen {
                server: place.server,
                r#where: place.shown(),
                directive: directive.to_ascii_lowercase(),
                addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
            });
        }
    }

    /// A line that names a folder of documents.
    fn documents(&mut self, place: &Place<'_>, written: &str) {
        if !written.is_empty() {
            self.servers.roots.push((show(Path::new(written)), place.shown()));
        }
    }

    /// The first path below certbot's folders that the links of a path elsewhere lead to, and its lineage.
    fn lineage(&mut self, path: &Path) -> Option<(PathBuf, String)> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let mut found = None;
        let mut at = path.to_path_buf();
        for _ in 0..MAX_STEPS {
            let Some(next) = self.first_link(&at).filter(|_| found.is_none()) else { break };
            found = self.name_in(&next).map(|name| (next.clone(), name));
            at = next;
        }
        self.known.insert(path.to_path_buf(), found.clone());
        found
    }

    /// The path with its first link, counted from the root, replaced by what the link says.
    fn first_link(&self, path: &Path) -> Option<PathBuf> {
        let mut steps: Vec<&Path> = path.ancestors().filter(|step| *step != Path::new("/")).collect();
        steps.reverse();
        steps.truncate(MAX_STEPS);
        steps.into_iter().find_map(|step| {
            let text = self.root.read_link(step).ok().flatten()?;
            let target = normalize(step.parent()?, &text);
            let rest = path.strip_prefix(step).ok()?;
            Some(if rest.as_os_str().is_empty() { target } else { target.join(rest) })
        })
    }

    /// `NAME` of `CONFIG_DIR/live/NAME/…`.
    fn name_in(&self, path: &Path) -> Option<String> {
        self.config.iter().find_map(|config| {
            let mut parts = path.strip_prefix(config).ok()?.components();
            let folder = parts.next()?.as_os_str();
            let name = parts.next()?.as_os_str().to_str()?;
            (folder == "live" || folder == "archive").then(|| name.to_owned())
        })
    }

    /// The first path below `CONFIG_DIR/live/NAME` or `archive/NAME` in a text, and NAME.
    fn mentioned(&self, text: &str) -> Option<(String, String)> {
        let ends = |c: char| c.is_whitespace() || "\"'`,;:<>(){}[]|&".contains(c);
        self.config.iter().filter_map(|config| config.to_str()).find_map(|config| {
            ["/live/", "/archive/"].iter().find_map(|folder| {
                text.match_indices(&format!("{config}{folder}")).find_map(|(start, begin)| {
                    // The tail of another path, such as `/srv/etc/letsencrypt/live/x`, is none.
                    let before = text.get(..start)?.chars().next_back();
                    let path = text.get(start..)?.split(ends).next()?;
                    let name = path.get(begin.len()..)?.split('/').next()?;
                    let plain = !name.is_empty() && !name.contains(['$', '*', '%']);
                    let whole = before.is_none_or(|c| !c.is_alphanumeric() && !"_-.".contains(c));
                    (plain && whole).then(|| (path.to_owned(), name.to_owned()))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests;
