//! What would run certbot's renewals: systemd timers, cron and its kin, containers.

mod anacron;
mod beside;
mod client;
mod columns;
mod command;
mod compose;
mod conditions;
mod container;
mod cron;
mod daemon;
mod directives;
mod environment;
mod fcron;
pub(super) mod hooks;
mod live;
mod path;
mod pause;
mod periodic;
mod quadlet;
mod runparts;
mod scope;
mod service;
mod settings;
pub(super) mod shell;
mod supervisor;
mod surroundings;
mod systemd;
mod tables;
mod task;
mod times;
mod units;
mod users;
mod variables;
mod words;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::fs::{Root, normalize};
use super::installs::installs;
pub use beside::beside;
pub use hooks::hook_programs;
pub use scope::Scope;

use crate::calendar::zone;
use crate::facts::{Fact, Missing, Os, Role, Trigger, TriggerKind, Why};

/// How much of a script is read.
const MAX_SCRIPT: u64 = 256 << 10;

/// How many files of one folder are looked at.
const MAX_FILES: usize = 1_000;

/// How many links of a program are followed by their texts.
const MAX_LINKS: usize = 16;

/// The host, as far as it decides whether a command can run.
struct Look<'a> {
    root: &'a Root,
    os: &'a Os,
    /// certbot's configuration folder.
    config: &'a Path,
    zone: TimeZone,
}

/// Every trigger found, effective or not.
///
/// # Errors
/// Nothing effective was found, and what could not be read may hold it.
pub fn triggers(root: &Root, os: &Os, config: &Path) -> Fact<Vec<Trigger>> {
    if !os.has_etc {
        return Err(Missing::new("etc", Why::NotFound, Role::Schedule));
    }
    if !root.is_live() && holds_only(root, "/", "etc") && holds_only(root, "/etc", "letsencrypt") {
        let why = Why::Unclear("only certbot's own folder is in this tree".into());
        return Err(Missing::new("the schedule", why, Role::Schedule));
    }
    let zone = super::zone(root).map_or(TimeZone::UTC, |zone| zone::of_host(&zone));
    let look = Look { root, os, config, zone };
    let mut found = Vec::new();
    let mut unread = Vec::new();
    let places =
        [systemd::timers(&look), cron::jobs(&look), container::loops(&look), supervisor::programs(&look)];
    for (more, missing) in places {
        found.extend(more);
        unread.extend(missing);
    }
    let quadlets = quadlet::containers(&look, &found);
    found.extend(quadlets);
    live::fill(&look, &mut found);
    let outer = surroundings::Outer::read(&look);
    for trigger in &mut found {
        let own = std::mem::take(&mut trigger.task.egress);
        trigger.task.egress = outer.of(trigger.kind).over(own);
    }
    let installed = installs(root).is_ok_and(|found| !found.is_empty());
    if installed {
        // What is meant to renew is the host's own certbot.
        found.retain(|trigger| trigger.kind != TriggerKind::Container || trigger.ineffective.is_none());
    }
    if found.iter().any(Trigger::effective) {
        return Ok(found);
    }
    if let Some(missing) = unread.into_iter().next() {
        return Err(missing);
    }
    if os.containers && !installed && !found.iter().any(|trigger| trigger.kind == TriggerKind::Container) {
        let why =
            Why::Unclear("no certbot is on the host, and a container's own schedule is not looked at".into());
        return Err(Missing::new("the containers' own schedules", why, Role::Schedule));
    }
    Ok(found)
}

/// Times that are not known, and why.
fn untimed(why: &str) -> Missing {
    Missing::new("the times", Why::Unclear(why.to_owned()), Role::Other)
}

/// The text of the script that a command names.
fn script_of(look: &Look<'_>, command: &str) -> Option<String> {
    let script = command.split_whitespace().find(|word| word.starts_with('/') && !word.contains("/bin/"))?;
    look.root.read_text(Path::new(script), MAX_SCRIPT, Role::Other).ok()
}

/// Whether a command that never ends renews again and again: `while :; do certbot renew; sleep 12h; done`, also in the
/// script that it names.
fn renews_in_a_loop(look: &Look<'_>, command: &str) -> bool {
    let text = script_of(look, command).unwrap_or_default();
    [command, text.as_str()].iter().any(|text| {
        let text: String = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let loops =
            ["while ", "until ", "for "].iter().any(|word| text.contains(word)) && text.contains("sleep");
        loops && client::mentions_certbot(&text) && text.contains("renew") && !text.contains("--dry-run")
    })
}

/// The files of some folders, in their order.
fn files_in(root: &Root, folders: &[&str]) -> Vec<PathBuf> {
    let of = |folder: &&str| {
        let folder = PathBuf::from(folder);
        let names = root.list_or_empty(&folder).into_iter().take(MAX_FILES);
        names.map(|name| folder.join(name)).collect::<Vec<_>>()
    };
    folders.iter().flat_map(of).collect()
}

fn holds_only(root: &Root, folder: &str, name: &str) -> bool {
    matches!(root.list_or_empty(Path::new(folder)).as_slice(), [only] if only == name)
}

/// Whether a program that is named by its path is surely not there.
///
/// Below a root this is only said where the folder that should hold it is there and not empty: a backup of `etc`
/// lacks all programs.
fn gone(root: &Root, path: &Path) -> bool {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        if root.stat(&path) != Err(Why::NotFound) {
            return false;
        }
        let folder = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        if let Ok(Some(text)) = root.read_link(&path) {
            path = normalize(&folder, &text);
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // certbot-auto lived wherever it was unpacked, and is removed with its folder.
        let folder = match name {
            "certbot-auto" | "letsencrypt-auto" => folder.ancestors().find(|dir| root.is_dir(dir)),
            _ => Some(folder.as_path()),
        };
        let in_tree = folder.is_some_and(|dir| dir != Path::new("/") && !root.list_or_empty(dir).is_empty());
        return root.is_live() || in_tree;
    }
    false
}

#[cfg(test)]
mod cron_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unit_tests;
