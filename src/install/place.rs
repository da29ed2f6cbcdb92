//! Where a lineage is: its conf, its archive and its four links.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fault::cannot;
use crate::configobj::{self, Value};
use crate::error::Error;
use crate::facts::Kind;

/// The largest conf that is read, in bytes; certbot's are below ten kilobytes.
pub(super) const MAX_CONF: u64 = 1 << 20;

/// A lineage on disk, as its conf names its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub(super) name: String,
    pub(super) config: PathBuf,
    pub(super) conf: PathBuf,
    pub(super) archive: PathBuf,
    /// In [`Kind::ALL`] order.
    pub(super) links: [PathBuf; 4],
}

impl Place {
    /// Reads `renewal/NAME.conf` below `config_dir`. For an install it is to be read while the lock is held.
    ///
    /// # Errors
    /// There is no such conf, it does not parse, or it does not name the four links by absolute paths.
    pub fn read(config_dir: &Path, name: &str) -> Result<Self, Error> {
        if name.is_empty() || name.contains('/') {
            return Err(Error::new(format!("`{name}` is not the name of a certificate"))
                .hint("`certbot certificates` lists the names of certificates"));
        }
        let conf = config_dir.join("renewal").join(format!("{name}.conf"));
        let bytes = read_conf(&conf)?;
        let bad = |why: String| {
            Error::new(format!("{}: {why}", conf.display()))
                .hint(format!("`acme-audit audit {name}` tells what to type"))
        };
        let document = configobj::parse(&bytes).map_err(|e| bad(e.to_string()))?;
        let path = |key: &str| -> Result<Option<PathBuf>, Error> {
            match document.value(&[], key).map_err(|e| bad(e.to_string()))?.as_deref() {
                None => Ok(None),
                Some(Value::Scalar(text)) if text.starts_with('/') => Ok(Some(PathBuf::from(text))),
                Some(_) => Err(bad(format!("`{key}` is not an absolute path"))),
            }
        };
        let link =
            |kind: Kind| path(kind.word())?.ok_or_else(|| bad(format!("it names no `{}`", kind.word())));
        let links = [link(Kind::Cert)?, link(Kind::Privkey)?, link(Kind::Chain)?, link(Kind::Fullchain)?];
        let archive = path("archive_dir")?.unwrap_or_else(|| config_dir.join("archive").join(name));
        let real = fs::canonicalize(&conf).map_err(|e| cannot("find", &conf, &e))?;
        Ok(Self { name: name.to_owned(), config: config_dir.to_path_buf(), conf: real, archive, links })
    }

    /// The lineage's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The link of one of the four.
    pub fn link(&self, kind: Kind) -> &Path {
        self.links.get(kind.index()).map(PathBuf::as_path).unwrap_or(Path::new(""))
    }

    /// `kindN.pem` in the archive.
    pub(super) fn file(&self, kind: Kind, version: u64) -> PathBuf {
        self.archive.join(file_name(kind, version))
    }

    /// The same before it has its name. certbot's patterns do not match it.
    pub(super) fn unnamed(&self, kind: Kind, version: u64) -> PathBuf {
        self.archive.join(format!(".{}.new", file_name(kind, version)))
    }

    /// Whether a version can be installed as far as the disk shows: certbot's own rules for a lineage hold.
    ///
    /// # Errors
    /// What is not as certbot wants it.
    pub fn is_sound(&self) -> Result<(), Error> {
        self.versions().map(drop)
    }

    /// Whether this process may write where a new version goes, and give its key the group of the one before.
    ///
    /// # Errors
    /// What it may not.
    pub fn is_writable(&self) -> Result<(), Error> {
        let live = self.link(Kind::Cert).parent().unwrap_or(Path::new("/"));
        for file in [self.archive.join("*.pem"), live.join("*.pem"), live.to_path_buf()] {
            let folder = file.parent().unwrap_or(&file);
            crate::state::may_write(folder).map_err(|e| cannot("write", &file, &e))?;
        }
        let key = fs::canonicalize(self.link(Kind::Privkey)).unwrap_or_default();
        match fs::metadata(&key) {
            Ok(old) if !super::disk::may_give(&self.archive, old.gid()) => Err(Error::new(format!(
                "this user is not in the group {} of {}, which the new key is to have",
                old.gid(),
                key.display()
            ))
            .hint("run as root, or add the user to that group")),
            _ => Ok(()),
        }
    }

    /// The versions that the four links name, and that the files of the archive have.
    ///
    /// # Errors
    /// A link is none, or leads elsewhere than into the archive; the archive cannot be listed; it has no version with all
    /// four files.
    pub(super) fn versions(&self) -> Result<Versions, Error> {
        let archive = fs::metadata(&self.archive).map_err(|e| cannot("find", &self.archive, &e))?;
        for kind in Kind::ALL {
            let link = self.link(kind);
            let text = fs::read_link(link).map_err(|e| match e.kind() {
                io::ErrorKind::InvalidInput => {
                    Error::new(format!("{} is not a symbolic link", link.display()))
                        .hint("see `acme-audit explain live-not-symlink`")
                }
                _ => cannot("read the link", link, &e),
            })?;
            let target = target(link, &text);
            let folder = target.parent().unwrap_or(&target);
            let found = fs::metadata(folder).map_err(|e| cannot("find", folder, &e))?;
            if (found.dev(), found.ino()) != (archive.dev(), archive.ino()) {
                let (link, archive) = (link.display(), self.archive.display());
                return Err(Error::new(format!("{link} leads to {}, not into {archive}", folder.display()))
                    .hint("make them agree: `certbot update_symlinks` follows archive_dir of the conf"));
            }
        }
        let mut of = [const { Vec::new() }; 4];
        for entry in fs::read_dir(&self.archive).map_err(|e| cannot("list", &self.archive, &e))? {
            let name = entry.map_err(|e| cannot("list", &self.archive, &e))?.file_name();
            for (kind, versions) in Kind::ALL.into_iter().zip(&mut of) {
                versions.extend(name.to_str().and_then(|name| number(kind, name)));
            }
        }
        let [cert, others @ ..] = &of;
        let common = cert.iter().filter(|n| others.iter().all(|kind| kind.contains(n))).max();
        let Some(&common) = common else {
            let archive = self.archive.display();
            return Err(Error::new(format!("{archive} has no version with all four files"))
                .hint("see `acme-audit explain symlink-target-missing`"));
        };
        let next = of.iter().flatten().max().copied().unwrap_or(common).saturating_add(1);
        let mut certs = cert.clone();
        certs.sort_unstable();
        Ok(Versions { common, next, certs })
    }

    /// The version that a link names; `None` where it is none or names something else.
    pub(super) fn at(&self, kind: Kind) -> Option<u64> {
        let text = fs::read_link(self.link(kind)).ok()?;
        number(kind, text.file_name()?.to_str()?)
    }

    /// Whether all four links name this version.
    pub(super) fn is_at(&self, version: u64) -> bool {
        Kind::ALL.iter().all(|kind| self.at(*kind) == Some(version))
    }
}

/// The versions of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Versions {
    /// The newest with all four files (`latest_common_version`).
    pub(super) common: u64,
    /// One more than the newest of any file (`next_free_version`).
    pub(super) next: u64,
    /// Those of `cert`, sorted.
    pub(super) certs: Vec<u64>,
}

pub(super) fn file_name(kind: Kind, version: u64) -> String {
    format!("{}{version}.pem", kind.word())
}

/// N of `kindN.pem`: certbot's `^kind([0-9]+)\.pem$`.
pub(super) fn number(kind: Kind, name: &str) -> Option<u64> {
    let digits = name.strip_prefix(kind.word())?.strip_suffix(".pem")?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Where a link leads, without a look at what is on the way (`get_link_target`).
fn target(link: &Path, text: &Path) -> PathBuf {
    let mut path = PathBuf::new();
    for part in link.parent().unwrap_or(link).join(text).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// A conf's bytes.
pub(super) fn read_conf(conf: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read;
    let file = fs::File::open(conf).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::new(format!("there is no {}", conf.display()))
            .hint("`certbot certificates` lists the names of certificates"),
        _ => cannot("read", conf, &e),
    })?;
    let mut bytes = Vec::new();
    file.take(MAX_CONF + 1).read_to_end(&mut bytes).map_err(|e| cannot("read", conf, &e))?;
    if bytes.len() as u64 > MAX_CONF {
        return Err(Error::new(format!("{} is larger than {MAX_CONF} bytes", conf.display()))
            .hint("that is not a renewal configuration of certbot"));
    }
    Ok(bytes)
}
