//! The facts about the host as a whole, gathered once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Account, Before, Cert, Client, Fact, Filters, Install, Lineage, Logged, Own, Rule, Servers, Setting,
    Terms, Trigger, Zone,
};

/// Everything that is not particular to one lineage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostFacts {
    /// `acme-audit.facts/1`.
    pub schema: String,
    /// The version of acme-audit that gathered them.
    pub version: String,
    /// The host's name.
    pub host: String,
    /// The time that everything is judged as of.
    pub now: Timestamp,
    /// When the facts were gathered.
    pub gathered_at: Timestamp,
    /// What the forecast is to hold to.
    #[serde(default)]
    pub terms: Terms,
    /// The host's time zone.
    #[serde(default = "utc")]
    pub zone: Fact<Zone>,
    /// Until when the host was surely running; `None` where nothing tells.
    #[serde(default)]
    pub alive: Option<Timestamp>,
    /// When certbot last wrote to its log; `None` where there is no log.
    #[serde(default = "no_log")]
    pub log: Fact<Option<Timestamp>>,
    /// The lineages whose last attempt failed, by that log.
    #[serde(default = "no_failures")]
    pub logged: Fact<Vec<Logged>>,
    /// Whether the running host was looked at, and not a tree below `--root`.
    pub live: bool,
    /// certbot's three folders.
    pub dirs: Dirs,
    /// Distribution and init system.
    pub os: Os,
    /// `renewal/`.
    pub renewal: Fact<Renewal>,
    /// Folders in `live/` or `archive/` that no conf names.
    pub orphans: Fact<Vec<Orphan>>,
    /// ACME accounts; empty where there is no `accounts/`.
    pub accounts: Fact<Vec<Account>>,
    /// Files in `renewal-hooks/`.
    pub hooks: Fact<Vec<HookFile>>,
    /// certbot's `cli.ini` files.
    pub cli_ini: Vec<Fact<IniFile>>,
    /// The certbots on the host.
    pub installs: Fact<Vec<Install>>,
    /// What would run a renewal.
    pub triggers: Fact<Vec<Trigger>>,
    /// Programs that hooks on command lines and in `cli.ini` call and that are surely missing.
    #[serde(default)]
    pub hook_programs: Vec<HookProgram>,
    /// What runs before challenges, whatever the lineage; `None` in facts of a version that did not look.
    #[serde(default)]
    pub before: Option<Vec<Before>>,
    /// What runs beside certbot's own hooks and may reload a service.
    pub beside: Fact<Vec<Beside>>,
    /// What the servers' configurations name.
    pub servers: Servers,
    /// What turns visitors away before the servers.
    #[serde(default)]
    pub filters: Filters,
    /// Whether a certbot holds its lock now; not asked below a root.
    pub locked_by: Option<Fact<Option<u32>>>,
    /// Its own addresses and listening ports; not asked below a root.
    #[serde(default)]
    pub own: Option<Fact<Own>>,
    /// Derived: the firings of the triggers.
    #[serde(skip)]
    pub(crate) plans: crate::forecast::Plans,
    /// Derived: the options on command lines.
    #[serde(skip)]
    pub(crate) given_options: super::options::GivenOptions,
}

/// Facts of an earlier version do not say the zone.
fn utc() -> Fact<Zone> {
    Ok(Zone::default())
}

/// Nor do they look at certbot's log.
fn no_log() -> Fact<Option<Timestamp>> {
    Ok(None)
}

/// Nor do they read it.
fn no_failures() -> Fact<Vec<Logged>> {
    Ok(Vec::new())
}

/// certbot's three folders, by their names there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dirs {
    /// `--config-dir`, normally `/etc/letsencrypt`.
    pub config: String,
    /// `--work-dir`, normally `/var/lib/letsencrypt`.
    pub work: String,
    /// `--logs-dir`, normally `/var/log/letsencrypt`; of several that are in use the one with the newest log.
    pub logs: String,
}

/// Distribution and init system.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Os {
    /// `ID` of os-release.
    pub id: String,
    /// `ID_LIKE` of os-release.
    pub like: String,
    /// systemd is the init system.
    pub systemd: bool,
    /// There is an `etc` folder at all.
    pub has_etc: bool,
    /// The tree below the root holds `etc` and nothing else: a backup.
    #[serde(default)]
    pub only_etc: bool,
    /// A container engine is installed.
    pub containers: bool,
}

impl Os {
    /// Fedora, RHEL and what is built from them.
    pub fn is_rhel(&self) -> bool {
        ["rhel", "fedora", "centos", "almalinux", "rocky", "ol"]
            .iter()
            .any(|word| self.id == *word || self.like.split_whitespace().any(|like| like == *word))
    }
}

/// The folder of renewal configurations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Renewal {
    /// The folder.
    pub path: String,
    /// How many `*.conf` there are.
    pub confs: usize,
    /// Files whose names certbot ignores.
    pub strays: Vec<StrayConf>,
}

/// A file in `renewal/` that certbot does not read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StrayConf {
    /// Its path.
    pub path: String,
    /// The lineage that it would be the conf of.
    pub lineage: String,
    /// `renewal/LINEAGE.conf` exists as well.
    pub has_conf: bool,
    /// `live/LINEAGE` exists.
    pub has_live: bool,
}

/// A lineage on disk that no conf names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orphan {
    /// The folder's name.
    pub name: String,
    /// `live/NAME` exists.
    pub live: Option<String>,
    /// `archive/NAME` exists.
    pub archive: Option<String>,
    /// The certificate in it.
    pub cert: Fact<Cert>,
}

/// When certbot runs a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum HookStage {
    Pre,
    Deploy,
    Post,
}

impl HookStage {
    /// The folder's name.
    pub fn word(self) -> &'static str {
        match self {
            HookStage::Pre => "pre",
            HookStage::Deploy => "deploy",
            HookStage::Post => "post",
        }
    }
}

/// A file in one of the three hook folders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HookFile {
    /// Which folder.
    pub stage: HookStage,
    /// Its path.
    pub path: String,
    /// certbot would run it: executable, and not ending in `~`.
    pub runs: bool,
    /// It begins with `#!`.
    pub shebang: bool,
    /// Permission bits.
    pub mode: u32,
}

/// The missing program of a hook that is given on a command line or in `cli.ini`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookProgram {
    /// `file:line` of the command or the setting.
    pub r#where: String,
    /// The option: `--deploy-hook` …
    pub option: String,
    /// The program.
    pub program: String,
}

/// A command that may reload a service and is none of certbot's hooks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Beside {
    /// `file:line`.
    pub r#where: String,
    /// The command or the arguments, secrets masked.
    pub command: String,
    /// How it comes to run.
    pub runs: BesideKind,
}

/// How a command beside certbot's hooks comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BesideKind {
    /// Arguments that the package's service hands to certbot: `/etc/sysconfig/certbot`.
    Arguments,
    /// With a renewal: another command of certbot's service, or a path unit that watches certbot's folder.
    Renewal,
    /// At times of its own: cron, logrotate.
    Routine,
}

/// A `cli.ini`: the keys, values masked where they look secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IniFile {
    /// Its path.
    pub path: String,
    /// Every `key = value`, dashes in keys kept.
    pub settings: Vec<Setting>,
}

/// A setting of these `cli.ini` files by its long option's name, with the file: what is said last counts.
/// <https://github.com/bw2/ConfigArgParse#features>
pub fn said_in<'f>(files: &'f [Fact<IniFile>], option: &str) -> Option<(&'f IniFile, &'f Setting)> {
    let is = |setting: &&Setting| setting.key.replace('_', "-") == option;
    files.iter().flatten().rev().find_map(|file| Some((file, file.settings.iter().rev().find(is)?)))
}

impl HostFacts {
    /// Whether a routine of the host loads or restarts a server.
    pub fn is_loaded_by_routine(&self, server: &str) -> bool {
        // What certbot is to run only after a renewal of its own is none.
        let of_certbot = |part: &str| part.contains("certbot") || part.contains("letsencrypt");
        let routines = self.beside.iter().flatten().filter(|beside| beside.runs == BesideKind::Routine);
        let mut parts =
            routines.flat_map(|beside| beside.command.split("&&").flat_map(|part| part.split(';')));
        parts.any(|part| part.contains(server) && !of_certbot(part))
    }

    /// A setting of any `cli.ini`, by its long option's name, with the file it stands in.
    pub fn cli(&self, option: &str) -> Option<(&IniFile, &Setting)> {
        said_in(&self.cli_ini, option)
    }

    /// Whether a flag is switched on in any `cli.ini`.
    pub fn cli_true(&self, option: &str) -> Option<(&IniFile, &Setting)> {
        self.cli(option).filter(|(_, s)| {
            s.text().is_some_and(|t| ["true", "yes", "1"].iter().any(|yes| t.eq_ignore_ascii_case(yes)))
        })
    }

    /// What makes each run of a trigger renew whatever is due or not, and where: a `cli.ini`, or its own command.
    pub fn forces(&self, trigger: &Trigger) -> Option<(String, String)> {
        let of_file = |option: &&str| {
            let (file, setting) = self.cli_true(option)?;
            Some((setting.shown(), format!("{}:{}", file.path, setting.line)))
        };
        let in_files = ["force-renewal", "renew-by-default"].iter().find_map(of_file);
        in_files.filter(|_| trigger.client == Client::Certbot).or_else(|| trigger.task.forced.clone())
    }

    /// The newest certbot's major and minor version, from the installs found.
    pub fn newest_certbot(&self) -> Option<(u32, u32)> {
        self.installs.as_ref().ok()?.iter().filter_map(Install::release).max()
    }

    /// Whether nothing that was found starts a renewal; a host without any lineage needs nothing.
    ///
    /// # Errors
    /// The schedule or the lineages could not be looked at.
    pub fn runs_nothing(&self) -> Fact<bool> {
        let lineages = self.renewal.as_ref().map_err(Clone::clone)?.confs;
        let triggers = self.triggers.as_ref().map_err(Clone::clone)?;
        Ok(lineages > 0 && !triggers.iter().any(Trigger::effective))
    }

    /// Triggers that really renew a lineage.
    pub fn covering(&self, lineage: &str) -> impl Iterator<Item = &Trigger> {
        self.effective_triggers().filter(move |trigger| trigger.covers(lineage, &self.dirs.config))
    }

    /// Whether nothing but this program renews a lineage, by rules of its own.
    pub fn is_renewed_by_us(&self, lineage: &Lineage) -> bool {
        let is_ours = |trigger: &Trigger| trigger.client == Client::AcmeAudit;
        self.effective_triggers().any(is_ours) && self.covering(&lineage.name).all(is_ours)
    }

    /// The first trigger of a lineage all of whose triggers fire at the start of the machine alone.
    pub fn only_at_boot(&self, lineage: &str) -> Option<&Trigger> {
        let at_boot = |trigger: &&Trigger| {
            trigger
                .when
                .as_ref()
                .is_ok_and(|when| when.rules.iter().all(|rule| matches!(rule, Rule::AtBoot(_))))
        };
        let mut covering = self.covering(lineage);
        let first = covering.next().filter(at_boot)?;
        covering.all(|trigger| at_boot(&trigger)).then_some(first)
    }

    /// Triggers that really start a renewal.
    pub fn effective_triggers(&self) -> impl Iterator<Item = &Trigger> {
        self.triggers.iter().flatten().filter(|t| t.effective())
    }
}
