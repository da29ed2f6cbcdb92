//! A program's bare name on a `PATH`.

use std::path::Path;

use crate::gather::fs::Root;

/// How many folders of a path are looked at.
const MAX_FOLDERS: usize = 64;

/// Where the system's programs live.
const SYSTEM: [&str; 2] = ["/usr/bin", "/bin"];

/// Whether a program is surely in none of the folders: some of them are there and hold programs, and none holds it.
pub(super) fn fails(root: &Root, path: &str, program: &str) -> bool {
    let folders: Vec<&Path> = path.split(':').map(Path::new).take(MAX_FOLDERS).collect();
    // A link that leads nowhere in this tree may lead somewhere on the host.
    let found = folders.iter().any(|folder| root.lstat(&folder.join(program)).is_ok());
    // A tree without the system's own programs says nothing.
    let system = folders.iter().any(|folder| SYSTEM.contains(&folder.to_string_lossy().as_ref()));
    let populated = SYSTEM.iter().any(|folder| !root.list_or_empty(Path::new(folder)).is_empty());
    !found && system && populated
}
