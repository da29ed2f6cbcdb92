//! systemd timers whose service calls certbot.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::client::{Renews, mentions_certbot};
use super::command::{Judged, judge};
use super::conditions::unmet;
use super::environment::{environment, expand};
use super::task::task;
use super::times::{TIMES, never, when};
use super::units::{Directive, Loaded, SYSTEM, USER, Units, entries, last, values};
use super::users::{kept_out, users};
use super::{Look, gone};
use crate::calendar::seconds;
use crate::facts::{
    Client, Fact, Ineffective, Missing, Purpose, Task, Trigger, TriggerKind, UnitState, When,
};
use crate::gather::fs::show;
use crate::gather::secrets::mask_command;

const COMMANDS: [&str; 3] = ["ExecStartPre", "ExecStart", "ExecStartPost"];
const SNAP: &str = "snap.certbot.renew.timer";
/// How many users' homes are looked into.
const MAX_HOMES: usize = 2_000;
/// Where systemd searches programs that are named without a folder.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#ExecSearchPath=>
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The timers that renew, or are meant to, and what could not be read.
pub(super) fn timers(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut units = Units::list(look.root, SYSTEM.map(PathBuf::from));
    let (mut found, mut unread) = of_units(look, &mut units);
    unread.append(&mut units.unread);
    for (user, home) in homes(look) {
        let own = [".config/systemd/user.control", ".config/systemd/user"].map(|folder| home.join(folder));
        if !look.root.is_dir(&home.join(".config/systemd/user")) {
            continue;
        }
        let data = home.join(".local/share/systemd/user");
        let mut units = Units::list(look.root, own.into_iter().chain(USER.map(PathBuf::from)).chain([data]));
        let (theirs, _) = of_units(look, &mut units);
        found.extend(theirs.into_iter().map(|trigger| of_user(look, trigger, &user)));
        unread.append(&mut units.unread);
    }
    (found, unread)
}

fn of_units(look: &Look<'_>, units: &mut Units<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut found: Vec<Trigger> = units.timers().iter().filter_map(|name| timer(look, units, name)).collect();
    found.extend(units.services().iter().filter_map(|name| always_running(look, units, name)));
    (found, Vec::new())
}

/// The users with a home of their own, root among them.
fn homes(look: &Look<'_>) -> Vec<(String, PathBuf)> {
    let listed =
        users(look.root).into_iter().filter(|user| user.home.starts_with('/') && user.home.len() > 1);
    let mut homes: Vec<(String, PathBuf)> =
        listed.map(|user| (user.name, PathBuf::from(user.home))).collect();
    homes.sort_by(|a, b| a.1.cmp(&b.1));
    homes.dedup_by(|a, b| a.1 == b.1);
    homes.truncate(MAX_HOMES);
    homes
}

/// A user's timer runs while the user is logged in, or always with lingering.
/// <https://www.freedesktop.org/software/systemd/man/latest/loginctl.html#enable-linger%20USER%E2%80%A6>
fn of_user(look: &Look<'_>, mut trigger: Trigger, user: &str) -> Trigger {
    let lingers = look.root.exists(&Path::new("/var/lib/systemd/linger").join(user));
    let logged_out = || {
        Ineffective::NotStarted(format!(
            "{user}'s timers run only while {user} is logged in: loginctl enable-linger {user}"
        ))
    };
    trigger.ineffective =
        trigger.ineffective.or_else(|| (!lingers).then(logged_out)).or_else(|| kept_out(look, user));
    trigger.user = Some(user.to_owned());
    trigger
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
        client: Client::Certbot,
        when: super::loop_times(look, &command),
        task: task(look, &command, &show(&file)),
        last_run: None,
        unit_state: None,
    })
}

/// The program that a service runs, and whether it renews.
#[derive(Default)]
struct Service {
    command: String,
    user: Option<String>,
    judged: Option<Judged>,
    task: Task,
    state: UnitState,
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
    let times = when(&directives, &look.zone);
    let why = match &loaded {
        Loaded::Masked(by, _) => Some(Ineffective::Masked(show(by))),
        Loaded::Absent if is_partial(look) => wanted.is_none().then_some(Ineffective::NotEnabled),
        Loaded::Absent => Some(Ineffective::Dangling(wanted.map_or_else(|| name.to_owned(), show))),
        Loaded::File(path) => {
            not_started(look, wanted, &directives, path).or_else(|| never(&times, &look.zone))
        }
    };
    let unmet = unmet(look.root, &directives).map(Ineffective::NotStarted);
    let place = match &loaded {
        Loaded::File(path) | Loaded::Masked(path, _) => show(path),
        Loaded::Absent => wanted.map_or_else(|| name.to_owned(), show),
    };
    let (client, purpose, renews) = match service.judged {
        Some(judged) => (judged.client, judged.purpose, judged.renews.err()),
        None => (Client::Certbot, Purpose::Renews, None),
    };
    Some(Trigger {
        kind: if name == SNAP { TriggerKind::Snap } else { TriggerKind::SystemdTimer },
        r#where: place,
        unit: Some(name.to_owned()),
        command: mask_command(&service.command),
        ineffective: why.or(unmet).or(renews).or_else(|| kept_out(look, service.user.as_deref()?)),
        user: service.user,
        client,
        when: known(&loaded, times),
        task: Task { purpose, ..service.task },
        last_run: stamp(look, name),
        unit_state: Some(service.state),
    })
}

/// The times of a timer whose file is there.
fn known(loaded: &Loaded, times: When) -> Fact<When> {
    match loaded {
        Loaded::Absent => Err(super::untimed("the timer's file is not in this tree")),
        _ => Ok(times),
    }
}

/// When a persistent timer elapsed last: the time of its stamp.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html#Persistent=>
fn stamp(look: &Look<'_>, name: &str) -> Option<Timestamp> {
    let meta = look.root.stat(&Path::new("/var/lib/systemd/timers").join(format!("stamp-{name}"))).ok()?;
    Timestamp::from_second(meta.modified).ok()
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
    if when(directives, &look.zone).rules.is_empty() {
        return Some(Ineffective::NeverFires(times.join("; ")));
    }
    // A container has the files of systemd, but not systemd.
    let booted = if look.root.is_live() { "/run/systemd/system" } else { "/usr/lib/systemd/systemd" };
    (!look.os.systemd).then(|| Ineffective::Dangling(booted.into()))
}

/// Reads a service; `None` where it has nothing to do with a client. `named` says that its timer is certbot's by name.
fn service(look: &Look<'_>, units: &mut Units<'_>, name: &str, named: bool) -> Option<Service> {
    let named = named || name.strip_suffix(".service").is_some_and(is_certbots);
    let state = UnitState { service: name.to_owned(), ..UnitState::default() };
    let only = |renews: Renews, state: UnitState| Service {
        judged: Some(Judged { renews, client: Client::Certbot, purpose: Purpose::Renews }),
        state,
        ..Service::default()
    };
    let (file, masked) = match units.load(name) {
        Loaded::File(path) => (path, None),
        Loaded::Masked(by, Some(hidden)) => (hidden, Some(by)),
        Loaded::Masked(by, None) => {
            return named.then(|| only(Err(Ineffective::Masked(show(&by))), state));
        }
        Loaded::Absent => {
            let there = is_partial(look) || is_quadlet(look, name);
            let renews = if there { Ok(()) } else { Err(Ineffective::Dangling(name.into())) };
            return named.then(|| only(renews, state));
        }
    };
    let directives = units.read(name, &file);
    let user = last(&directives, "Service", "User").map(str::to_owned);
    let variables = environment(look.root, &directives);
    let path = variables.get("PATH").map_or(PATH, String::as_str);
    // Each of the lists is cleared for itself.
    let commands: Vec<String> = COMMANDS
        .iter()
        .flat_map(|key| values(&directives, "Service", &[*key]).0)
        .map(|command| expand(&plain(&command), &variables))
        .collect();
    let judged: Vec<(&String, Judged)> =
        commands.iter().filter_map(|c| Some((c, judge(look, c, Some(path))?))).collect();
    let best = judged.iter().find(|(_, judged)| judged.renews.is_ok()).or(judged.first());
    let (command, mut judged) = match best {
        Some((command, judged)) => ((*command).clone(), judged.clone()),
        None if named => {
            let renews = by_name(look, &commands);
            (commands.join("; "), Judged { renews, client: Client::Certbot, purpose: Purpose::Renews })
        }
        None => return None,
    };
    if let Some(by) = masked {
        judged.renews = Err(Ineffective::Masked(show(&by)));
    } else if let Some(unmet) = unmet(look.root, &directives) {
        judged.renews = judged.renews.and(Err(Ineffective::NotStarted(unmet)));
    }
    let mut task = task(look, &command, &show(&file));
    task.time_limit = task.time_limit.or_else(|| limit(&directives));
    task.discards = task.discards.or_else(|| silenced(&directives));
    let state = UnitState {
        after_network: entries(&directives, "Unit", &["After"])
            .iter()
            .any(|d| d.value().split_whitespace().any(|unit| unit == "network-online.target")),
        on_failure: last(&directives, "Unit", "OnFailure").map(str::to_owned),
        ..state
    };
    Some(Service { command, user, judged: Some(judged), task, state })
}

/// What ends a run after some time. A oneshot service has no limit by default.
fn limit(directives: &[Directive]) -> Option<(u64, String)> {
    ["TimeoutStartSec", "TimeoutSec", "RuntimeMaxSec"].iter().find_map(|key| {
        let text = last(directives, "Service", key)?;
        let length = seconds(text).ok().flatten().filter(|length| *length > 0)?;
        Some((length, format!("{key}={text}")))
    })
}

fn silenced(directives: &[Directive]) -> Option<String> {
    ["StandardError", "StandardOutput"].iter().find_map(|key| {
        let text = last(directives, "Service", key)?;
        (text == "null").then(|| format!("{key}=null"))
    })
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
