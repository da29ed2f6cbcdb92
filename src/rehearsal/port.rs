//! Whether the commands before a challenge would free a port that is taken now.

use super::local::Local;
use crate::facts::{Before, BeforeKind, Freed, HostFacts, Lineage, Process, freed};

/// The attempts that this is said of.
const TAKEN: &str = "port80-taken-standalone";

/// Says of each attempt whose port is taken whether a pre hook frees it; `ran` says that pre hooks were run before.
pub(super) fn say_who_frees_it(done: &mut Local, lineages: &[Lineage], host: &HostFacts, ran: bool) {
    let process = done.taken.iter().find_map(|holder| holder.process.as_ref());
    for attempt in done.attempts.iter_mut().filter(|attempt| attempt.id.as_deref() == Some(TAKEN)) {
        let lineage = lineages.iter().find(|lineage| Some(&lineage.name) == attempt.lineage.as_ref());
        let Some(Ok(before)) = lineage.map(|lineage| host.runs_before(lineage)) else { continue };
        match said(&before, process, ran) {
            Said::MayPass(why) => attempt.may_pass = Some(why),
            Said::Stays(what) => {
                if let Some(problem) = &mut attempt.problem {
                    problem.detail += &what;
                }
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// certbot may get through where this run did not.
    MayPass(String),
    /// It does not: what is added to the words about the port.
    Stays(String),
}

fn said(before: &[Before], process: Option<&Process>, ran: bool) -> Said {
    let holder = process.map_or("who has it", |process| process.name.as_str());
    let named = |before: &Before| {
        let what = match before.by {
            BeforeKind::Trigger => "the command before certbot",
            _ => "the pre hook",
        };
        format!("{what} `{}` ({})", before.command, before.r#where)
    };
    let again = |before: &Before| match before.by {
        BeforeKind::Trigger => "",
        _ => ": --run-hooks runs it",
    };
    match freed(before, process) {
        Freed::By(hook) | Freed::Perhaps(hook) if ran && hook.by != BeforeKind::Trigger => {
            Said::Stays(format!("; {} was run and did not free it", named(hook)))
        }
        Freed::By(hook) => {
            Said::MayPass(format!("{} stops {holder} first, and frees the port{}", named(hook), again(hook)))
        }
        Freed::Perhaps(hook) => {
            Said::MayPass(format!("{} may free the port, which was not tried{}", named(hook), again(hook)))
        }
        Freed::NotBy(hooks) => Said::Stays(match hooks.first() {
            Some(hook) => format!("; {} does not stop {holder}", named(hook)),
            None => "; no pre hook frees it".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::before;

    fn nginx() -> Process {
        Process { pid: 7, name: "nginx".into(), unit: None }
    }

    #[test]
    fn a_hook_that_frees_the_port_lets_certbot_pass_unless_it_was_run() {
        let hook = [before(BeforeKind::Folder, &["nginx"], &[])];
        let Said::MayPass(why) = said(&hook, Some(&nginx()), false) else { panic!("it may pass") };
        assert!(
            why.starts_with("the pre hook `") && why.ends_with("frees the port: --run-hooks runs it"),
            "{why}"
        );
        assert!(matches!(said(&hook, Some(&nginx()), true), Said::Stays(what) if what.contains("was run")));
        let script = [before(BeforeKind::Folder, &[], &["free-port"])];
        assert!(
            matches!(said(&script, Some(&nginx()), false), Said::MayPass(why) if why.contains("may free"))
        );
    }

    #[test]
    fn no_hook_and_one_for_another_service_leave_it_taken() {
        assert_eq!(said(&[], Some(&nginx()), false), Said::Stays("; no pre hook frees it".into()));
        let hook = [before(BeforeKind::Folder, &["exim"], &[])];
        assert!(
            matches!(said(&hook, Some(&nginx()), false), Said::Stays(what) if what.ends_with("does not stop nginx"))
        );
    }
}
