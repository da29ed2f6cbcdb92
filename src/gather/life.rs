//! Signs of life: until when the host was surely running, and when certbot last wrote to its log.

use std::path::Path;

use jiff::Timestamp;

use super::fs::Root;
use crate::facts::{Fact, Role};

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

/// When certbot last wrote to its log; `None` where there is none.
///
/// # Errors
/// The folder cannot be listed.
pub fn log(root: &Root, folder: &Path) -> Fact<Option<Timestamp>> {
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
        assert_eq!(log(&root, Path::new("/var/log/letsencrypt")).unwrap().unwrap().as_second(), 3_000);
        assert_eq!(log(&root, Path::new("/var/log/none")), Ok(None));
        assert_eq!(alive(&root), None);
    }
}
