//! The certbots of a host, found from the metadata of their packages; none is ever executed.

mod dns;
mod dpkg;
mod os;
mod site;

pub use os::os;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::FileType;

use self::site::Site;
use super::fs::{Root, show};
use crate::facts::{Fact, Install, InstallKind, Missing, Plugins, Role, Why};

/// How many folders of one kind (`/opt/*`, `/home/*`) are looked into.
const MAX_FOLDERS: usize = 2_000;
/// How much of a program is read to see where it leads.
const MAX_PROGRAM: u64 = 1 << 20;

/// What every certbot brings: <https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins>
const BUILT_IN: [&str; 4] = ["manual", "null", "standalone", "webroot"];
/// Folders that hold a `pythonX.Y` folder each.
const LIBRARIES: [&str; 5] =
    ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64", "/root/.local/lib"];
const VENVS: [&str; 5] = [
    "/opt/certbot",
    "/opt/eff.org/certbot/venv",
    "/usr/local/certbot",
    "/opt/pipx/venvs/certbot",
    "/root/.local/share/letsencrypt",
];
/// Where pipx and uv keep a tool's environment, below a home folder.
const TOOL_VENVS: [&str; 3] =
    [".local/pipx/venvs/certbot", ".local/share/pipx/venvs/certbot", ".local/share/uv/tools/certbot"];
const PROGRAMS: [&str; 6] = [
    "/usr/bin/certbot",
    "/usr/local/bin/certbot",
    "/usr/bin/letsencrypt",
    "/usr/local/bin/letsencrypt",
    "/root/.local/bin/certbot",
    "/usr/sbin/certbot",
];
/// `/snap` is a link to the second one on Fedora and Arch, or absent.
const SNAPS: [&str; 2] = ["/snap", "/var/lib/snapd/snap"];

/// Every certbot on the host.
///
/// # Errors
/// The tree holds none of the folders in which programs live, such as a backup of `etc` alone.
pub fn installs(root: &Root) -> Fact<Vec<Install>> {
    if !["/usr", "/opt", "/snap", "/var/lib/dpkg", "/var/lib/snapd"]
        .iter()
        .any(|dir| root.is_dir(Path::new(dir)))
    {
        return Err(Missing::new("/usr", Why::NotFound, Role::Other));
    }
    let mut found = Found { root, installs: Vec::new(), seen: BTreeSet::new() };
    found.system();
    for venv in venvs(root) {
        found.venv(&venv);
    }
    found.snap();
    found.listed_by_dpkg();
    if found.installs.is_empty() {
        found.program_alone();
    }
    Ok(found.installs)
}

/// The folders in `dir` whose names begin with `prefix`.
fn folders(root: &Root, dir: &Path, prefix: &str) -> Vec<PathBuf> {
    root.list_or_empty(dir)
        .into_iter()
        .filter(|name| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
        .map(|name| dir.join(name))
        .filter(|path| root.is_dir(path))
        .take(MAX_FOLDERS)
        .collect()
}

/// `lib/pythonX.Y/site-packages` of an environment.
fn packages_of(root: &Root, venv: &Path) -> Vec<PathBuf> {
    ["lib", "lib64"]
        .iter()
        .flat_map(|lib| folders(root, &venv.join(lib), "python"))
        .map(|python| python.join("site-packages"))
        .collect()
}

fn venvs(root: &Root) -> Vec<PathBuf> {
    let mut venvs: Vec<PathBuf> = VENVS.iter().map(PathBuf::from).collect();
    venvs.extend(folders(root, Path::new("/opt"), ""));
    let homes = folders(root, Path::new("/home"), "");
    for home in std::iter::once(PathBuf::from("/root")).chain(homes) {
        venvs.extend(TOOL_VENVS.iter().map(|tool| home.join(tool)));
    }
    for program in PROGRAMS {
        venvs.extend(leads_to(root, Path::new(program)));
    }
    venvs
}

/// The environments that a program's link, its `#!` line or its text name.
fn leads_to(root: &Root, program: &Path) -> Vec<PathBuf> {
    let Some(real) = root.real_path(program) else {
        return Vec::new();
    };
    let mut named: Vec<PathBuf> = vec![real.clone()];
    if let Ok(text) = root.read_text(&real, MAX_PROGRAM, Role::Other) {
        // Long `#!` lines are written by pip as `'''exec' "/path/bin/python" "$0" "$@"`.
        let words = text.split(|c: char| c.is_whitespace() || "\"'=!;,()".contains(c));
        named.extend(words.filter(|word| word.starts_with('/')).take(MAX_FOLDERS).map(PathBuf::from));
    }
    named.iter().filter_map(|path| prefix_of(path)).collect()
}

/// `/x` for `/x/bin/python3` and `/x/bin/certbot`, but not for the system's own folders.
fn prefix_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let bin = path.parent()?;
    let prefix = bin.parent()?;
    let program = ["python", "certbot", "letsencrypt"].iter().any(|start| name.starts_with(start));
    let system = ["/", "/usr", "/usr/local", "/snap"].iter().any(|dir| prefix == Path::new(dir));
    (program && bin.file_name() == Some(OsStr::new("bin")) && !system).then(|| prefix.to_path_buf())
}

struct Found<'a> {
    root: &'a Root,
    installs: Vec<Install>,
    /// Real paths of the folders already looked at as homes of a certbot.
    seen: BTreeSet<PathBuf>,
}

impl Found<'_> {
    /// One search path of a Python: each of its folders that holds a certbot is an install that sees them all.
    fn search_path(&mut self, kind: Option<InstallKind>, paths: &[PathBuf], more: &[String]) {
        let sites: Vec<Site> = paths.iter().filter_map(|path| Site::read(self.root, path)).collect();
        for site in sites.iter().filter(|site| site.has_certbot) {
            if self.seen.insert(site.real.clone()) {
                self.installs.push(Install {
                    kind: kind.unwrap_or_else(|| site.kind()),
                    path: show(&site.path),
                    version: site.version.clone(),
                    plugins: all_plugins(&sites, more),
                    dns_plugins: dns::plugins(self.root, &sites),
                    changed: changed(&sites),
                });
            }
        }
    }

    /// The folders of the system's Pythons.
    fn system(&mut self) {
        for paths in search_paths(self.root) {
            self.search_path(None, &paths, &[]);
        }
        let unknown = |i: &&mut Install| i.kind == InstallKind::Package && i.version.is_none();
        if let Some(install) = self.installs.iter_mut().find(unknown) {
            install.version = dpkg::certbot(self.root).and_then(|certbot| certbot.version);
        }
    }

    fn venv(&mut self, venv: &Path) {
        let mut paths = packages_of(self.root, venv);
        if paths.is_empty() {
            return;
        }
        let config =
            self.root.read_text(&venv.join("pyvenv.cfg"), MAX_PROGRAM, Role::Other).unwrap_or_default();
        let shares_system = config.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("true")
        });
        if shares_system {
            paths.extend(search_paths(self.root).into_iter().flatten());
        }
        self.search_path(Some(InstallKind::Pip), &paths, &[]);
    }

    /// The snap, whose content is a mount and so is often absent from an image or a backup.
    fn snap(&mut self) {
        let connected = plugin_snaps(self.root);
        let before = self.installs.len();
        for base in SNAPS {
            let current = Path::new(base).join("certbot/current");
            self.search_path(Some(InstallKind::Snap), &packages_of(self.root, &current), &connected);
        }
        if self.installs.len() > before {
            return;
        }
        let snap = SNAPS
            .iter()
            .map(|base| Path::new(base).join("bin/certbot"))
            .find(|path| self.root.lstat(path).is_ok())
            .or_else(|| {
                downloaded(self.root).into_iter().find(|(name, _)| name == "certbot").map(|(_, path)| path)
            });
        if let Some(path) = snap {
            // The core snap is built with these two: certbot's snapcraft.yaml, part `certbot`.
            let more =
                ["apache".to_owned(), "nginx".to_owned()].into_iter().chain(connected).collect::<Vec<_>>();
            self.installs.push(Install {
                kind: InstallKind::Snap,
                path: show(&path),
                version: None,
                plugins: all_plugins(&[], &more),
                dns_plugins: Vec::new(),
                changed: None,
            });
        }
    }

    /// A package that dpkg lists, where the tree does not hold the folder that it installs to.
    fn listed_by_dpkg(&mut self) {
        let absent = !self.root.is_dir(Path::new("/usr/lib/python3/dist-packages"));
        if let Some(certbot) = absent.then(|| dpkg::certbot(self.root)).flatten() {
            self.installs.push(Install {
                kind: InstallKind::Package,
                path: dpkg::STATUS.into(),
                version: certbot.version,
                plugins: all_plugins(&[], &certbot.plugins),
                dns_plugins: Vec::new(),
                changed: None,
            });
        }
    }

    /// A program whose packages were not found.
    fn program_alone(&mut self) {
        let is_file = |path: &&&str| {
            self.root.stat(Path::new(path)).is_ok_and(|meta| meta.kind == FileType::RegularFile)
        };
        if let Some(program) = PROGRAMS.iter().find(is_file) {
            let why = Why::Unclear("the packages that belong to it were not found".into());
            let local = program.starts_with("/usr/local") || program.starts_with("/root");
            self.installs.push(Install {
                kind: if local { InstallKind::Pip } else { InstallKind::Package },
                path: (*program).into(),
                version: None,
                plugins: Err(Missing::new(*program, why, Role::Other)),
                dns_plugins: Vec::new(),
                changed: None,
            });
        }
    }
}

fn all_plugins(sites: &[Site], more: &[String]) -> Fact<Plugins> {
    let mut all: BTreeSet<String> = BUILT_IN.iter().map(|name| (*name).to_owned()).collect();
    all.extend(more.iter().cloned());
    for site in sites {
        all.extend(site.plugins.clone()?);
    }
    Ok(all.into_iter().collect())
}

fn changed(sites: &[Site]) -> Option<Timestamp> {
    let newest = sites.iter().filter_map(|site| site.changed).max()?;
    Timestamp::from_second(newest).ok()
}

/// What each Python of the system searches, the distribution's own first.
///
/// Debian's Pythons share `/usr/lib/python3/dist-packages`, and each sees
/// `/usr/local/lib/pythonX.Y/dist-packages` as well: <https://wiki.debian.org/Python#Deviations_from_upstream>.
fn search_paths(root: &Root) -> Vec<Vec<PathBuf>> {
    let shared = Path::new("/usr/lib/python3/dist-packages");
    let pythons: Vec<PathBuf> =
        LIBRARIES.iter().flat_map(|lib| folders(root, Path::new(lib), "python")).collect();
    let mut versions: BTreeSet<String> =
        pythons.iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect();
    versions.remove("python3");
    let default = root
        .real_path(Path::new("/usr/bin/python3"))
        .and_then(|path| path.file_name()?.to_str().map(str::to_owned))
        .filter(|name| versions.contains(name));
    let of = |wanted: &dyn Fn(&str) -> bool, kind: &str| -> Vec<PathBuf> {
        let version = |path: &&PathBuf| path.file_name().and_then(OsStr::to_str).is_some_and(wanted);
        pythons.iter().filter(version).map(|path| path.join(kind)).collect()
    };
    // Without the link nobody can say which version is Debian's: its certbot is then taken to see them all.
    let is_default = |name: &str| default.as_ref().is_none_or(|default| default == name);
    let mut debian = vec![shared.to_path_buf()];
    debian.extend(of(&is_default, "dist-packages"));
    debian.extend(of(&is_default, "site-packages").into_iter().filter(|path| path.starts_with("/root")));
    let mut paths = vec![debian];
    for version in &versions {
        let same = |name: &str| name == version;
        let mut dist = of(&same, "dist-packages");
        if version.starts_with("python3") {
            dist.push(shared.to_path_buf());
        }
        paths.push(dist);
        paths.push(of(&same, "site-packages"));
    }
    paths
}

/// `certbot_4325.snap` and its like: name and path.
fn downloaded(root: &Root) -> Vec<(String, PathBuf)> {
    let dir = Path::new("/var/lib/snapd/snaps");
    let mut snaps = Vec::new();
    for name in root.list_or_empty(dir) {
        let Some((snap, _)) =
            name.to_str().and_then(|n| n.strip_suffix(".snap")).and_then(|n| n.rsplit_once('_'))
        else {
            continue;
        };
        if snap.starts_with("certbot") {
            snaps.push((snap.to_owned(), dir.join(&name)));
        }
    }
    snaps
}

/// The plugins that come as snaps of their own, such as `dns-cloudflare`.
fn plugin_snaps(root: &Root) -> Vec<String> {
    let mounted = SNAPS.iter().flat_map(|base| folders(root, Path::new(base), "certbot-"));
    let names = mounted.filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    let names = names.chain(downloaded(root).into_iter().map(|(name, _)| name));
    names.filter_map(|name| name.strip_prefix("certbot-").map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests;
