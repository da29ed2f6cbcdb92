//! Compose files in the usual places whose certbot container renews in a loop.

use std::path::{Path, PathBuf};

use super::{Look, pause};
use crate::facts::{Client, Missing, Role, Task, Trigger, TriggerKind, Why};
use crate::gather::fs::{Root, show};
use crate::gather::secrets::mask_command;

/// How many folders are looked into.
const MAX_FOLDERS: usize = 4_000;
/// How many lines after the renewal's its `sleep` may stand.
const LOOP_LINES: usize = 4;
const MAX_COMPOSE: u64 = 1 << 20;
/// <https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file>
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/// What makes one run into many.
const LOOPS: [&str; 5] = ["sleep", "while", "until", "cron", "restart:"];

/// The compose files that renew, and those that could not be read.
pub(super) fn loops(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    for folder in folders(look.root) {
        for name in NAMES {
            let path = folder.join(name);
            match look.root.read_text(&path, MAX_COMPOSE, Role::Schedule) {
                Ok(text) => found.extend(compose(&path, &text)),
                Err(missing) if missing.why == Why::Denied => unread.push(missing),
                Err(_) => {}
            }
        }
    }
    (found, unread)
}

fn folders(root: &Root) -> Vec<PathBuf> {
    let below = |dir: &Path| -> Vec<PathBuf> {
        let names = root.list_or_empty(dir).into_iter().take(MAX_FOLDERS);
        names.map(|name| dir.join(name)).filter(|path| root.is_dir(path)).collect()
    };
    let mut all = vec![PathBuf::from("/root")];
    for dir in ["/opt", "/srv", "/root", "/etc/docker/compose"] {
        all.extend(below(Path::new(dir)));
    }
    for home in below(Path::new("/home")) {
        if all.len() >= MAX_FOLDERS {
            break;
        }
        all.push(home.clone());
        all.extend(below(&home));
    }
    all.truncate(MAX_FOLDERS);
    all
}

fn compose(path: &Path, text: &str) -> Option<Trigger> {
    let lines = || {
        text.lines().enumerate().map(|(i, line)| (i, line.trim())).filter(|(_, line)| !line.starts_with('#'))
    };
    let has = |word: &str| lines().any(|(_, line)| line.contains(word));
    if !has("certbot") || !LOOPS.iter().any(|word| has(word)) {
        return None;
    }
    let is_word =
        |line: &str| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == "renew");
    let (i, line) = lines().find(|(_, line)| is_word(line) && !line.contains("--dry-run"))?;
    // The loop of the same service: another's, nginx's say, has a sleep of its own.
    let near = lines().map(|(_, line)| line).skip_while(|text| *text != line).skip(1).take(LOOP_LINES);
    Some(Trigger {
        kind: TriggerKind::Container,
        r#where: format!("{}:{}", show(path), i + 1),
        unit: None,
        user: None,
        command: mask_command(line),
        ineffective: None,
        client: Client::default(),
        when: pause::of(std::iter::once(line).chain(near)),
        task: Task::default(),
        last_run: None,
        unit_state: None,
    })
}
