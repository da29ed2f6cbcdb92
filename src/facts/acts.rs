//! What certbot or its schedule runs before the challenges, and what that does to servers.

use serde::{Deserialize, Serialize};

use super::listener::bare;
use super::{HookStage, HostFacts, Lineage, Process};
use crate::check::Skip;

/// What a command does to services and programs, by the names that it uses: of each the last thing done to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acts {
    /// Stopped.
    pub stops: Vec<String>,
    /// Started, or started anew.
    pub starts: Vec<String>,
    /// Programs that it runs and whose work is not known here.
    pub unread: Vec<String>,
}

/// A command that runs before the challenges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// `file:line`, or the script itself.
    pub r#where: String,
    /// The command, secrets masked.
    pub command: String,
    /// How it comes to run.
    pub by: BeforeKind,
    /// What it does.
    pub acts: Acts,
}

/// How a command before the challenges comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeforeKind {
    /// What starts certbot does it first: a crontab's line, a script, a service's `ExecStartPre=`.
    Trigger,
    /// A script in `renewal-hooks/pre`.
    Folder,
    /// `--pre-hook` in a `cli.ini` or on a trigger's command line.
    Option,
    /// The `pre_hook` of a conf.
    Conf,
}

/// Whether what runs before the challenges ends a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freed<'a> {
    /// This does.
    By(&'a Before),
    /// This may, for what it does is not known to the end.
    Perhaps(&'a Before),
    /// These run, and do something else.
    NotBy(Vec<&'a Before>),
}

impl Acts {
    /// Notes that something was stopped.
    pub fn stop(&mut self, name: &str) {
        self.starts.retain(|known| known != name);
        push(&mut self.stops, name);
    }

    /// Notes that something was started.
    pub fn start(&mut self, name: &str) {
        self.stops.retain(|known| known != name);
        push(&mut self.starts, name);
    }

    /// Notes a program that is not known.
    pub fn run(&mut self, name: &str) {
        push(&mut self.unread, name);
    }

    /// Adds what is done after this.
    pub fn then(&mut self, later: &Acts) {
        later.stops.iter().for_each(|name| self.stop(name));
        later.starts.iter().for_each(|name| self.start(name));
        later.unread.iter().for_each(|name| self.run(name));
    }
}

fn push(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

impl HostFacts {
    /// What runs before the challenges of a lineage, in order.
    ///
    /// # Errors
    /// The facts are of a version that did not look, or something could not be read.
    pub fn runs_before(&self, lineage: &Lineage) -> Result<Vec<Before>, Skip> {
        let conf = lineage.conf.as_ref()?;
        self.hooks.as_ref()?;
        let known = self.before.as_ref();
        let known = known.ok_or(Skip::NotAsked("these facts do not tell what hooks do"))?;
        let folders = self.given("no-directory-hooks").is_none();
        let mut all: Vec<Before> =
            known.iter().filter(|b| b.by != BeforeKind::Folder || folders).cloned().collect();
        all.sort_by_key(|before| before.by as u8);
        // An option that is given elsewhere takes the place of the conf's.
        if let Some(hook) = conf.param("pre_hook").filter(|_| self.given("pre-hook").is_none()) {
            let command = hook.items().join(", ");
            if !command.trim().is_empty() {
                let acts = lineage
                    .pre_hook
                    .clone()
                    .ok_or(Skip::NotAsked("these facts do not tell what hooks do"))?;
                all.push(Before { r#where: conf.at(hook), command, by: BeforeKind::Conf, acts });
            }
        }
        Ok(all)
    }

    /// Whether a hook file of that stage would run.
    pub fn has_folder_hook(&self, stage: HookStage) -> bool {
        self.hooks.iter().flatten().any(|hook| hook.runs && hook.stage == stage)
    }
}

/// Whether these commands end a process; `None` for one that may not be seen.
pub fn freed<'a>(before: &'a [Before], process: Option<&Process>) -> Freed<'a> {
    let stops = |before: &&Before| {
        before.acts.stops.iter().any(|name| process.is_some_and(|process| process.is_called(name)))
    };
    if let Some(found) = before.iter().find(stops) {
        return Freed::By(found);
    }
    // A container has names that its processes do not tell, and who may not be seen may be anybody.
    let hidden = process.is_none_or(Process::is_contained);
    let may = |before: &&Before| !before.acts.unread.is_empty() || hidden && !before.acts.stops.is_empty();
    match before.iter().find(may) {
        Some(found) => Freed::Perhaps(found),
        None => Freed::NotBy(before.iter().filter(|before| before.by != BeforeKind::Trigger).collect()),
    }
}

/// Of several commands, the one that leaves a server stopped, and the name that it uses for it: `is` tells the server.
pub fn leaves_stopped(before: &[Before], is: impl Fn(&str) -> bool) -> Option<(&Before, &str)> {
    let mut left = None;
    for before in before {
        if before.acts.starts.iter().any(|name| is(bare(name))) {
            left = None;
        }
        left =
            before.acts.stops.iter().find(|name| is(bare(name))).map(|name| (before, name.as_str())).or(left);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(by: BeforeKind, acts: Acts) -> Before {
        Before { r#where: "x:1".into(), command: "x".into(), by, acts }
    }

    fn stops(names: &[&str]) -> Acts {
        let mut acts = Acts::default();
        names.iter().for_each(|name| acts.stop(name));
        acts
    }

    #[test]
    fn the_last_thing_done_counts() {
        let mut acts = stops(&["nginx", "exim"]);
        acts.start("nginx");
        assert_eq!((acts.stops, acts.starts), (vec!["exim".to_owned()], vec!["nginx".to_owned()]));
    }

    #[test]
    fn a_port_is_freed_by_who_stops_its_holder_alone() {
        let nginx = Process { pid: 7, name: "nginx".into(), unit: Some("nginx.service".into()) };
        let docker = Process { pid: 7, name: "docker-proxy".into(), unit: Some("docker.service".into()) };
        let hook = [before(BeforeKind::Conf, stops(&["nginx"]))];
        assert!(matches!(freed(&hook, Some(&nginx)), Freed::By(_)));
        assert!(matches!(freed(&hook, Some(&docker)), Freed::Perhaps(_)));
        assert!(matches!(freed(&hook, None), Freed::Perhaps(_)));
        let other = [before(BeforeKind::Conf, stops(&["haproxy"]))];
        assert!(matches!(freed(&other, Some(&nginx)), Freed::NotBy(hooks) if hooks.len() == 1));
        let mut acts = stops(&["haproxy"]);
        acts.run("deploy.py");
        assert!(matches!(freed(&[before(BeforeKind::Conf, acts)], Some(&nginx)), Freed::Perhaps(_)));
        assert!(matches!(freed(&[], Some(&nginx)), Freed::NotBy(hooks) if hooks.is_empty()));
    }

    #[test]
    fn what_a_later_command_starts_is_not_left_stopped() {
        let stop = before(BeforeKind::Folder, stops(&["nginx.service"]));
        let mut acts = Acts::default();
        acts.start("nginx");
        let is = |name: &str| name == "nginx";
        assert_eq!(
            leaves_stopped(std::slice::from_ref(&stop), is).map(|(_, name)| name),
            Some("nginx.service")
        );
        assert_eq!(leaves_stopped(&[stop, before(BeforeKind::Conf, acts)], is), None);
    }
}
