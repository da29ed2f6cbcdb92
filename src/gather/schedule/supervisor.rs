//! Programs of supervisord that renew in a loop. <https://supervisord.org/configuration.html#program-x-section-settings>

use std::path::{Path, PathBuf};

use super::container::trigger;
use super::{Look, files_in, pause, renews_in_a_loop};
use crate::facts::{Missing, Role, Trigger, Why};

const MAX_FILE: u64 = 256 << 10;
const FILES: [&str; 2] = ["/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"];
const FOLDERS: [&str; 2] = ["/etc/supervisor/conf.d", "/etc/supervisord.d"];

/// The programs that renew, and the files that could not be read.
pub(super) fn programs(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for path in FILES.iter().map(PathBuf::from).chain(files_in(look.root, &FOLDERS)) {
        match look.root.read_text(&path, MAX_FILE, Role::Schedule) {
            Ok(text) => {
                found.extend(text.lines().zip(1..).filter_map(|(line, n)| program(look, &path, line, n)))
            }
            Err(missing) if missing.why == Why::Denied => unread.push(missing),
            Err(_) => {}
        }
    }
    (found, unread)
}

fn program(look: &Look<'_>, path: &Path, line: &str, number: usize) -> Option<Trigger> {
    let (key, command) = line.trim_start().split_once('=')?;
    if key.trim() != "command" || !renews_in_a_loop(look, command) {
        return None;
    }
    let when = pause::times(look, command);
    Some(Trigger { when, ..trigger(path, number, command.trim(), None) })
}
