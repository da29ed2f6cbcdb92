//! The proxy variables that a command finds in its environment, and those that it sets for itself.

use std::path::Path;

use super::client::base;
use super::daemon::Dialect;
use super::directives::{parse, values};
use super::environment;
use super::variables::assignment;
use super::{Look, files_in};
use crate::facts::{Egress, Role, TriggerKind};
use crate::gather::fs::show;

const MAX_FILE: u64 = 64 << 10;
/// What PAM gives to cron's jobs, snapd to its services, and a login to a shell.
/// <https://manpages.debian.org/bookworm/libpam-modules/pam_env.8.en.html>
const ENVIRONMENT: &str = "/etc/environment";
/// Where systemd itself is set up. <https://www.freedesktop.org/software/systemd/man/latest/systemd-system.conf.html>
const MANAGER: &str = "/etc/systemd/system.conf";
const MANAGER_FOLDERS: [&str; 2] = ["/usr/lib/systemd/system.conf.d", "/etc/systemd/system.conf.d"];
/// Programs that start others with an environment of their own.
const OTHERS: [&str; 8] =
    ["docker", "podman", "nerdctl", "docker-compose", "podman-compose", "systemctl", "ssh", "lxc"];

/// What each kind of trigger finds set.
pub(super) struct Outer {
    cron: Egress,
    systemd: Egress,
}

impl Outer {
    /// Reads the host's own files.
    pub(super) fn read(look: &Look<'_>) -> Self {
        let by_pam = matches!(Dialect::of(look), Dialect::Debian | Dialect::Cronie);
        Self { cron: if by_pam { of_file(look) } else { Egress::default() }, systemd: of_manager(look) }
    }

    /// What stands around a trigger of a kind.
    pub(super) fn of(&self, kind: TriggerKind) -> Egress {
        let inside = || Some("what is set inside the container is not known".to_owned());
        match kind {
            TriggerKind::SystemdTimer | TriggerKind::Snap => self.systemd.clone(),
            TriggerKind::Cron | TriggerKind::CronDir | TriggerKind::Anacron => self.cron.clone(),
            TriggerKind::Periodic => Egress::default(),
            TriggerKind::Container => Egress { unclear: inside(), ..Egress::default() },
        }
    }
}

/// `/etc/environment`, as PAM reads it.
fn of_file(look: &Look<'_>) -> Egress {
    let mut egress = Egress::default();
    let Ok(text) = look.root.read_text(Path::new(ENVIRONMENT), MAX_FILE, Role::Other) else { return egress };
    for (line, number) in text.lines().zip(1..) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=') {
            let value = value.trim().trim_matches(['"', '\'']);
            egress.set(name.trim(), value, &format!("{ENVIRONMENT}:{number}"));
        }
    }
    egress
}

/// `DefaultEnvironment=` of systemd itself.
fn of_manager(look: &Look<'_>) -> Egress {
    let mut egress = Egress::default();
    let files = std::iter::once(MANAGER.into()).chain(files_in(look.root, &MANAGER_FOLDERS));
    for file in files {
        let Ok(text) = look.root.read_text(&file, MAX_FILE, Role::Other) else { continue };
        let directives = parse(&text, &file);
        for value in values(&directives, "Manager", "DefaultEnvironment") {
            for (name, value) in environment::assignments(&value) {
                egress.set(&name, &value, &show(&file));
            }
        }
    }
    egress
}

/// Takes one command of a shell text in.
pub(super) fn command(egress: &mut Egress, words: &[&str], place: &str) {
    let unclear = |what: String| Some(what);
    let Some(first) = words.iter().find(|word| assignment(word).is_none()) else {
        return words.iter().filter_map(|word| assignment(word)).for_each(|set| one(egress, set, place));
    };
    if *first == "unset" {
        return words.iter().skip(1).for_each(|name| egress.set(name, "", place));
    }
    words.iter().filter_map(|word| assignment(word)).for_each(|set| one(egress, set, place));
    let login = |word: &&str| ["-", "-l", "-lc", "-ilc", "-il", "--login", "-ic"].contains(word);
    if [".", "source", "eval"].contains(first) {
        let file = words.get(1).copied().unwrap_or_default();
        egress.unclear = unclear(format!("{place} reads {file} in, which can set anything"));
    }
    for word in words {
        match base(word) {
            "sudo" | "doas" => egress.unclear = unclear(format!("{place} calls it through {word}")),
            "su" | "runuser" | "bash" | "sh" | "zsh" if words.iter().any(login) => {
                egress.unclear = unclear(format!("{place} calls it from a login shell"));
            }
            name if OTHERS.contains(&name) => {
                egress.unclear = unclear(format!("{place} lets {name} run it, with other variables"));
            }
            _ => {}
        }
    }
}

fn one(egress: &mut Egress, (name, value): (&str, &str), place: &str) {
    if Egress::counts(name) && value.contains(['$', '`']) {
        egress.unclear = Some(format!("{place} computes {name}"));
    } else {
        egress.set(name, value, place);
    }
}
