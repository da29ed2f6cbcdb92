//! The users of the host: whether one may renew in certbot's folders, and who has a systemd of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::facts::{Ineffective, Role};
use crate::gather::fs::{Meta, Root, show};

const MAX_TEXT: u64 = 4 << 20;
/// How many homes are looked into.
const MAX_HOMES: usize = 4_000;
/// <https://www.freedesktop.org/software/systemd/man/latest/loginctl.html#enable-linger%20USER%E2%80%A6>
const LINGER: &str = "/var/lib/systemd/linger";
/// Where users come from besides `/etc/passwd`. <https://man7.org/linux/man-pages/man5/nsswitch.conf.5.html>
const LOCAL: [&str; 4] = ["files", "compat", "systemd", "altfiles"];

/// `/etc/passwd` and `/etc/group`.
pub(super) struct Users {
    known: Option<BTreeMap<String, User>>,
    groups: Vec<(u32, Vec<String>)>,
    /// A directory service knows others.
    more: bool,
}

struct User {
    uid: u32,
    gid: u32,
    home: PathBuf,
}

impl Users {
    /// Reads them.
    pub fn read(root: &Root) -> Self {
        let text = |path: &str| root.read_text(Path::new(path), MAX_TEXT, Role::Other).ok();
        let passwd = text("/etc/passwd").filter(|text| text.lines().any(|line| line.starts_with("root:")));
        let user = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']))?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some((name.to_owned(), User { uid, gid, home: fields.nth(1)?.into() }))
        };
        let group = |line: &str| {
            let mut fields = line.split(':').skip(2);
            let gid = fields.next()?.parse().ok()?;
            Some((gid, fields.next()?.split(',').map(str::to_owned).collect()))
        };
        let switch = text("/etc/nsswitch.conf").unwrap_or_default();
        let services = switch.lines().filter_map(|line| line.trim().strip_prefix("passwd:"));
        let more = services.flat_map(str::split_whitespace).any(|service| {
            !service.starts_with(['[', '#']) && !service.ends_with(']') && !LOCAL.contains(&service)
        });
        let nis = passwd.as_deref().is_some_and(|text| text.lines().any(|line| line.starts_with('+')));
        Self {
            known: passwd.map(|text| text.lines().filter_map(user).collect()),
            groups: text("/etc/group").unwrap_or_default().lines().filter_map(group).collect(),
            more: more || nis,
        }
    }

    /// Whether `/etc/passwd` lists the user.
    pub fn has(&self, name: &str) -> bool {
        name == "root" || self.known.as_ref().is_some_and(|known| known.contains_key(name))
    }

    /// The home folder of a user.
    pub fn home(&self, name: &str) -> Option<&Path> {
        let home = self.known.as_ref().and_then(|known| Some(known.get(name)?.home.as_path()));
        home.or((name == "root").then_some(Path::new("/root")))
    }

    /// Whether there is surely no such user.
    pub fn lacks(&self, name: &str) -> bool {
        self.known.is_some() && !self.more && !self.has(name)
    }

    /// The one of certbot's folders in which this user cannot work, where it is none of theirs.
    pub fn kept_out(&self, root: &Root, name: &str, config: &Path) -> Option<Ineffective> {
        let user = self.known.as_ref()?.get(name).filter(|user| user.uid != 0)?;
        if root.stat(config).ok()?.uid == user.uid {
            return None;
        }
        ["live", "archive", "accounts"].iter().map(|folder| config.join(folder)).find_map(|folder| {
            let meta = root.stat(&folder).ok()?;
            // certbot lists, enters and writes them.
            (!self.may_work(meta, name, user)).then(|| Ineffective::WrongUser(name.to_owned(), show(&folder)))
        })
    }

    fn may_work(&self, meta: Meta, name: &str, user: &User) -> bool {
        let in_group = meta.gid == user.gid
            || self.groups.iter().any(|(id, names)| *id == meta.gid && names.iter().any(|n| n == name));
        let bits = match () {
            () if meta.uid == user.uid => meta.mode >> 6,
            () if in_group => meta.mode >> 3,
            () => meta.mode,
        };
        bits & 0o7 == 0o7
    }

    /// Who may have timers of their own: by passwd, and by the folders of `/home`.
    pub fn owners(&self, root: &Root) -> Vec<Owner> {
        let mut homes: BTreeMap<PathBuf, String> = BTreeMap::from([("/root".into(), "root".into())]);
        for name in root.list_or_empty(Path::new("/home")).into_iter().take(MAX_HOMES) {
            if let Some(name) = name.to_str() {
                homes.insert(Path::new("/home").join(name), name.to_owned());
            }
        }
        for (name, user) in self.known.iter().flatten().take(MAX_HOMES) {
            if user.home.is_absolute() && user.home != Path::new("/") {
                homes.insert(user.home.clone(), name.clone());
            }
        }
        let owner = |(home, name): (PathBuf, String)| {
            let lingers = root.exists(&Path::new(LINGER).join(&name));
            (lingers || root.is_dir(&home.join(".config/systemd/user"))).then_some(Owner {
                name,
                home,
                lingers,
            })
        };
        homes.into_iter().filter_map(owner).collect()
    }
}

/// A user with units of their own, or whose systemd runs without a session.
pub(super) struct Owner {
    /// The user's name.
    pub name: String,
    /// The home folder.
    pub home: PathBuf,
    lingers: bool,
}

impl Owner {
    /// Why a timer of theirs does not run all the time.
    pub fn logged_out(&self) -> Option<Ineffective> {
        let name = &self.name;
        (!self.lingers).then(|| {
            Ineffective::NotStarted(format!(
                "{name}'s timers run only while {name} is logged in: loginctl enable-linger {name}"
            ))
        })
    }

    /// Where their timers have their stamps.
    pub fn stamps(&self) -> PathBuf {
        self.home.join(".local/share/systemd/timers")
    }

    /// The folders of their units, the highest priority first.
    /// <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Unit%20File%20Load%20Path>
    pub fn folders(&self) -> impl Iterator<Item = PathBuf> {
        const SHARED: [&str; 3] =
            ["/usr/local/lib/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user"];
        let own = [".config/systemd/user.control", ".config/systemd/user"].map(|dir| self.home.join(dir));
        let data = self.home.join(".local/share/systemd/user");
        let middle = ["/etc/systemd/user", "/run/systemd/user"].map(PathBuf::from);
        own.into_iter().chain(middle).chain([data]).chain(SHARED.map(PathBuf::from))
    }
}
