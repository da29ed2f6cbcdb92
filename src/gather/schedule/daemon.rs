//! Whether anything reads crontabs on the host.

use std::path::Path;

use super::{Look, gone};

/// The programs of the usual crons.
const PROGRAMS: [&str; 14] = [
    "/usr/sbin/cron",
    "/usr/sbin/crond",
    "/usr/bin/crond",
    "/usr/bin/cronie",
    "/usr/sbin/cronie",
    "/usr/sbin/fcron",
    "/usr/bin/fcron",
    "/usr/sbin/dcron",
    "/usr/sbin/bcron-start",
    "/usr/bin/supercronic",
    "/usr/local/bin/supercronic",
    "/usr/lib/systemd-cron",
    "/usr/lib/systemd/system-generators/systemd-crontab-generator",
    "/bin/busybox",
];

/// Why no crontab is read, where that is sure.
pub(super) fn missing(look: &Look<'_>) -> Option<String> {
    let there = PROGRAMS.iter().any(|program| look.root.lstat(Path::new(program)).is_ok());
    // A tree that lacks the folders of programs says nothing.
    let sure = gone(look.root, Path::new("/usr/sbin/cron")) && gone(look.root, Path::new("/usr/bin/crond"));
    (!there && sure).then(|| "no cron daemon is installed".to_owned())
}
