//! The chain of keys from the root's trust anchor down to a zone, and from there to its records.
//!
//! RFC 4035, section 5, without the proofs of absence: only records that are there can be found to be signed wrongly.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::anchors::Anchor;
use super::rrset::{Fault, RrSet, is_understood, names};
use super::suffix::{is_registry, registered};
use crate::facts::net::Flaw;
use crate::gather::net::dns::outcome::text;
use crate::gather::net::dns::zone::kept;

/// How old the newest good signature may be for this host's clock to be believed, in seconds: the root's over a DS record
/// is made anew twice a day, and kept by resolvers for a day.
const FRESH: u32 = 2 * 86_400;

/// Who gives records with their signatures.
pub trait Answers: Send + Sync {
    /// The answer to a question, in error why there is none.
    fn ask(&self, name: &Name, kind: RecordType)
    -> impl Future<Output = Result<Arc<Message>, String>> + Send;

    /// The zone that a name lies in.
    fn zone(&self, name: &Name) -> impl Future<Output = Option<Name>> + Send;
}

/// Why records are not known to be signed rightly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nobody says that they should be.
    Insecure,
    /// The signatures of some records do not hold.
    Bogus(Box<BadSet>),
    /// A question had no answer: why.
    Unanswered(String),
    /// It cannot be said: why.
    Unclear(String),
}

/// Records whose signatures do not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSet {
    /// `A of www.example.com`
    pub records: String,
    /// The zone that should have signed them.
    pub zone: Name,
    /// What is wrong.
    pub flaw: Flaw,
}

/// The keys of a zone, proved.
type Keys = Result<Arc<[DNSKEY]>, Doubt>;

/// Keys of zones as one source gives them, each zone's kept.
#[derive(Debug)]
pub struct Chain<A> {
    answers: A,
    anchors: Arc<[Anchor]>,
    now: u32,
    /// When the newest good signature was made.
    newest: AtomicU32,
    kept: Mutex<HashMap<Name, Arc<OnceCell<Keys>>>>,
}

impl<A: Answers> Chain<A> {
    /// A chain that begins at some anchors. `now` is in seconds since 1970.
    pub fn new(answers: A, anchors: Arc<[Anchor]>, now: u32) -> Self {
        Self { answers, anchors, now, newest: AtomicU32::new(0), kept: Mutex::default() }
    }

    /// Whether the records of a type at a name, or the alias in their place, are signed rightly.
    ///
    /// # Errors
    /// Why that is not so, or not known.
    pub async fn holds(&self, owner: &Name, kind: RecordType) -> Result<(), Doubt> {
        self.is_told_keys().await?;
        // One question for all names of a domain that is not signed.
        if let Some(domain) = registered(owner) {
            self.delegation(&domain).await?;
        }
        let answer = self.ask(owner, kind).await?;
        let set = [kind, RecordType::CNAME].map(|kind| RrSet::of(&answer, owner, kind));
        let Some(set) = set.into_iter().find(|set| !set.is_empty()) else {
            return Err(Doubt::Unclear(format!(
                "{kind} of {} is not there when signatures are asked for",
                text(owner)
            )));
        };
        let signer = set.signer();
        // An alias made from a DNAME record has no signature of its own (RFC 6672, section 5.3.1).
        let made = |record: &Record| {
            record.record_type() == RecordType::DNAME && record.name.zone_of(owner) && record.name != *owner
        };
        if set.kind == RecordType::CNAME && signer.is_none() && answer.answers.iter().any(made) {
            return Ok(());
        }
        let zone = self.zone_of(signer, owner).await?;
        let keys = self.keys(&zone).await?;
        self.verify(&set, &zone, &keys)
    }

    /// Whether the source gives DNSSEC's records at all: it is asked once for those that are always there.
    async fn is_told_keys(&self) -> Result<(), Doubt> {
        let root = Name::root();
        let answer = self.ask(&root, RecordType::DNSKEY).await?;
        match RrSet::of(&answer, &root, RecordType::DNSKEY).is_empty() {
            true => Err(Doubt::Unclear("the resolver leaves away the records of DNSSEC".into())),
            false => Ok(()),
        }
    }

    /// The keys of a zone.
    fn keys<'a>(&'a self, zone: &'a Name) -> Pin<Box<dyn Future<Output = Keys> + Send + 'a>> {
        Box::pin(async move { kept(&self.kept, zone).get_or_init(|| self.find_keys(zone)).await.clone() })
    }

    async fn find_keys(&self, zone: &Name) -> Keys {
        let ds = if zone.is_root() { Vec::new() } else { self.vouched(zone).await? };
        let answer = self.ask(zone, RecordType::DNSKEY).await?;
        let set = RrSet::of(&answer, zone, RecordType::DNSKEY);
        let keys: Arc<[DNSKEY]> = set.data().filter_map(dnskey).cloned().collect();
        let is_entry = |key: &&DNSKEY| match zone.is_root() {
            true => self.anchors.iter().any(|anchor| anchor.is(key)),
            false => ds.iter().any(|ds| is_understood(ds) && names(ds, zone, key)),
        };
        let entries: Vec<DNSKEY> = keys.iter().filter(is_entry).cloned().collect();
        if !entries.is_empty() {
            self.verify(&set, zone, &entries)?;
            return Ok(keys);
        }
        if zone.is_root() {
            return Err(Doubt::Unclear("the root's keys are not those of the trust anchor".into()));
        }
        if !ds.iter().all(is_understood) {
            let zone = text(zone);
            return Err(Doubt::Unclear(format!("{zone} has a DS record of a kind that is not known here")));
        }
        let flaw = if keys.is_empty() { Flaw::NoKeys } else { Flaw::NoKeyForDs };
        Err(doubt(&set, zone, Fault::Flaw(flaw)))
    }

    /// The DS records of a zone, proved, of which one at least is understood.
    async fn vouched(&self, zone: &Name) -> Result<Vec<DS>, Doubt> {
        let answer = self.delegation(zone).await?;
        let set = RrSet::of(&answer, zone, RecordType::DS);
        let signer = set.signer().filter(|signer| signer != zone);
        let above = self.zone_of(signer, &zone.base_name()).await?;
        let keys = self.keys(&above).await?;
        self.verify(&set, &above, &keys)?;
        let ds: Vec<DS> = set.data().filter_map(delegation_signer).cloned().collect();
        if ds.iter().any(is_understood) { Ok(ds) } else { Err(Doubt::Insecure) }
    }

    /// The answer with the DS records of a zone, unproved; Insecure where there are none.
    async fn delegation(&self, zone: &Name) -> Result<Arc<Message>, Doubt> {
        let answer = self.ask(zone, RecordType::DS).await?;
        match RrSet::of(&answer, zone, RecordType::DS).is_empty() {
            true => Err(Doubt::Insecure),
            false => Ok(answer),
        }
    }

    async fn zone_of(&self, signer: Option<Name>, name: &Name) -> Result<Name, Doubt> {
        let zone = match signer {
            Some(signer) => Some(signer),
            None => self.answers.zone(name).await,
        };
        zone.ok_or_else(|| Doubt::Unclear(format!("the zone of {} is not known", text(name))))
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, Doubt> {
        self.answers.ask(name, kind).await.map_err(Doubt::Unanswered)
    }

    fn verify(&self, set: &RrSet<'_>, zone: &Name, keys: &[DNSKEY]) -> Result<(), Doubt> {
        match set.verify(zone, keys, self.now) {
            Ok(made) => {
                self.newest.fetch_max(made, Ordering::Relaxed);
                Ok(())
            }
            Err(Fault::Flaw(Flaw::Expired(at))) if !self.is_over(at) => {
                let records = format!("{} of {}", set.kind, text(set.owner));
                Err(Doubt::Unclear(format!(
                    "the signatures of {records} ended at {at} by this host's clock, which may be ahead"
                )))
            }
            Err(fault) => Err(doubt(set, zone, fault)),
        }
    }

    /// Whether a time is past, whatever this host's clock says: something was signed after it. Or the clock is good: something
    /// was signed a short time ago.
    fn is_over(&self, at: Timestamp) -> bool {
        let newest = self.newest.load(Ordering::Relaxed);
        at.as_second() < i64::from(newest) || self.now.saturating_sub(newest) < FRESH
    }
}

/// What a fault of a set means. A fault of the root or a registry would be in every newspaper: it is more likely ours.
fn doubt(set: &RrSet<'_>, zone: &Name, fault: Fault) -> Doubt {
    let records = format!("{} of {}", set.kind, text(set.owner));
    match fault {
        Fault::Unclear(why) => Doubt::Unclear(why),
        Fault::Flaw(Flaw::Unsigned) if is_registry(zone) => {
            Doubt::Unclear(format!("the resolver gives no signature with {records}"))
        }
        Fault::Flaw(flaw) if is_registry(zone) => Doubt::Unclear(format!("{records}: {flaw}")),
        Fault::Flaw(flaw) => Doubt::Bogus(Box::new(BadSet { records, zone: zone.clone(), flaw })),
    }
}

/// The key of a DNSKEY record.
fn dnskey(data: &RData) -> Option<&DNSKEY> {
    match data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
        _ => None,
    }
}

/// The data of a DS record.
fn delegation_signer(data: &RData) -> Option<&DS> {
    match data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds),
        _ => None,
    }
}
