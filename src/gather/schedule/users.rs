//! The host's users, and whether one may renew in certbot's folders.

use std::path::Path;

use super::Look;
use crate::facts::{Ineffective, Role};
use crate::gather::fs::{Root, show};

/// How much of the list of users is read.
const MAX_PASSWD: u64 = 4 << 20;

/// One line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    /// The name.
    pub name: String,
    uid: u32,
    gid: u32,
    /// The home folder.
    pub home: String,
}

/// The users that the host lists; others may come from a directory service.
pub(super) fn users(root: &Root) -> Vec<User> {
    let text = root.read_text(Path::new("/etc/passwd"), MAX_PASSWD, Role::Other).unwrap_or_default();
    let user = |line: &str| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let home = fields.nth(1)?.to_owned();
        Some(User { name: name.to_owned(), uid, gid, home })
    };
    text.lines().filter_map(user).collect()
}

/// Why a user cannot renew: one of certbot's folders keeps him out.
pub(super) fn kept_out(look: &Look<'_>, name: &str) -> Option<Ineffective> {
    if name == "root" {
        return None;
    }
    let user = users(look.root).into_iter().find(|user| user.name == name)?;
    ["live", "archive", "accounts"].iter().map(|folder| look.config.join(folder)).find_map(|folder| {
        let meta = look.root.stat(&folder).ok()?;
        let shift = if meta.uid == user.uid {
            6
        } else if meta.gid == user.gid {
            3
        } else {
            0
        };
        // certbot lists, enters and writes them.
        (user.uid != 0 && meta.mode >> shift & 0o7 != 0o7)
            .then(|| Ineffective::WrongUser(name.to_owned(), show(&folder)))
    })
}
