//! Programs of supervisord that renew in a loop. <https://supervisord.org/configuration.html#program-x-section-settings>

use std::path::{Path, PathBuf};

use super::{Look, renews_in_a_loop};
use crate::facts::{Client, Missing, Role, Task, Trigger, TriggerKind, Why};
use crate::gather::fs::show;
use crate::gather::secrets::mask_command;

const MAX_FILE: u64 = 256 << 10;
/// How many files of one folder are looked at.
const MAX_FILES: usize = 1_000;
const FILES: [&str; 2] = ["/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"];
const FOLDERS: [&str; 2] = ["/etc/supervisor/conf.d", "/etc/supervisord.d"];

/// The programs that renew, and the files that could not be read.
pub(super) fn programs(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let in_folders = FOLDERS.iter().flat_map(|folder| {
        let names = look.root.list_or_empty(Path::new(folder)).into_iter().take(MAX_FILES);
        names.map(|name| Path::new(folder).join(name)).collect::<Vec<PathBuf>>()
    });
    for path in FILES.iter().map(PathBuf::from).chain(in_folders) {
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
    Some(Trigger {
        kind: TriggerKind::Container,
        r#where: format!("{}:{number}", show(path)),
        unit: None,
        user: None,
        command: mask_command(command.trim()),
        ineffective: None,
        client: Client::default(),
        when: super::pause::times(look, command),
        task: Task::default(),
        last_run: None,
        unit_state: None,
    })
}
