//! One folder of Python packages: is certbot in it, which version, and which plugins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::facts::{Fact, InstallKind, Missing, Role, Why};
use crate::gather::fs::{Root, show};

/// How many packages of one folder are asked for their entry points.
const MAX_PACKAGES: usize = 20_000;
/// How much of one metadata file is read.
const MAX_METADATA: u64 = 1 << 20;

/// A package by its metadata.
#[derive(Clone, Debug)]
pub(super) struct Package {
    /// The name in the form of PEP 503: lower case, with `-`.
    pub name: String,
    /// The version.
    pub version: String,
    /// The folder of the metadata.
    pub info: PathBuf,
}

/// What a folder of packages holds.
pub(super) struct Site {
    /// The folder as it was named.
    pub path: PathBuf,
    /// The folder after its links were followed.
    pub real: PathBuf,
    /// Whether certbot itself is in it.
    pub has_certbot: bool,
    /// certbot's version.
    pub version: Option<String>,
    /// The plugins in this folder.
    pub plugins: Fact<BTreeSet<String>>,
    /// Every package by its normalised name, with the folder of its metadata: `dns-lexicon`.
    pub packages: Vec<Package>,
    /// What stands in the folder.
    pub names: BTreeSet<String>,
    /// When something was put into it last, in seconds since the epoch.
    pub changed: Option<i64>,
    by_pip: bool,
}

impl Site {
    /// Reads a folder; `None` where there is none.
    pub fn read(root: &Root, path: &Path) -> Option<Self> {
        let real = root.real_path(path)?;
        let unread = |plugins| Self {
            path: path.to_path_buf(),
            real: real.clone(),
            has_certbot: false,
            version: None,
            plugins,
            packages: Vec::new(),
            names: BTreeSet::new(),
            changed: root.stat(&real).ok().map(|meta| meta.modified),
            by_pip: false,
        };
        let names = match root.list(path, Role::Other) {
            Ok(names) => names?,
            // A folder that may be searched but not listed: certbot's own package can still be looked for.
            Err(missing) => {
                let has_certbot = root.exists(&path.join("certbot/__init__.py"));
                return Some(Self { has_certbot, version: own_version(root, path), ..unread(Err(missing)) });
            }
        };
        let mut site = unread(Ok(BTreeSet::new()));
        if names.len() > MAX_PACKAGES {
            let why = Why::TooLarge(names.len() as u64, MAX_PACKAGES as u64);
            site.plugins = Err(Missing::new(show(path), why, Role::Other));
        }
        for name in names.iter().take(MAX_PACKAGES).filter_map(|name| name.to_str()) {
            site.names.insert(name.to_owned());
            site.packages.extend(package(path, name));
            if let Some(version) = version_in(name) {
                site.has_certbot = true;
                site.version = Some(version.into());
                let installer = root.read_text(&path.join(name).join("INSTALLER"), MAX_METADATA, Role::Other);
                site.by_pip = installer.is_ok_and(|text| ["pip", "uv"].contains(&text.trim()));
            }
            let more = if name.ends_with(".dist-info") || name.ends_with(".egg-info") {
                entry_points(root, &path.join(name).join("entry_points.txt"))
            } else if name.ends_with(".egg") {
                entry_points(root, &path.join(name).join("EGG-INFO/entry_points.txt"))
            } else {
                Ok(bare_package(root, path, name).into_iter().collect())
            };
            match (&mut site.plugins, more) {
                (Ok(plugins), Ok(more)) => plugins.extend(more),
                (Ok(_), Err(missing)) => site.plugins = Err(missing),
                (Err(_), _) => {}
            }
        }
        if root.exists(&path.join("certbot/__init__.py")) {
            site.has_certbot = true;
            site.version = site.version.or_else(|| own_version(root, path));
        }
        Some(site)
    }

    /// Package or pip, by who wrote the metadata and else by the place.
    pub fn kind(&self) -> InstallKind {
        let local = self.path.starts_with("/usr/local") || self.path.starts_with("/root");
        if self.by_pip || local { InstallKind::Pip } else { InstallKind::Package }
    }
}

/// A package of `NAME-VERSION.dist-info`, `NAME-VERSION-py3.9.egg-info` and its like.
fn package(site: &Path, entry: &str) -> Option<Package> {
    let rest = entry.strip_suffix(".dist-info").or_else(|| entry.strip_suffix(".egg-info"))?;
    let (name, rest) = rest.split_once('-')?;
    let version = rest.split_once("-py").map_or(rest, |(version, _)| version);
    let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| Package {
        name,
        version: version.to_owned(),
        info: site.join(entry),
    })
}

/// `5.8.0` of `certbot-5.8.0.dist-info` or `certbot-2.1.0-py3.9.egg-info`.
fn version_in(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("certbot-")?;
    let rest = rest
        .strip_suffix(".dist-info")
        .or_else(|| rest.strip_suffix(".egg-info"))
        .or_else(|| rest.strip_suffix(".egg"))?;
    let version = rest.split_once("-py").map_or(rest, |(version, _)| version);
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

/// `__version__ = '2.1.0'` in certbot's own package.
fn own_version(root: &Root, site: &Path) -> Option<String> {
    let text = root.read_text(&site.join("certbot/__init__.py"), MAX_METADATA, Role::Other).ok()?;
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    let version = line.split_once('=')?.1.trim().trim_matches(['\'', '"']);
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

/// The plugins of a package and the modules of their code, by the folder of its metadata.
pub(super) fn entries(root: &Root, info: &Path) -> Vec<(String, String)> {
    root.read_text(&info.join("entry_points.txt"), MAX_METADATA, Role::Other)
        .map(|text| entries_of(&text))
        .unwrap_or_default()
}

/// The names in `[certbot.plugins]`; none where the package has no entry points.
fn entry_points(root: &Root, path: &Path) -> Fact<Vec<String>> {
    match root.read_text(path, MAX_METADATA, Role::Other) {
        Ok(text) => Ok(entries_of(&text).into_iter().map(|(name, _)| name).collect()),
        Err(missing) if missing.why == Why::NotFound => Ok(Vec::new()),
        Err(missing) => Err(missing),
    }
}

/// `NAME = MODULE:ATTRIBUTE` below `[certbot.plugins]`.
/// <https://packaging.python.org/en/latest/specifications/entry-points/#file-format>
fn entries_of(text: &str) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']').trim();
            inside = section == "certbot.plugins" || section == "letsencrypt.plugins";
        } else if let Some((name, object)) =
            line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';']))
        {
            // Plugins were once named `certbot-dns-x:dns-x`, and some still are.
            let name = name.rsplit(':').next().unwrap_or(name).trim();
            let module = object.split(':').next().unwrap_or_default().trim();
            if !name.is_empty() {
                entries.push((name.to_owned(), module.to_owned()));
            }
        }
    }
    entries
}

/// The plugin of a package folder such as `certbot_nginx` or `certbot_dns_cloudflare`.
fn bare_package(root: &Root, site: &Path, name: &str) -> Option<String> {
    let plugin = name.strip_prefix("certbot_")?;
    let known =
        plugin == "nginx" || plugin == "apache" || plugin.strip_prefix("dns_").is_some_and(|x| !x.is_empty());
    let is_name = plugin.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // Compiled leftovers of a removed package are no package.
    let lives = || root.list_or_empty(&site.join(name)).iter().any(|entry| entry != "__pycache__");
    (known && is_name && lives()).then(|| plugin.replace('_', "-"))
}
