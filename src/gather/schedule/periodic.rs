//! Alpine's folders of scripts, and FreeBSD's switch for the script that its port installs.

use std::path::Path;

use super::client::Found;
use super::cron::{Cron, Job, MAX_FILES};
use crate::facts::{Ineffective, Role, Rule, TriggerKind, When};
use crate::gather::fs::show;

/// Where FreeBSD's ports and people put scripts.
const FREEBSDS: &str = "/usr/local/etc/periodic";

impl Cron<'_> {
    pub(super) fn periodic(&mut self) {
        let periodic = Path::new("/etc/periodic");
        for folder in self.root().list_or_empty(periodic).into_iter().take(MAX_FILES) {
            if self.root().is_dir(&periodic.join(&folder)) {
                self.scripts(&periodic.join(folder), TriggerKind::Periodic);
            }
        }
        for period in ["daily", "weekly", "monthly"] {
            let folder = Path::new(FREEBSDS).join(period);
            for (path, _) in self.files(&folder) {
                // The port's script does nothing unless it is switched on.
                if !show(&path).contains("certbot") {
                    self.script(&folder, &path, TriggerKind::Periodic, None);
                }
            }
        }
        for path in ["/etc/periodic.conf", "/etc/periodic.conf.local"].map(Path::new) {
            let Some(text) = self.read(path) else { continue };
            for (i, line) in text.lines().enumerate() {
                let setting = line.trim().split_once('=').filter(|(key, _)| *key == "weekly_certbot_enable");
                let Some((_, value)) = setting else { continue };
                let value = value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                if ["yes", "true", "on", "1"].iter().any(|yes| value.eq_ignore_ascii_case(yes)) {
                    let weekly = "/usr/local/etc/periodic/weekly";
                    let runner = self.runners.iter().find(|runner| runner.folder == weekly);
                    // FreeBSD's own /etc/crontab has it on Saturdays.
                    let saturday =
                        || When { rules: vec![Rule::Cron("15 4 * * 6".into())], ..When::default() };
                    let when = runner.map_or_else(|| Ok(saturday()), |runner| runner.when.clone());
                    let fault = runner.and_then(|runner| runner.fault.clone());
                    let place = format!("{}:{}", show(path), i + 1);
                    let found = Found::elsewhere(Ok(()));
                    let mut job = Job::new(TriggerKind::Periodic, place, line.trim(), found, when);
                    job.fault = self.port_script_gone().or(fault);
                    self.push(job);
                }
            }
        }
    }

    fn port_script_gone(&self) -> Option<Ineffective> {
        let folder = Path::new("/usr/local/etc/periodic/weekly");
        let names = self.root().list(folder, Role::Schedule).ok().flatten()?;
        let there = names.iter().any(|name| name.to_string_lossy().contains("certbot"));
        (!there).then(|| Ineffective::ProgramMissing(show(&folder.join("500.certbot"))))
    }
}
