//! Looking a bare name up on `PATH`.

use std::path::Path;

use super::Look;
use crate::facts::{Ineffective, Why};
use crate::gather::fs::Root;

/// Where a client may lie that the path does not reach.
const ELSEWHERE: [&str; 8] = [
    "/snap/bin",
    "/var/lib/snapd/snap/bin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/bin",
    "/opt/certbot/bin",
    "/root/.local/bin",
    "/usr/sbin",
];

/// Why a name leads nowhere on this path, where that is certain.
pub(super) fn not_on_path(root: &Root, program: &str, path: &str) -> Option<Ineffective> {
    let absolute = path.split(':').all(|folder| folder.starts_with('/'));
    if program.contains('/') || program.contains('$') || !absolute {
        return None;
    }
    let folders = || path.split(':');
    // What is there, or cannot be looked at, is no proof.
    if folders().any(|folder| !absent(root, folder, program)) {
        return None;
    }
    let listed = root.is_live() || folders().any(|folder| populated(root, folder));
    let elsewhere = ELSEWHERE.iter().any(|folder| root.lstat(&Path::new(folder).join(program)).is_ok());
    let certain = listed && (elsewhere || is_whole(root));
    certain.then(|| Ineffective::NotOnPath(program.into(), path.into()))
}

fn absent(root: &Root, folder: &str, program: &str) -> bool {
    root.lstat(&Path::new(folder).join(program)) == Err(Why::NotFound)
}

/// Whether a folder of programs is there and has some.
pub(super) fn populated(root: &Root, folder: &str) -> bool {
    !root.list_or_empty(Path::new(folder)).is_empty()
}

/// Whether the tree holds a host's programs, and not only some of its folders: no host is without a shell.
pub(super) fn is_whole(root: &Root) -> bool {
    root.is_live() || ["/bin/sh", "/usr/bin/sh"].iter().any(|sh| root.lstat(Path::new(sh)).is_ok())
}

/// Whether one of these programs is anywhere where programs are.
pub(super) fn has_program(look: &Look<'_>, names: &[&str]) -> bool {
    const FOLDERS: [&str; 7] =
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/bin"];
    FOLDERS.iter().any(|folder| {
        names.iter().any(|name| look.root.lstat(&Path::new(folder).join(name)) != Err(Why::NotFound))
    })
}
