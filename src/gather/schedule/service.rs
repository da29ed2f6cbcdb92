//! The service that a timer starts: what it runs, as whom, and how it is treated.

use std::path::Path;

use super::client::{Found, Renews, mentions_certbot};
use super::command::recognise;
use super::conditions;
use super::directives::{Directive, last, last_set, specifiers, values};
use super::environment::Environment;
use super::quadlet::Quadlet;
use super::task::task;
use super::units::{Loaded, Units};
use super::{Look, gone};
use crate::calendar::seconds;
use crate::facts::{Ineffective, Task, UnitState};
use crate::gather::fs::show;

const COMMANDS: [&str; 3] = ["ExecStartPre", "ExecStart", "ExecStartPost"];
/// Where systemd searches programs that are named without a folder.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#ExecSearchPath=>
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The program that a service runs, and whether it renews.
#[derive(Default)]
pub(super) struct Service {
    /// The command, with the values of its variables, and not yet masked.
    pub command: String,
    /// `User=`.
    pub user: Option<String>,
    /// The client that it calls, and whether that renews; `None` for a unit that is not in this tree.
    pub found: Option<Found>,
    /// What its unit says of the run: time limit and output.
    pub task: Task,
    /// What its unit says of itself.
    pub state: UnitState,
}

/// Reads a service; `None` where it has nothing to do with certbot. `named` says that its timer is certbot's by name.
pub(super) fn service(look: &Look<'_>, units: &mut Units<'_>, name: &str, named: bool) -> Option<Service> {
    let named_state = || UnitState { service: name.to_owned(), ..UnitState::default() };
    let named = named || name.strip_suffix(".service").is_some_and(is_certbots);
    let (file, masked) = match units.load(name) {
        Loaded::File(path) => (path, None),
        Loaded::Masked(by, Some(hidden)) => (hidden, Some(by)),
        Loaded::Masked(by, None) => {
            let found = Some(Found::elsewhere(Err(Ineffective::Masked(show(&by)))));
            return named.then_some(Service { found, state: named_state(), ..Service::default() });
        }
        Loaded::Absent => {
            if let Some(service) = Quadlet::of(look, name).and_then(|quadlet| of_quadlet(&quadlet, name)) {
                return Some(service);
            }
            let there = is_partial(look);
            let renews = if there { Ok(()) } else { Err(Ineffective::Dangling(name.into())) };
            let found = Some(Found::elsewhere(renews));
            return named.then_some(Service { found, state: named_state(), ..Service::default() });
        }
    };
    let directives = units.read(name, &file);
    let user = last(&directives, "Service", "User").map(str::to_owned);
    // Each of the lists is cleared for itself.
    let environment = Environment::of(look, &directives, name);
    let commands: Vec<String> = COMMANDS
        .iter()
        .flat_map(|key| values(&directives, "Service", key))
        .map(|c| environment.expand(&specifiers(&plain(&c), name)))
        .collect();
    let path = environment.get("PATH").unwrap_or(PATH);
    let judged = commands.iter().filter_map(|c| Some((c, recognise(look, c, Some(path))?)));
    let best = judged.max_by_key(|(_, found)| found.weight());
    let (command, mut found) = match best {
        Some((command, found)) => (command.clone(), found),
        None if named => (commands.join("; "), Found::elsewhere(by_name(look, &commands))),
        None => return None,
    };
    if let Some(by) = masked {
        found.renews = Err(Ineffective::Masked(show(&by)));
    } else if let Some(why) = conditions::failing(look, &directives, name) {
        found.renews = found.renews.and(Err(why));
    }
    let mut task = task(look, &found, &command, &show(&file));
    task.egress = environment.egress(&show(&file)).over(task.egress);
    let unit = treatment(&directives);
    task.time_limit = task.time_limit.or(unit.time_limit);
    task.discards = task.discards.or(unit.discards);
    Some(Service { command, user, found: Some(found), task, state: state(&directives, name) })
}

/// The service that podman's generator makes of a container's description.
fn of_quadlet(quadlet: &Quadlet, name: &str) -> Option<Service> {
    let found = Some(quadlet.found()?);
    let (task, state) = (treatment(&quadlet.directives), state(&quadlet.directives, name));
    Some(Service { command: quadlet.command.clone(), user: None, found, task, state })
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
pub(super) fn plain(command: &str) -> String {
    command.trim_start_matches(['@', '-', ':', '+', '!', '|']).to_owned()
}

/// `certbot`, `certbot-renew`, `letsencrypt_renewal@x` and their like, but no exporter of metrics.
pub(super) fn is_certbots(stem: &str) -> bool {
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

/// A tree without the folders in which packages keep their units: a backup of `etc`, say.
pub(super) fn is_partial(look: &Look<'_>) -> bool {
    !look.root.is_live()
        && !["/usr/lib/systemd", "/lib/systemd"].iter().any(|dir| look.root.is_dir(Path::new(dir)))
}

/// The time limit, and where the output goes.
pub(super) fn treatment(directives: &[Directive]) -> Task {
    let oneshot = last(directives, "Service", "Type").is_some_and(|kind| kind == "oneshot");
    // A oneshot's run is its start, which has no limit unless one is set; the run of all others is their runtime.
    // <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#TimeoutStartSec=>
    let keys: &[&str] = if oneshot { &["TimeoutStartSec", "TimeoutSec"] } else { &["RuntimeMaxSec"] };
    let limit = last_set(directives, "Service", keys);
    let time_limit = limit.and_then(|line| {
        let span = seconds(&line.value).ok().flatten().filter(|span| *span > 0)?;
        Some((span, format!("{}={} ({})", line.key, line.value, line.place())))
    });
    let to = |key| last_set(directives, "Service", &[key]).filter(|line| line.value != "inherit");
    // What goes wrong goes to the standard error, which follows the standard output unless it is told otherwise.
    let null = to("StandardError").or_else(|| to("StandardOutput"));
    let null =
        null.filter(|line| ["null", "file:/dev/null", "append:/dev/null"].contains(&line.value.as_str()));
    let discards = null.map(|line| format!("{}={} ({})", line.key, line.value, line.place()));
    Task { time_limit, discards, ..Task::default() }
}

/// What a service's unit says of itself.
pub(super) fn state(directives: &[Directive], name: &str) -> UnitState {
    let on_failure = values(directives, "Unit", "OnFailure").join(" ");
    UnitState {
        service: name.to_owned(),
        after_network: waits_for_network(directives),
        on_failure: (!on_failure.is_empty()).then(|| specifiers(&on_failure, name)),
        ..UnitState::default()
    }
}

/// `After=network-online.target`; without it, `Wants=` orders nothing.
pub(super) fn waits_for_network(directives: &[Directive]) -> bool {
    let after = values(directives, "Unit", "After");
    after.iter().any(|list| list.split_whitespace().any(|unit| unit == "network-online.target"))
}
