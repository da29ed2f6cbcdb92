//! What would run certbot.

use serde::{Deserialize, Serialize};

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
        }
    }
}

impl Trigger {
    /// Whether it really starts a renewal.
    pub fn effective(&self) -> bool {
        self.ineffective.is_none()
    }
}
