//! Whether the signatures of a name's records hold (DNSSEC), where the resolver does not say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the signatures of some records are worth, checked on this host from the root's trust anchor down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// They hold.
    Secure,
    /// The zone above has no DS record for theirs, or only such as validators take for none
    /// (RFC 4035, section 5.2).
    Insecure,
    /// They do not hold: a resolver that validates refuses the records.
    Bogus(Bogus),
    /// It could not be found out: why.
    Unknown(String),
}

/// Records that a resolver refuses which validates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bogus {
    /// The records whose signatures fail: `A of www.example.com`.
    pub records: String,
    /// The zone that should have signed them.
    pub zone: String,
    /// What is wrong.
    pub flaw: Flaw,
    /// The zone's own server that gives them so; `None` where none answers this host.
    pub server: Option<String>,
}

/// Why signatures do not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// They ended then.
    Expired(Timestamp),
    /// The zone above has a DS record, and the zone has no keys at all.
    NoKeys,
    /// No key of the zone is one of those that the DS records name.
    NoKeyForDs,
    /// They are made with a key that the zone does not have, of this tag.
    UnknownKey(u16),
    /// They are not the signatures of these records.
    Mismatch,
    /// There are none, though the zone above has a DS record.
    Unsigned,
}

impl Flaw {
    /// It says that something is absent, which a resolver can bring about by itself.
    pub fn is_absence(&self) -> bool {
        matches!(self, Flaw::NoKeys | Flaw::Unsigned)
    }

    /// A resolver can bring it about by itself: by leaving records away, or by joining those of two moments.
    pub fn may_be_the_resolvers(&self) -> bool {
        self.is_absence() || matches!(self, Flaw::Mismatch | Flaw::UnknownKey(_))
    }
}

impl Signatures {
    /// The worse of two: what makes the CA refuse a name comes first, then what is not known.
    pub fn worse(self, other: Signatures) -> Signatures {
        let rank = |signatures: &Signatures| match signatures {
            Signatures::Secure => 0,
            Signatures::Insecure => 1,
            Signatures::Unknown(_) => 2,
            Signatures::Bogus(_) => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Expired(at) => write!(f, "the signatures ended at {at}"),
            Flaw::NoKeys => f.write_str("the zone has no keys, and the zone above has a DS record for it"),
            Flaw::NoKeyForDs => f.write_str("no key of the zone matches its DS record in the zone above"),
            Flaw::UnknownKey(tag) => {
                write!(f, "they are signed with a key that the zone does not have, tag {tag}")
            }
            Flaw::Mismatch => f.write_str("the signatures are not those of these records"),
            Flaw::Unsigned => f.write_str("they have no signature, and the zone above has a DS record"),
        }
    }
}
