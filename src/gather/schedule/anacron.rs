//! anacrontab: jobs that run once in so many days, whenever the machine is on.
//! <https://manpages.debian.org/bookworm/anacron/anacrontab.5.en.html>

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use super::command::recognise;
use super::cron::{Cron, Job};
use super::runparts::{Runner, lacks_anacron};
use super::settings::setting;
use crate::facts::{Egress, Ineffective, Role, Rule, TriggerKind, When};
use crate::gather::fs::show;

const TABLE: &str = "/etc/anacrontab";
const DEFAULT_PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

impl Cron<'_> {
    pub(super) fn anacrontab(&mut self) {
        let path = Path::new(TABLE);
        let Some(text) = self.read_once(path) else { return };
        let (mut hours, mut random, mut search) = ((0, 24), 0_u64, None);
        let mut egress = Egress::default();
        let gone = || Ineffective::NotStarted("anacron is not installed".into());
        let fault = lacks_anacron(self.look).then(gone);
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((name, value)) = setting(line) {
                egress.set(&name, &value, &format!("{}:{}", show(path), i + 1));
                match name.as_str() {
                    "START_HOURS_RANGE" => hours = range(&value).unwrap_or(hours),
                    "RANDOM_DELAY" => random = value.parse().unwrap_or(0),
                    "PATH" => search = Some(value),
                    _ => {}
                }
                continue;
            }
            let Some((days, delay, name, command)) = columns(line) else { continue };
            // It may be started at any time of the hours it is allowed.
            let window = u64::from(hours.1.saturating_sub(hours.0)).saturating_mul(3_600);
            let delay = delay.saturating_add(random).saturating_mul(60).saturating_add(window);
            let rules = vec![Rule::Anacron(days, hours.0, hours.1)];
            let when = Ok(When { rules, delay, catches_up: true, zone: None });
            for mut runner in Runner::all(command, &when, fault.as_ref()) {
                runner.job = Some(name.to_owned());
                runner.unless_anacron = false;
                runner.path = search.clone();
                runner.egress = egress.clone();
                self.runners.push(runner);
            }
            let path_variable = search.as_deref().unwrap_or(DEFAULT_PATH);
            let Some(found) = recognise(self.look, command, Some(path_variable)) else { continue };
            let place = format!("{}:{}", show(path), i + 1);
            let mut job = Job::new(TriggerKind::Anacron, place, command, found, when);
            job.task = super::task::task(self.look, &job.found, command, &job.place);
            job.task.egress = egress.clone().over(job.task.egress);
            job.fault = fault.clone();
            job.last_run = self.stamp(name);
            self.push(job);
        }
    }

    /// The day on which anacron last ran a job, at its begin.
    pub(super) fn stamp(&self, job: &str) -> Option<Timestamp> {
        if job.contains('/') {
            return None;
        }
        let path = Path::new("/var/spool/anacron").join(job);
        let text = self.root().read_text(&path, 64, Role::Other).ok()?;
        let date = Date::strptime("%Y%m%d", text.trim()).ok()?;
        self.look.zone.to_timestamp(date.at(0, 0, 0, 0)).ok()
    }
}

/// `3-22`.
fn range(text: &str) -> Option<(u8, u8)> {
    let (from, to) = text.split_once('-')?;
    let hours = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (hours.0 < hours.1 && hours.1 <= 24).then_some(hours)
}

/// `period delay name command`: days, minutes, the job and its command.
fn columns(line: &str) -> Option<(u32, u64, &str, &str)> {
    let (period, rest) = super::columns::word(line);
    let (delay, rest) = super::columns::word(rest);
    let (name, command) = super::columns::word(rest);
    let days = match period {
        "@daily" => 1,
        "@weekly" => 7,
        "@monthly" => 31,
        "@yearly" | "@annually" => 366,
        _ => period.parse().ok()?,
    };
    (!command.is_empty()).then_some((days, delay.parse().ok()?, name, command))
}
