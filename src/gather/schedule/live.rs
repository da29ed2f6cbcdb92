//! What the running systemd says of the timers that were found: one read-only question, with a time limit.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Look;
use crate::facts::{Ineffective, Trigger};

const PROGRAMS: [&str; 2] = ["/usr/bin/systemctl", "/bin/systemctl"];
const LIMIT: Duration = Duration::from_secs(3);
const MAX_ANSWER: u64 = 1 << 20;
/// How many units are asked for.
const MAX_UNITS: usize = 200;
/// <https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html#Properties>
const PROPERTIES: &str = "Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,ExecMainExitTimestamp,NextElapseUSecRealtime,LastTriggerUSec";

type Unit<'a> = HashMap<&'a str, &'a str>;

/// Fills in what systemd says of the system's own timers and services.
pub(super) fn fill(look: &Look<'_>, found: &mut [Trigger]) {
    if !look.root.is_live() || !look.root.is_dir(Path::new("/run/systemd/system")) {
        return;
    }
    let names = found.iter().flat_map(|t| t.unit.iter().chain(t.unit_state.as_ref().map(|s| &s.service)));
    // systemctl reads a pattern as one; no unit of ours has such a name.
    let mut names: Vec<&str> = names.map(String::as_str).filter(|n| !n.contains(['*', '?', '['])).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(MAX_UNITS);
    if let Some(answer) = ask(&names) {
        apply(&answer, found);
    }
}

fn ask(names: &[&str]) -> Option<String> {
    let program = PROGRAMS.into_iter().find(|path| !names.is_empty() && Path::new(path).exists())?;
    // In UTC the times can be read without `--timestamp=`, which older versions lack.
    let mut child = Command::new(program)
        .args(["show", "--no-pager", "-p", PROPERTIES, "--"])
        .args(names)
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let (send, receive) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = out.take(MAX_ANSWER).read_to_end(&mut bytes);
            let _ = send.send(read.ok().and_then(|_| String::from_utf8(bytes).ok()));
        });
    }
    let answer = receive.recv_timeout(LIMIT).ok().flatten();
    // It has ended, or must.
    let _ = child.kill();
    let _ = child.wait();
    answer
}

/// Puts the answer of `systemctl show` into the triggers.
fn apply(answer: &str, found: &mut [Trigger]) {
    let blocks = answer.split("\n\n");
    let units: HashMap<&str, Unit<'_>> = blocks
        .map(|block| block.lines().filter_map(|line| line.split_once('=')).collect::<Unit<'_>>())
        .filter_map(|unit| Some((*unit.get("Id")?, unit)))
        .collect();
    for trigger in found {
        let timer = trigger.unit.as_deref().filter(|name| name.ends_with(".timer"));
        let timer =
            timer.and_then(|name| units.get(name)).filter(|unit| unit.get("LoadState") == Some(&"loaded"));
        let Some(state) = &mut trigger.unit_state else { continue };
        if let Some(timer) = timer {
            let active = timer.get("ActiveState").copied().unwrap_or_default();
            state.active = Some(active.to_owned());
            state.next = timer.get("NextElapseUSecRealtime").and_then(|text| moment(text));
            trigger.last_run =
                timer.get("LastTriggerUSec").and_then(|text| moment(text)).or(trigger.last_run);
            if trigger.ineffective.is_none() && ["inactive", "failed", "deactivating"].contains(&active) {
                trigger.ineffective = Some(Ineffective::Inactive(active.to_owned()));
            }
        }
        // A service that never ran since the boot is called a success as well.
        let ran =
            |unit: &&Unit<'_>| unit.get("ExecMainExitTimestamp").is_some_and(|text| moment(text).is_some());
        if let Some(service) = units.get(state.service.as_str()).filter(ran) {
            state.result = service.get("Result").map(|text| (*text).to_owned());
            state.exit_status = service.get("ExecMainStatus").and_then(|text| text.parse().ok());
        }
    }
}

/// `Tue 2026-11-24 12:00:00 UTC` or `@1795521600`; empty and `n/a` are no time.
fn moment(text: &str) -> Option<Timestamp> {
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds.split('.').next()?.parse().ok().filter(|s| *s > 0)?;
        return Timestamp::from_second(seconds).ok();
    }
    let text = text.strip_suffix(" UTC")?;
    let (_, text) = text.split_once(' ')?;
    let time: DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Host;
    use super::*;

    const SHOWN: &str = "NextElapseUSecRealtime=Wed 2026-11-25 03:12:40 UTC\nLastTriggerUSec=Tue 2026-11-24 12:00:00 UTC\n\
                         Result=success\nId=certbot.timer\nLoadState=loaded\nActiveState=active\nSubState=waiting\n\n\
                         Result=exit-code\nExecMainExitTimestamp=Tue 2026-11-24 12:00:09 UTC\nExecMainStatus=1\n\
                         Id=certbot.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\n";

    fn filled(answer: &str) -> Trigger {
        let mut found = vec![Host::debian().only()];
        apply(answer, &mut found);
        found.remove(0)
    }

    #[test]
    fn a_waiting_timer_and_its_failed_service_are_told() {
        let found = filled(SHOWN);
        let state = found.unit_state.unwrap();
        assert_eq!((state.active.as_deref(), found.ineffective), (Some("active"), None));
        assert_eq!((state.result.as_deref(), state.exit_status), (Some("exit-code"), Some(1)));
        assert_eq!(state.next, Some("2026-11-25T03:12:40Z".parse().unwrap()));
        assert_eq!(found.last_run, Some("2026-11-24T12:00:00Z".parse().unwrap()));
    }

    #[test]
    fn an_enabled_timer_that_is_stopped_does_nothing() {
        let found = filled(&SHOWN.replace("ActiveState=active", "ActiveState=inactive"));
        assert_eq!(found.ineffective, Some(Ineffective::Inactive("inactive".into())));
    }

    #[test]
    fn a_service_that_never_ran_has_no_result_and_an_unknown_unit_no_state() {
        let found =
            filled("Result=success\nExecMainExitTimestamp=n/a\nExecMainStatus=0\nId=certbot.service\n");
        assert_eq!(found.unit_state.unwrap().result, None);
        let found = filled("Id=certbot.timer\nLoadState=not-found\nActiveState=inactive\n\n=\n\nfoo");
        assert_eq!((found.unit_state.unwrap().active, found.ineffective), (None, None));
    }

    #[test]
    fn times_are_read_in_both_spellings() {
        assert_eq!(moment("@1795521600"), moment("Tue 2026-11-24 12:00:00 UTC"));
        assert!(moment("@1795521600").is_some());
        for none in ["", "n/a", "@0", "@", "Tue 2026-11-24 12:00:00 CET", "0"] {
            assert_eq!(moment(none), None, "{none}");
        }
    }
}
