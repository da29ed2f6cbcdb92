//! Signs of life: until when the host was surely running, and when certbot last wrote to its log.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::fs::Root;
use crate::facts::{Fact, Role, Trigger};

/// Files that a running host touches at least once a day.
const TOUCHED: [&str; 13] = [
    "/var/log/syslog",
    "/var/log/messages",
    "/var/log/auth.log",
    "/var/log/secure",
    "/var/log/cron",
    "/var/log/cron.log",
    "/var/log/daemon.log",
    "/var/log/wtmp",
    "/var/log/lastlog",
    "/var/log/nginx/access.log",
    "/var/log/apache2/access.log",
    "/var/log/httpd/access_log",
    "/var/lib/systemd/timesync/clock",
];

/// How many names of a folder of logs are looked at: certbot keeps a thousand by itself.
const MAX_LOGS: usize = 5_000;

/// The newest sign that the host was running; `None` where a tree shows none.
pub fn alive(root: &Root) -> Option<Timestamp> {
    if root.is_live() {
        return Some(Timestamp::now());
    }
    TOUCHED.iter().filter_map(|path| modified(root, Path::new(path))).max()
}

/// Where certbot may log: the usual folder, or the one of `cli.ini`, and those that commands give.
pub fn log_folders(usual: &Path, ini: Option<String>, triggers: &Fact<Vec<Trigger>>) -> Vec<PathBuf> {
    let given = triggers.iter().flatten().filter_map(|trigger| trigger.task.logs_dir.as_deref());
    let absolute = given.chain(ini.as_deref()).filter(|dir| dir.starts_with('/') && !dir.contains('$'));
    let mut folders = vec![usual.to_path_buf()];
    for folder in absolute.map(PathBuf::from) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The folder into which certbot wrote last, and when; the first one, and `None`, where there is no log.
///
/// # Errors
/// A folder cannot be listed.
pub fn log(root: &Root, folders: &[PathBuf]) -> (PathBuf, Fact<Option<Timestamp>>) {
    let mut newest = (folders.first().cloned().unwrap_or_default(), None);
    for folder in folders {
        match newest_log(root, folder) {
            Ok(at) if at > newest.1 => newest = (folder.clone(), at),
            Ok(_) => {}
            Err(missing) => return (folder.clone(), Err(missing)),
        }
    }
    (newest.0, Ok(newest.1))
}

fn newest_log(root: &Root, folder: &Path) -> Fact<Option<Timestamp>> {
    let names = root.list(folder, Role::Other)?.unwrap_or_default();
    let logs =
        names.into_iter().take(MAX_LOGS).filter(|name| name.to_string_lossy().starts_with("letsencrypt.log"));
    Ok(logs.filter_map(|name| modified(root, &folder.join(name))).max())
}

fn modified(root: &Root, path: &Path) -> Option<Timestamp> {
    root.stat(path).ok().and_then(|meta| Timestamp::from_second(meta.modified).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_the_logs_counts() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("var/log/letsencrypt");
        std::fs::create_dir_all(&logs).unwrap();
        for (name, second) in [("letsencrypt.log", 2_000), ("letsencrypt.log.1", 3_000), ("other", 9_000)] {
            let file = std::fs::File::create(logs.join(name)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
        }
        let root = Root::below(dir.path()).unwrap();
        let folders = log_folders("/var/log/none".as_ref(), Some("/var/log/letsencrypt".into()), &Ok(vec![]));
        let (folder, at) = log(&root, &folders);
        assert_eq!(folder, Path::new("/var/log/letsencrypt"));
        assert_eq!(at.unwrap().unwrap().as_second(), 3_000);
        assert_eq!(log(&root, &["/var/log/none".into()]).1, Ok(None));
        assert_eq!(alive(&root), None);
    }
}
