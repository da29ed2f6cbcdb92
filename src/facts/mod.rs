//! What was observed, as plain serialisable data: no I/O and never key material.
//!
//! A fact that could not be observed is a [`Missing`], so that a check which needs it becomes Unknown
//! instead of passing.

mod account;
mod acts;
mod attempt;
mod conf;
mod egress;
mod filter;
mod host;
mod install;
mod issuance;
mod lineage;
mod listener;
mod logged;
pub mod net;
mod options;
mod own;
mod problem;
mod properties;
mod refused;
mod remedy;
mod schedule;
mod served;
mod server;
mod standalone;
mod terms;
mod x509;
mod zone;

pub use account::{Account, AccountFile, Choice};
pub use acts::{Acts, Before, BeforeKind, Freed, freed, leaves_stopped};
pub use attempt::{Attempt, Vantage};
pub use conf::{Conf, SectionHead, Setting, SettingValue};
pub use egress::{Egress, Login, Proxy, Variable};
pub use filter::{Filter, FilterKind, Filters};
pub use host::{
    Beside, BesideKind, Dirs, HookFile, HookProgram, HookStage, HostFacts, IniFile, Orphan, Os, Renewal,
    StrayConf, said_in,
};
pub(crate) use install::release;
pub use install::{DnsPlugin, Install, InstallKind, Plugins};
pub use issuance::Credentials;
pub(crate) use issuance::{DNS_01, HTTP_01, TLS_ALPN_01, challenges, full_name};
pub use lineage::{Archive, Exposure, Kind, Lineage, LinkState, LiveLink, PathState, Version};
pub use listener::{Listener, Process, is_in_the_way};
pub use logged::Logged;
pub use options::UNUSED;
pub use own::{Own, OwnAddress};
pub use problem::{Problem, Subproblem};
pub use properties::{Properties, Property, Shape};
pub use refused::retry_after;
pub(crate) use remedy::{DIR, is_of_every_host, is_plain, replace_in, try_it};
pub use schedule::{Client, Ineffective, Purpose, Rule, Task, Trigger, TriggerKind, UnitState, When};
pub use served::{Given, Served};
pub use server::{CertRef, ConfigTest, Listen, ServerKind, Servers, Suspect, Usage};
pub use standalone::StandaloneAt;
pub use terms::{ENOUGH_ATTEMPTS, Terms};
pub use x509::{Cert, Issued, KeyAlgorithm, PrivateKey, SignatureState};
pub use zone::Zone;

use serde::{Deserialize, Serialize};

/// What stands for a secret.
pub const MASK: &str = "***";

/// One observation, or why it could not be made.
pub type Fact<T> = Result<T, Missing>;

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// The path, or the thing, that was asked for.
    pub what: String,
    /// Why it gave no answer.
    pub why: Why,
    /// What the answer would have decided.
    pub role: Role,
}

/// Why a fact is missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// There is no such file.
    NotFound,
    /// This process may not read it.
    Denied,
    /// It is not a regular file: the text says what it is.
    NotAFile(String),
    /// It is larger than anything certbot writes: size and limit in bytes.
    TooLarge(u64, u64),
    /// Its links lead in a circle.
    Loop,
    /// It was read and does not parse: line (1-based, 0 when the format has none) and what is wrong.
    Malformed(u32, String),
    /// The operating system's own words.
    Io(String),
    /// It cannot be known from this kind of look.
    Unclear(String),
}

/// What a missing fact would have decided; the exit code 3 is for the first four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A renewal configuration file.
    Conf,
    /// A certificate, a chain or a key of a lineage.
    Pem,
    /// The configuration directory, or one of its fixed folders.
    ConfigDir,
    /// What would run certbot.
    Schedule,
    /// Anything else: an Unknown that changes no exit code.
    Other,
}

impl Missing {
    /// A missing fact about `what`.
    pub fn new(what: impl Into<String>, why: Why, role: Role) -> Self {
        Self { what: what.into(), why, role }
    }

    /// Whether not knowing this can hide a renewal that will fail.
    pub fn decides(&self) -> bool {
        self.role != Role::Other
    }

    /// The check that turns this very observation into a finding, where it is the host's fault and not ours.
    ///
    /// Checks that stand on the missing fact are then not applicable: certbot would not get that far.
    pub fn reported_by(&self) -> Option<&'static str> {
        match (self.role, &self.why) {
            (Role::Conf, Why::Malformed(..)) => Some("renewal-conf-syntax"),
            (Role::Pem, Why::Malformed(..)) => Some("cert-unreadable-pem"),
            (Role::Pem, Why::NotFound) => Some("symlink-target-missing"),
            (Role::Conf | Role::Pem, Why::NotAFile(_) | Why::TooLarge(..) | Why::Loop) => {
                Some("file-unreadable")
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.why {
            Why::Malformed(line, what) if *line > 0 => write!(f, "{}:{line}: {what}", self.what),
            why => write!(f, "{}: {why}", self.what),
        }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::NotFound => write!(f, "no such file"),
            Why::Denied => write!(f, "permission denied"),
            Why::NotAFile(kind) => write!(f, "is {kind}, not a regular file"),
            Why::TooLarge(size, limit) => {
                write!(f, "is {size} bytes, more than the {limit} that are read")
            }
            Why::Loop => write!(f, "its symbolic links lead in a circle"),
            Why::Malformed(_, what) | Why::Io(what) | Why::Unclear(what) => f.write_str(what),
        }
    }
}
