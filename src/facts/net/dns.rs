//! What name servers said.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Signatures;
use crate::reserved::reserved;

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome<T> {
    /// These records.
    Found(Vec<T>),
    /// The name exists and has no record of that type (NODATA).
    Nothing,
    /// There is no such name (NXDOMAIN).
    NoSuchName,
    /// No usable answer.
    Failed(Failure),
}

/// Why a question got no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// Extended DNS Errors (RFC 8914) of the answer.
    pub extended: Vec<Extended>,
    /// The same question was answered with checking disabled: the zone's signatures are bogus.
    pub bogus: bool,
}

/// An Extended DNS Error: its code and its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extended {
    /// The code of RFC 8914.
    pub code: u16,
    /// The server's own words, often none.
    pub text: String,
}

/// What went wrong with a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// SERVFAIL.
    ServFail,
    /// REFUSED.
    Refused,
    /// Another response code.
    Code(u16),
    /// No answer in time.
    Timeout,
    /// The server cannot be reached: the system's words.
    Unreachable(String),
    /// An answer that cannot be read.
    Malformed(String),
    /// The aliases lead in a circle, or on and on.
    AliasLoop,
    /// A record of the answer is shorter than it says.
    BadRecord,
}

/// The addresses of a name, and what is known of its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// The resolver that was asked.
    pub resolver: String,
    /// IPv4 addresses.
    pub a: Outcome<Ipv4Addr>,
    /// IPv6 addresses.
    pub aaaa: Outcome<Ipv6Addr>,
    /// The names that CNAME records lead to, in order.
    pub aliases: Vec<String>,
    /// The resolver says that it checked the signatures (AD).
    pub authenticated: bool,
    /// What this host found when it checked the signatures of addresses and CAA records itself; `None` where the resolver
    /// does that, or gave no records.
    pub signatures: Option<Signatures>,
    /// The zone that the name lies in.
    pub zone: Option<Arc<Zone>>,
    /// What one of the zone's own servers says, where the name is no alias: the CA's resolvers ask them.
    pub direct: Option<Direct>,
    /// What stands at `_acme-challenge`; `None` where the lineage is not validated by DNS.
    pub challenge: Option<Challenge>,
    /// What a name beside it gives that nobody has made; asked only where the addresses lie elsewhere than on this host.
    #[serde(default)]
    pub sibling: Option<Sibling>,
}

/// What a name gives that nobody has made: only a wildcard record answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sibling {
    /// The name.
    pub name: String,
    /// Who was asked: a server of the zone, or the resolver where an alias leads out of the zone.
    pub server: String,
    /// Its addresses, of one family that the identifier has too.
    pub addresses: Vec<IpAddr>,
    /// The names that CNAME records lead to, in order.
    pub aliases: Vec<String>,
}

/// The addresses of a name by a server of its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direct {
    /// The server's address.
    pub server: String,
    /// IPv4 addresses.
    pub a: Outcome<Ipv4Addr>,
    /// IPv6 addresses.
    pub aaaa: Outcome<Ipv6Addr>,
}

/// What stands at `_acme-challenge` of a name before any validation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The texts of TXT records.
    pub txt: Outcome<String>,
    /// The names that CNAME records lead to, in order.
    pub aliases: Vec<String>,
    /// The zone that the last of them lies in; its name is a public suffix where the domain is gone.
    pub zone: Option<Arc<Zone>>,
}

/// A zone and the servers that answer for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its apex.
    pub name: String,
    /// Its name servers, one entry for each of their addresses.
    pub servers: Vec<NameServer>,
}

/// One address of one name server, and what it said of its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameServer {
    /// The name of its NS record.
    pub name: String,
    /// The address; `None` where the name has none.
    pub address: Option<IpAddr>,
    /// The zone above names it too.
    pub delegated: bool,
    /// The serial of its SOA record, where it answers with authority.
    pub serial: Outcome<u32>,
    /// It answers with authority (AA).
    pub authoritative: bool,
}

impl Zone {
    /// Domains are registered directly below it: `com`, `co.uk`.
    pub fn is_public_suffix(&self) -> bool {
        psl::suffix_str(&self.name) == Some(self.name.as_str())
    }
}

impl Dns {
    /// The addresses as the CA's resolvers will see them: by the zone's own server where that answers, else by the
    /// resolver; and who says so.
    pub fn public(&self) -> (&Outcome<Ipv4Addr>, &Outcome<Ipv6Addr>, &str) {
        let answers = |direct: &&Direct| direct.a.failure().is_none() && direct.aaaa.failure().is_none();
        match self.direct.as_ref().filter(answers) {
            Some(direct) => (&direct.a, &direct.aaaa, &direct.server),
            None => (&self.a, &self.aaaa, &self.resolver),
        }
    }

    /// The resolver gives only addresses that no CA connects to, and the zone's own server gives others.
    pub fn has_a_view_of_its_own(&self) -> bool {
        let v4 = self.a.records().iter().copied().map(IpAddr::V4);
        let mut own = v4.chain(self.aaaa.records().iter().copied().map(IpAddr::V6)).peekable();
        own.peek().is_some()
            && own.all(|address| reserved(address).is_some())
            && self.addresses().into_iter().any(|address| reserved(address).is_none())
    }

    /// All addresses as the CA's resolvers will see them.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let (a, aaaa, _) = self.public();
        let v4 = a.records().iter().copied().map(IpAddr::V4);
        v4.chain(aaaa.records().iter().copied().map(IpAddr::V6)).collect()
    }
}

impl<T> Outcome<T> {
    /// The records, none where there are none.
    pub fn records(&self) -> &[T] {
        match self {
            Outcome::Found(records) => records,
            _ => &[],
        }
    }

    /// Why there was no usable answer.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl Failure {
    /// A failure without more words.
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, extended: Vec::new(), bogus: false }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            FailureKind::ServFail => f.write_str("SERVFAIL")?,
            FailureKind::Refused => f.write_str("REFUSED")?,
            FailureKind::Code(code) => write!(f, "response code {code}")?,
            FailureKind::Timeout => f.write_str("no answer in time")?,
            FailureKind::Unreachable(why) | FailureKind::Malformed(why) => f.write_str(why)?,
            FailureKind::BadRecord => f.write_str("a record that is shorter than it says")?,
            FailureKind::AliasLoop => f.write_str("its CNAME records lead in a circle")?,
        }
        for Extended { code, text } in &self.extended {
            write!(f, ", extended error {code}")?;
            if !text.is_empty() {
                write!(f, " ({text})")?;
            }
        }
        Ok(())
    }
}
