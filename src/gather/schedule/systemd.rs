//! systemd timers whose service calls certbot, and services that renew in a loop of their own.

use std::path::{Path, PathBuf};

use super::client::Found;
use super::command::recognise;
use super::directives::{Directive, last, specifiers, values};
use super::service::{is_certbots, is_partial, plain, service, state, treatment, waits_for_network};
use super::task::task;
use super::units::{self, Loaded, Units};
use super::users::{Owner, Users};
use super::{Look, conditions, pause, times};
use jiff::Timestamp;

use crate::calendar::seconds;
use crate::facts::{Client, Fact, Ineffective, Missing, Purpose, Rule, Task, Trigger, TriggerKind, When};
use crate::gather::fs::show;
use crate::gather::secrets::mask_command;

/// The snap's.
const SNAP: &str = "snap.certbot.renew.timer";
/// Where the system's own timers have their stamps.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html#Persistent=>
const STAMPS: &str = "/var/lib/systemd/timers";

/// The timers that renew, or are meant to, and what could not be read.
pub(super) fn timers(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let users = Users::read(look.root);
    let mut units = Units::list(look.root, units::SYSTEM.map(PathBuf::from));
    let mut found: Vec<Trigger> =
        units.timers().iter().filter_map(|name| timer(look, &users, &mut units, name, None)).collect();
    found.extend(units.services().iter().filter_map(|name| always_running(look, &mut units, name)));
    let mut unread = units.unread;
    for owner in users.owners(look.root) {
        let mut units = Units::list(look.root, owner.folders());
        // Packages' units for all users are nobody's until somebody wants them.
        let own = |units: &Units<'_>, name: &str| {
            units.wanted(name).is_some()
                || matches!(units.load(name), Loaded::File(p) | Loaded::Masked(p, _) if p.starts_with(&owner.home))
        };
        for name in units.timers() {
            if own(&units, &name) {
                found.extend(timer(look, &users, &mut units, &name, Some(&owner)));
            }
        }
        unread.append(&mut units.unread);
    }
    (found, unread)
}

/// A service that runs all the time and renews in a loop of its own.
fn always_running(look: &Look<'_>, units: &mut Units<'_>, name: &str) -> Option<Trigger> {
    let Loaded::File(file) = units.load(name) else { return None };
    let directives = units.read(name, &file);
    let command = specifiers(&plain(values(&directives, "Service", "ExecStart").first()?), name);
    let restarts = restarts(look, &directives, &command);
    if !look.os.systemd || restarts.is_none() && !super::renews_in_a_loop(look, &command) {
        return None;
    }
    let found = Found::elsewhere(Ok(()));
    Some(Trigger {
        kind: TriggerKind::SystemdTimer,
        r#where: show(&file),
        unit: Some(name.to_owned()),
        user: last(&directives, "Service", "User").map(str::to_owned),
        command: mask_command(&command),
        ineffective: conditions::failing(look, &directives, name),
        client: Client::default(),
        when: restarts.map_or_else(|| pause::times(look, &command), Ok),
        task: Task {
            discards: treatment(&directives).discards,
            ..task(look, &found, &command, &show(&file))
        },
        last_run: None,
        unit_state: Some(state(&directives, name)),
    })
}

/// A service that systemd starts anew some time after each run: `Restart=always`, `RestartSec=12h`.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Restart=>
fn restarts(look: &Look<'_>, directives: &[Directive], command: &str) -> Option<When> {
    let again = ["always", "on-success"].contains(&last(directives, "Service", "Restart")?);
    let oneshot = last(directives, "Service", "Type") == Some("oneshot");
    let pause = seconds(last(directives, "Service", "RestartSec")?).ok()??;
    let renews = || recognise(look, command, None).is_some_and(|found| found.is_renewal());
    // Sooner than every minute it is started too often, and then no more.
    (again && !oneshot && pause >= 60 && renews())
        .then(|| When { rules: vec![Rule::Every(pause)], ..When::default() })
}

/// A timer of the system's, or of a user's.
fn timer(
    look: &Look<'_>,
    users: &Users,
    units: &mut Units<'_>,
    name: &str,
    owner: Option<&Owner>,
) -> Option<Trigger> {
    let stem = name.strip_suffix(".timer")?;
    let loaded = units.load(name);
    let directives = match &loaded {
        Loaded::File(path) | Loaded::Masked(_, Some(path)) => units.read(name, path),
        Loaded::Masked(_, None) | Loaded::Absent => Vec::new(),
    };
    let service_name = match last(&directives, "Timer", "Unit") {
        Some(unit) => specifiers(unit, name),
        None => format!("{stem}.service"),
    };
    let mut service_name = units.own_name(&service_name).to_owned();
    let mut service = match service_name.strip_suffix(".target") {
        Some(_) => {
            let wanted = wants(units, &service_name).into_iter();
            let mut all = wanted.filter_map(|name| Some((service(look, units, &name, false)?, name)));
            let (service, name) = all.next()?;
            service_name = name;
            service
        }
        None => service(look, units, &service_name, is_certbots(stem))?,
    };
    let wanted = units.wanted(name);
    let place = match &loaded {
        Loaded::File(path) | Loaded::Masked(path, _) => show(path),
        Loaded::Absent => wanted.map_or_else(|| name.to_owned(), show),
    };
    let (when, never): (Fact<When>, _) = match &loaded {
        Loaded::File(path) | Loaded::Masked(_, Some(path)) => {
            let started = units.wanted(&service_name).is_some();
            let (when, never) = times::times(&directives, &show(path), started, &look.zone);
            (Ok(when), never)
        }
        Loaded::Masked(_, None) | Loaded::Absent => {
            (Err(super::untimed("the timer's file is not in this tree")), None)
        }
    };
    let why = match &loaded {
        Loaded::Masked(by, _) => Some(Ineffective::Masked(show(by))),
        Loaded::Absent if is_partial(look) => wanted.is_none().then_some(Ineffective::NotEnabled),
        Loaded::Absent => Some(Ineffective::Dangling(wanted.map_or_else(|| name.to_owned(), show))),
        Loaded::File(_) => not_started(look, wanted, never, &directives, name)
            .or_else(|| owner.and_then(|owner| owner.logged_out())),
    };
    service.state.after_network |= waits_for_network(&directives);
    let stamps = owner.map_or_else(|| PathBuf::from(STAMPS), Owner::stamps);
    let user = owner.map(|owner| owner.name.clone()).or(service.user);
    let (client, purpose, renews, own_right) = match service.found {
        Some(found) => (found.client, found.purpose, found.renews.err(), found.own_right),
        None => (Client::Certbot, Purpose::Renews, None, false),
    };
    let config = service.task.config_dir.as_deref().map_or(look.config, Path::new);
    let kept_out =
        || user.as_deref().filter(|_| own_right).and_then(|user| users.kept_out(look.root, user, config));
    Some(Trigger {
        kind: if name == SNAP { TriggerKind::Snap } else { TriggerKind::SystemdTimer },
        r#where: place,
        unit: Some(name.to_owned()),
        command: mask_command(&service.command),
        ineffective: why.or(renews).or_else(kept_out),
        user,
        client,
        when,
        task: Task { purpose, ..service.task },
        last_run: last_run(look, &stamps, name),
        unit_state: Some(service.state),
    })
}

/// The services that a target starts.
fn wants(units: &mut Units<'_>, target: &str) -> Vec<String> {
    let mut found = units.wanted_by(target);
    if let Loaded::File(path) = units.load(target) {
        let directives = units.read(target, &path);
        let lists =
            values(&directives, "Unit", "Wants").into_iter().chain(values(&directives, "Unit", "Requires"));
        found.extend(lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()));
    }
    found.retain(|name| name.ends_with(".service"));
    found
}

/// When a persistent timer elapsed last: the time of its stamp.
fn last_run(look: &Look<'_>, folder: &Path, timer: &str) -> Option<Timestamp> {
    let stamp = look.root.stat(&folder.join(format!("stamp-{timer}"))).ok()?;
    Timestamp::from_second(stamp.modified).ok()
}

/// Why a timer that has a file never elapses.
fn not_started(
    look: &Look<'_>,
    wanted: Option<&Path>,
    never: Option<Ineffective>,
    directives: &[Directive],
    name: &str,
) -> Option<Ineffective> {
    if wanted.is_none() {
        return Some(Ineffective::NotEnabled);
    }
    // A container has the files of systemd, but not systemd.
    let booted = if look.root.is_live() { "/run/systemd/system" } else { "/usr/lib/systemd/systemd" };
    never
        .or_else(|| conditions::failing(look, directives, name))
        .or_else(|| (!look.os.systemd).then(|| Ineffective::Dangling(booted.into())))
}
