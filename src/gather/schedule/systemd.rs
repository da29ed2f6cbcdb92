//! systemd timers whose service calls certbot.

use std::path::Path;

use super::client::{Renews, mentions_certbot};
use super::command::judge;
use super::units::{Directive, Loaded, Units, last, values};
use super::{Look, gone};
use crate::facts::{Client, Ineffective, Missing, Task, Trigger, TriggerKind};
use crate::gather::fs::show;
use crate::gather::secrets::mask_command;

/// An empty assignment to any of them clears them all.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html#OnActiveSec=>
const TIMES: [&str; 6] =
    ["OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"];
const COMMANDS: [&str; 3] = ["ExecStartPre", "ExecStart", "ExecStartPost"];
const SNAP: &str = "snap.certbot.renew.timer";

/// The timers that renew, or are meant to, and what could not be read.
pub(super) fn timers(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut units = Units::list(look.root);
    let mut found: Vec<Trigger> =
        units.timers().iter().filter_map(|name| timer(look, &mut units, name)).collect();
    found.extend(units.services().iter().filter_map(|name| always_running(look, &mut units, name)));
    (found, units.unread)
}

/// A service that runs all the time and renews in a loop of its own.
fn always_running(look: &Look<'_>, units: &mut Units<'_>, name: &str) -> Option<Trigger> {
    let Loaded::File(file) = units.load(name) else { return None };
    let directives = units.read(name, &file);
    let command = plain(values(&directives, "Service", &["ExecStart"]).0.first()?);
    if !look.os.systemd || !super::renews_in_a_loop(look, &command) {
        return None;
    }
    Some(Trigger {
        kind: TriggerKind::SystemdTimer,
        r#where: show(&file),
        unit: Some(name.to_owned()),
        user: last(&directives, "Service", "User").map(str::to_owned),
        command: mask_command(&command),
        ineffective: None,
        client: Client::default(),
        when: Err(super::untimed()),
        task: Task::default(),
        last_run: None,
        unit_state: None,
    })
}

/// The program that a service runs, and whether it renews.
#[derive(Default)]
struct Service {
    command: String,
    user: Option<String>,
    renews: Option<Renews>,
}

fn timer(look: &Look<'_>, units: &mut Units<'_>, name: &str) -> Option<Trigger> {
    let stem = name.strip_suffix(".timer")?;
    let loaded = units.load(name);
    let directives = match &loaded {
        Loaded::File(path) | Loaded::Masked(_, Some(path)) => units.read(name, path),
        Loaded::Masked(_, None) | Loaded::Absent => Vec::new(),
    };
    let service_name = match last(&directives, "Timer", "Unit") {
        Some(unit) => unit.to_owned(),
        None => format!("{stem}.service"),
    };
    let service = service(look, units, &service_name, is_certbots(stem))?;
    let wanted = units.wanted(name);
    let why = match &loaded {
        Loaded::Masked(by, _) => Some(Ineffective::Masked(show(by))),
        Loaded::Absent if is_partial(look) => wanted.is_none().then_some(Ineffective::NotEnabled),
        Loaded::Absent => Some(Ineffective::Dangling(wanted.map_or_else(|| name.to_owned(), show))),
        Loaded::File(path) => not_started(look, wanted, &directives, path),
    };
    let place = match &loaded {
        Loaded::File(path) | Loaded::Masked(path, _) => show(path),
        Loaded::Absent => wanted.map_or_else(|| name.to_owned(), show),
    };
    Some(Trigger {
        kind: if name == SNAP { TriggerKind::Snap } else { TriggerKind::SystemdTimer },
        r#where: place,
        unit: Some(name.to_owned()),
        user: service.user,
        command: mask_command(&service.command),
        ineffective: why.or(service.renews.and_then(Result::err)),
        client: Client::default(),
        when: Err(super::untimed()),
        task: Task::default(),
        last_run: None,
        unit_state: None,
    })
}

/// Why a timer that has a file never elapses.
fn not_started(
    look: &Look<'_>,
    wanted: Option<&Path>,
    directives: &[Directive],
    file: &Path,
) -> Option<Ineffective> {
    if wanted.is_none() {
        return Some(Ineffective::NotEnabled);
    }
    let (times, cleared) = values(directives, "Timer", &TIMES);
    if times.is_empty() {
        return Some(Ineffective::NoTimes(cleared.unwrap_or_else(|| show(file))));
    }
    // A container has the files of systemd, but not systemd.
    let booted = if look.root.is_live() { "/run/systemd/system" } else { "/usr/lib/systemd/systemd" };
    (!look.os.systemd).then(|| Ineffective::Dangling(booted.into()))
}

/// Reads a service; `None` where it has nothing to do with certbot. `named` says that its timer is certbot's by name.
fn service(look: &Look<'_>, units: &mut Units<'_>, name: &str, named: bool) -> Option<Service> {
    let named = named || name.strip_suffix(".service").is_some_and(is_certbots);
    let (file, masked) = match units.load(name) {
        Loaded::File(path) => (path, None),
        Loaded::Masked(by, Some(hidden)) => (hidden, Some(by)),
        Loaded::Masked(by, None) => {
            let renews = Some(Err(Ineffective::Masked(show(&by))));
            return named.then_some(Service { renews, ..Service::default() });
        }
        Loaded::Absent => {
            let renews = Some(if is_partial(look) || is_quadlet(look, name) {
                Ok(())
            } else {
                Err(Ineffective::Dangling(name.into()))
            });
            return named.then_some(Service { renews, ..Service::default() });
        }
    };
    let directives = units.read(name, &file);
    let user = last(&directives, "Service", "User").map(str::to_owned);
    // Each of the lists is cleared for itself.
    let commands: Vec<String> = COMMANDS
        .iter()
        .flat_map(|key| values(&directives, "Service", &[*key]).0)
        .map(|c| plain(&c))
        .collect();
    let judged: Vec<(&String, Renews)> = commands.iter().filter_map(|c| Some((c, judge(look, c)?))).collect();
    let best = judged.iter().find(|(_, renews)| renews.is_ok()).or(judged.first());
    let mut service = match best {
        Some((command, renews)) => {
            Service { command: (*command).clone(), user, renews: Some(renews.clone()) }
        }
        None if named => {
            Service { command: commands.join("; "), user, renews: Some(by_name(look, &commands)) }
        }
        None => return None,
    };
    if let Some(by) = masked {
        service.renews = Some(Err(Ineffective::Masked(show(&by))));
    }
    Some(service)
}

/// A command that is not understood, in a unit that is certbot's by its name.
fn by_name(look: &Look<'_>, commands: &[String]) -> Renews {
    let program = |command: &'_ String| command.split_whitespace().next().unwrap_or_default().to_owned();
    let nothing = |program: &String| {
        ["true", "false", "echo", "sleep", ":"].contains(&program.rsplit('/').next().unwrap_or(program))
    };
    match commands.iter().map(program).find(|program| !nothing(program)) {
        Some(program) if program.starts_with('/') && gone(look.root, Path::new(&program)) => {
            Err(Ineffective::ProgramMissing(program))
        }
        Some(_) => Ok(()),
        None => Err(Ineffective::WrongVerb(
            commands.first().cloned().unwrap_or_else(|| "it has no ExecStart=".into()),
        )),
    }
}

/// An `ExecStart=` without the signs that may stand before its program.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines>
fn plain(command: &str) -> String {
    command.trim_start_matches(['@', '-', ':', '+', '!', '|']).to_owned()
}

/// `certbot`, `certbot-renew`, `letsencrypt_renewal@x` and their like, but no exporter of metrics.
fn is_certbots(stem: &str) -> bool {
    const WORDS: [&str; 15] = [
        "certbot",
        "letsencrypt",
        "renew",
        "renewal",
        "renewer",
        "auto",
        "snap",
        "cert",
        "certs",
        "certificate",
        "certificates",
        "daily",
        "weekly",
        "ssl",
        "tls",
    ];
    let stem = stem.split_once('@').map_or(stem, |(stem, _)| stem);
    mentions_certbot(stem) && stem.split(['-', '_', '.']).all(|word| WORDS.contains(&word))
}

/// A service that podman's generator makes at boot from a container's description.
/// <https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html>
fn is_quadlet(look: &Look<'_>, service: &str) -> bool {
    let stem = service.strip_suffix(".service").unwrap_or(service);
    ["/etc/containers/systemd", "/usr/share/containers/systemd"]
        .iter()
        .any(|folder| look.root.exists(&Path::new(folder).join(format!("{stem}.container"))))
}

/// A tree without the folders in which packages keep their units: a backup of `etc`, say.
fn is_partial(look: &Look<'_>) -> bool {
    !look.root.is_live()
        && !["/usr/lib/systemd", "/lib/systemd"].iter().any(|dir| look.root.is_dir(Path::new(dir)))
}
