//! What an ACME server said when this host asked it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Presented;
use crate::facts::{Account, Choice, Egress, HostFacts, Lineage, Missing, Role, Why};

/// An ACME server as it answers this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaSeen {
    /// The URL of its directory.
    pub server: String,
    /// The directory, or why there was none.
    pub directory: Result<Directory, CaFault>,
    /// The accounts that this host has there.
    pub accounts: Vec<AccountSeen>,
    /// The variables that it was reached with.
    #[serde(default)]
    pub by: Egress,
    /// Why the environment of the schedule does not lead there, where that of this process does.
    #[serde(default)]
    pub scheduled: Option<CaFault>,
    /// The certificates that it presented; `None` where no handshake came so far.
    #[serde(default)]
    pub presented: Option<Presented>,
}

/// A server's directory (RFC 8555, section 7.1.1), as far as it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Where nonces come from.
    pub new_nonce: String,
    /// Where accounts are made and found.
    pub new_account: String,
    /// Where certificates are ordered.
    #[serde(default)]
    pub new_order: Option<String>,
    /// Where renewal information (RFC 9773) is; `None` where the server has none.
    pub renewal_info: Option<String>,
    /// The terms of service.
    pub terms: Option<String>,
    /// The names by which CAA records let the CA issue, where it says so.
    pub caa_identities: Option<Vec<String>>,
    /// The certificate profiles that it offers, where it has any.
    pub profiles: Option<Vec<String>>,
    /// A new account needs credentials of the CA's own (external account binding).
    pub needs_eab: bool,
}

/// What the server says of one of the host's accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSeen {
    /// certbot's folder of the account.
    pub path: String,
    /// Its state.
    pub state: AccountState,
}

/// The state of an account at its server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// It can be used.
    Valid,
    /// The server knows no account with this key.
    Unknown(String),
    /// It is deactivated or revoked: the server's words.
    Ended(String),
    /// Nothing is done for it until its owner has done something: the server's words, and the page that says what.
    ActionRequired(String, Option<String>),
    /// The server has no time to say: status, problem and until when.
    Busy(String),
    /// It could not be asked for, or the answer says neither.
    Unasked(String),
}

/// When the CA wants a certificate to be renewed (RFC 9773).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ari {
    /// The window's begin.
    pub start: Timestamp,
    /// The window's end.
    pub end: Timestamp,
    /// Why it is another one than usual, as a URL.
    pub explanation: Option<String>,
    /// After how many seconds the CA wants to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Why a server gave no answer that is of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaFault {
    /// Its name gives no address.
    Name(String),
    /// No connection: the address and the system's words.
    Connect(String),
    /// The proxy on the way there gives no connection: its variable, and why.
    Proxy(String),
    /// No answer in time.
    Timeout,
    /// Its certificate is not trusted here.
    Untrusted(String),
    /// The TLS handshake fails otherwise.
    Tls(String),
    /// The answer breaks off, or is none of HTTP.
    Broken(String),
    /// Another status than 200, and the problem's type and detail.
    Status(u16, String),
    /// It answers, and not as an ACME server.
    NoAcme(String),
}

impl CaFault {
    /// It may be gone a moment later.
    pub fn may_pass(&self) -> bool {
        matches!(self, CaFault::Name(_) | CaFault::Connect(_) | CaFault::Broken(_))
    }

    /// The server is there and has no time: it passes by itself.
    pub fn is_busy(&self) -> bool {
        matches!(self, CaFault::Status(429 | 500..=599, _))
    }
}

impl Lineage {
    /// The certificate profiles that its CA offers, where it was asked and has any.
    pub fn profiles_offered(&self) -> Option<&[String]> {
        self.ca.as_deref()?.directory.as_ref().ok()?.profiles.as_deref()
    }
}

impl CaSeen {
    /// A server with what came of asking for its directory, and nothing else.
    pub fn of(server: &str, directory: Result<Directory, CaFault>) -> Self {
        let (accounts, by, server) = (Vec::new(), Egress::default(), server.to_owned());
        Self { server, directory, accounts, by, scheduled: None, presented: None }
    }

    /// Why the schedule's client gets no directory.
    pub fn fault(&self) -> Option<&CaFault> {
        self.scheduled.as_ref().or(self.directory.as_ref().err())
    }
}

impl AccountSeen {
    /// Why its state is not known.
    pub fn unasked(&self, server: &str, why: &str) -> Missing {
        Missing::new(
            format!("the account {} at {server}", self.path),
            Why::Unclear(why.to_owned()),
            Role::Other,
        )
    }
}

impl HostFacts {
    /// The environments in which the schedule would renew a lineage, each once.
    pub fn environments(&self, lineage: &str) -> Vec<&Egress> {
        let mut all: Vec<&Egress> = self.covering(lineage).map(|trigger| &trigger.task.egress).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether these environments are known as a whole.
    ///
    /// # Errors
    /// What may set other variables.
    pub fn environments_known(&self, lineage: &str) -> Result<(), Missing> {
        let unclear = |egress: &Egress| egress.unclear.clone();
        match self.environments(lineage).into_iter().find_map(unclear) {
            Some(why) => Err(Missing::new("the environment of the schedule", Why::Unclear(why), Role::Other)),
            None => Ok(()),
        }
    }

    /// The account that certbot will use for a lineage, and what the CA says of it; `None` where a check of its own
    /// tells what is wrong with it on the disk, or where certbot will register a new one.
    ///
    /// # Errors
    /// The accounts could not be listed.
    pub fn account_at_ca<'a>(
        &'a self,
        lineage: &'a Lineage,
        ca: &'a CaSeen,
    ) -> Result<Option<(&'a Account, &'a AccountSeen)>, Missing> {
        let account = match self.account_of(lineage).map_err(Clone::clone)? {
            Some(Choice::Named(_, account)) => account,
            Some(Choice::Any(accounts)) => match accounts.as_slice() {
                [one] => Some(*one),
                _ => None,
            },
            None => None,
        };
        let seen = |account: &'a Account| {
            Some((account, ca.accounts.iter().find(|seen| seen.path == account.path)?))
        };
        Ok(account.and_then(seen))
    }
}

impl std::error::Error for CaFault {}

impl std::fmt::Display for CaFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CaFault::Name(why) => write!(f, "its name cannot be resolved: {why}"),
            CaFault::Connect(why) => write!(f, "no connection to {why}"),
            CaFault::Proxy(why) => write!(f, "no connection through {why}"),
            CaFault::Timeout => f.write_str("no answer in time"),
            CaFault::Untrusted(why) => write!(f, "its certificate is not trusted here: {why}"),
            CaFault::Tls(why) | CaFault::Broken(why) | CaFault::NoAcme(why) => f.write_str(why),
            CaFault::Status(status, problem) if problem.is_empty() => write!(f, "status {status}"),
            CaFault::Status(status, problem) => write!(f, "status {status}, {problem}"),
        }
    }
}
