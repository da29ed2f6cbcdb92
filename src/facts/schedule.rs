//! What would run certbot, when, and with what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Egress, Fact};

/// One thing that starts, or is meant to start, an ACME client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trigger {
    /// Timer, cron line and so on.
    pub kind: TriggerKind,
    /// File, with the line where the format has lines.
    pub r#where: String,
    /// The unit's name, for systemd.
    pub unit: Option<String>,
    /// The user it runs as, where the format names one.
    pub user: Option<String>,
    /// The command, secrets masked.
    pub command: String,
    /// Why it does nothing; `None` when it runs.
    pub ineffective: Option<Ineffective>,
    /// The client that it starts.
    pub client: Client,
    /// When it fires.
    pub when: Fact<When>,
    /// What one run does, and how it is treated.
    pub task: Task,
    /// When it last fired: systemd's or anacron's stamp, or what systemd itself says.
    pub last_run: Option<Timestamp>,
    /// What is particular to a systemd timer and its service.
    pub unit_state: Option<UnitState>,
}

/// The kinds of trigger, spelled as in the JSON of `schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerKind {
    /// A systemd timer.
    SystemdTimer,
    /// A crontab line.
    Cron,
    /// A script in `cron.daily` and its like.
    CronDir,
    /// A line of anacrontab.
    Anacron,
    /// The snap's own timer.
    Snap,
    /// FreeBSD's or Alpine's periodic.
    Periodic,
    /// A container's loop.
    Container,
}

/// The clients that are recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Client {
    #[default]
    #[serde(rename = "certbot")]
    Certbot,
    #[serde(rename = "acme-audit")]
    AcmeAudit,
    #[serde(rename = "acme.sh")]
    AcmeSh,
    #[serde(rename = "lego")]
    Lego,
    #[serde(rename = "dehydrated")]
    Dehydrated,
    #[serde(rename = "getssl")]
    Getssl,
    #[serde(rename = "uacme")]
    Uacme,
}

impl Client {
    /// Its program's name.
    pub fn word(self) -> &'static str {
        match self {
            Client::Certbot => "certbot",
            Client::AcmeAudit => "acme-audit",
            Client::AcmeSh => "acme.sh",
            Client::Lego => "lego",
            Client::Dehydrated => "dehydrated",
            Client::Getssl => "getssl",
            Client::Uacme => "uacme",
        }
    }

    /// Whether it can renew the lineages in certbot's folder.
    pub fn knows_certbots_lineages(self) -> bool {
        matches!(self, Client::Certbot | Client::AcmeAudit)
    }
}

/// When a trigger fires: whenever any of its rules says so, put off by `delay` at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Seconds by which a firing may be put off: `RandomizedDelaySec`, an `AccuracySec` that is given, anacron's delays.
    pub delay: u64,
    /// A time that passed while the machine was off is made up for: `Persistent=`, anacron.
    pub catches_up: bool,
    /// The IANA zone of its times, where that is not the host's: `CRON_TZ`.
    pub zone: Option<String>,
}

/// One reason to fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `OnCalendar=`: the text and its `file:line`.
    OnCalendar(String, String),
    /// The times of a crontab's line: five fields or an `@` word.
    Cron(String),
    /// So many seconds after the run before: `OnUnitActiveSec=`, a loop's `sleep`.
    Every(u64),
    /// Once, so many seconds after the machine has started: `OnBootSec=`, `@reboot`.
    AtBoot(u64),
    /// Once in so many days, between these hours of the day: anacron.
    Anacron(u32, u8, u8),
}

/// What one run does, and how it is treated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Whether it renews, or only looks.
    pub purpose: Purpose,
    /// The lineages that `--cert-name` or `-d` names; empty for all of them.
    pub only: Vec<String>,
    /// The first name of each `-d` list of commands that give no `--cert-name`.
    #[serde(default)]
    pub names: Vec<String>,
    /// `--config-dir`, where the command or a `cli.ini` gives one.
    pub config_dir: Option<String>,
    /// `--logs-dir`, where the command gives one.
    #[serde(default)]
    pub logs_dir: Option<String>,
    /// The flag that renews what is not due: `--force-renewal` and its older names, and where it stands.
    pub forced: Option<(String, String)>,
    /// Seconds after which something ends it: `timeout`, `TimeoutStartSec=`, `RuntimeMaxSec=`; and what does.
    pub time_limit: Option<(u64, String)>,
    /// certbot's own sleep of up to eight minutes is switched off.
    pub no_random_sleep: bool,
    /// Seconds that the command itself sleeps before it renews, at most: `sleep`, `perl -e 'sleep int(rand(3600))'`.
    pub sleeps: u64,
    /// What throws its output away, where something does: `>/dev/null 2>&1`, `MAILTO=""`, `StandardError=null`.
    pub discards: Option<String>,
    /// The variables that decide how its requests leave the host.
    #[serde(default)]
    pub egress: Egress,
}

/// What a trigger is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// It renews.
    #[default]
    Renews,
    /// It only looks: `acme-audit`, `acme-audit dry-run`.
    Audits,
}

/// What systemd's files, and on a running host systemd itself, say of a timer and its service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// The service that it starts.
    pub service: String,
    /// The service waits for the network: `After=network-online.target`.
    pub after_network: bool,
    /// The unit that a failure starts: `OnFailure=`.
    pub on_failure: Option<String>,
    /// systemd's word for the timer: `active`, `inactive` …; only known on a running host.
    pub active: Option<String>,
    /// How the service's last run ended: `success`, `exit-code` …; only known on a running host.
    pub result: Option<String>,
    /// The exit status of that run.
    pub exit_status: Option<i32>,
    /// When the timer elapses next; only known on a running host.
    pub next: Option<Timestamp>,
}

/// Why a trigger does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ineffective {
    /// A timer that nothing wants.
    NotEnabled,
    /// A link to `/dev/null`, or an empty unit file.
    Masked(String),
    /// A drop-in that takes every time away.
    NoTimes(String),
    /// The unit file is gone, or the service it starts is.
    Dangling(String),
    /// Debian's cron line, which does nothing under systemd.
    GuardedAgainstSystemd,
    /// cron ignores the file: the text says why.
    FileIgnored(String),
    /// The command does not renew: the text says what it does.
    WrongVerb(String),
    /// The program that it calls is gone.
    ProgramMissing(String),
    /// The program's name leads nowhere on this `PATH`.
    NotOnPath(String, String),
    /// This user may not read certbot's folders: user and folder.
    WrongUser(String, String),
    /// A word stands where the table's kind has, or has not, a user's name.
    UserColumn(String),
    /// cron refuses the line, or its table: what is wrong.
    Syntax(String),
    /// An unescaped `%` ends the command before it renews.
    CutByPercent(String),
    /// No day is like that: `*-02-30`, `0 0 31 2 *`.
    NeverFires(String),
    /// Nothing starts what would run it: no cron daemon, no `run-parts` line.
    NotStarted(String),
    /// systemd has the timer loaded, and it is not running.
    Inactive(String),
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rule::OnCalendar(text, _) => write!(f, "OnCalendar={text}"),
            Rule::Cron(text) => f.write_str(text),
            Rule::Every(seconds) => write!(f, "every {seconds} seconds"),
            Rule::AtBoot(_) => f.write_str("at each start of the machine"),
            Rule::Anacron(days, from, to) => {
                write!(f, "anacron, every {days} days between {from}:00 and {to}:00")
            }
        }
    }
}

impl std::fmt::Display for Ineffective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ineffective::NotEnabled => f.write_str("the timer is not enabled"),
            Ineffective::Masked(by) => write!(f, "the unit is masked by {by}"),
            Ineffective::NoTimes(by) => write!(f, "{by} takes every time away"),
            Ineffective::Dangling(what) => write!(f, "{what} does not exist"),
            Ineffective::GuardedAgainstSystemd => f.write_str("the line does nothing where systemd runs"),
            Ineffective::FileIgnored(why) => write!(f, "cron ignores the file: {why}"),
            Ineffective::WrongVerb(what) => write!(f, "the command does not renew: {what}"),
            Ineffective::ProgramMissing(what) => write!(f, "{what} does not exist"),
            Ineffective::NotOnPath(what, path) => {
                write!(f, "{what} is in none of the folders of PATH={path}")
            }
            Ineffective::WrongUser(user, folder) => write!(f, "{user} may not read {folder}"),
            Ineffective::UserColumn(word) => write!(f, "`{word}` stands in the wrong column"),
            Ineffective::Syntax(what) => write!(f, "cron refuses it: {what}"),
            Ineffective::CutByPercent(kept) => write!(f, "an unescaped % ends the command after `{kept}`"),
            Ineffective::NeverFires(times) => write!(f, "no day is like `{times}`"),
            Ineffective::NotStarted(what) => f.write_str(what),
            Ineffective::Inactive(state) => write!(f, "systemd says that the timer is {state}"),
        }
    }
}

impl Trigger {
    /// What people call it: its unit, or the place where it stands.
    pub fn name(&self) -> &str {
        self.unit.as_deref().unwrap_or(&self.r#where)
    }

    /// Whether it really starts a renewal of lineages of certbot's.
    pub fn effective(&self) -> bool {
        self.ineffective.is_none()
            && self.task.purpose == Purpose::Renews
            && self.client.knows_certbots_lineages()
    }

    /// Its times in words, as its files give them.
    pub fn times(&self) -> String {
        match &self.when {
            Ok(when) if when.rules.is_empty() => "no times".to_owned(),
            Ok(when) => when.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            Err(missing) => missing.to_string(),
        }
    }

    /// Whether it would renew this lineage of the configuration folder, were it effective.
    pub fn covers(&self, lineage: &str, config_dir: &str) -> bool {
        let own = self.task.config_dir.as_deref().is_none_or(|dir| same_folder(dir, config_dir));
        own && (self.task.only.is_empty() || self.task.only.iter().any(|name| name == lineage))
    }
}

fn same_folder(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}
