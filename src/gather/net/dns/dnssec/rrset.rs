//! Whether one signature of a set of records holds: the arithmetic is hickory-proto's, the verdict is ours.
//!
//! hickory's own validator says no more than "bogus" where an answer did not come in time, where a resolver leaves
//! signatures away, and where a signature is wrong. Here these are three things.

use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_proto::dnssec::{Algorithm, DigestType, Verifier};
use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use jiff::Timestamp;

use crate::facts::net::Flaw;
use crate::gather::net::dns::outcome::text;
use crate::gather::net::dns::raw::as_it_was;

/// How many signatures of a set, and how many keys for each, are tried: more are an attack (CVE-2023-50387).
const MAX_SIGNATURES: usize = 8;
const MAX_KEYS: usize = 4;

/// How long a signature counts before and after its time: a tenth of it, within these seconds, as unbound does, the CA's
/// resolver (`val-sig-skew-min` and `-max` of unbound.conf(5)).
const SKEW: (u32, u32) = (3_600, 86_400);

/// Why a set of records is not taken for signed rightly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its signatures do not hold.
    Flaw(Flaw),
    /// That cannot be said here: why.
    Unclear(String),
}

/// When a signature counts.
enum Time {
    Now,
    Over(Timestamp),
    ToCome,
}

/// The records of one type at one name, and their signatures.
#[derive(Debug)]
pub struct RrSet<'m> {
    /// The name.
    pub owner: &'m Name,
    /// The type of the records.
    pub kind: RecordType,
    records: Vec<Record>,
    signatures: Vec<&'m RRSIG>,
}

impl<'m> RrSet<'m> {
    /// The set as it stands in the answer section.
    pub fn of(message: &'m Message, owner: &'m Name, kind: RecordType) -> Self {
        let at = || message.answers.iter().filter(|r| r.name == *owner && r.dns_class == DNSClass::IN);
        // Without TTLs, by which hickory would order records before their data (RFC 4034, section 6.3), and each once.
        let records = at().cloned().map(as_it_was);
        let mut records: Vec<Record> = records.filter(|record| record.record_type() == kind).collect();
        records.iter_mut().for_each(|record| record.ttl = 0);
        records.sort_unstable();
        records.dedup();
        let signatures = at().filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
            _ => None,
        });
        let signatures = signatures.filter(|signature| signature.input().type_covered == kind);
        Self { owner, kind, records, signatures: signatures.collect() }
    }

    /// Whether there are no such records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The zone that says it signed them.
    pub fn signer(&self) -> Option<Name> {
        let mut signers = self.signatures.iter().map(|signature| &signature.input().signer_name);
        signers.find(|signer| signer.zone_of(self.owner)).map(Name::to_lowercase)
    }

    /// The data of the records.
    pub fn data(&self) -> impl Iterator<Item = &RData> {
        self.records.iter().map(|record| &record.data)
    }

    /// When one of the zone's keys signed them, which they still count for. Times are in seconds since 1970.
    ///
    /// That no record is nearer to a name than the wildcard that it came from is left unproved.
    ///
    /// # Errors
    /// Why that is not so, or not known.
    pub fn verify(&self, zone: &Name, keys: &[DNSKEY], now: u32) -> Result<u32, Fault> {
        let by_zone = || self.signatures.iter().filter(|s| s.input().signer_name == *zone);
        if let Some(other) = self.signatures.first().filter(|_| by_zone().next().is_none()) {
            return Err(Fault::Unclear(format!(
                "{} of {} is signed by {}, not by its zone {}",
                self.kind,
                text(self.owner),
                text(&other.input().signer_name),
                text(zone)
            )));
        }
        let mut fault = None;
        for signature in by_zone().take(MAX_SIGNATURES) {
            match self.verify_one(signature, keys, now) {
                Ok(()) => return Ok(signature.input().sig_inception.get()),
                Err(found @ Fault::Unclear(_)) => fault = Some(found),
                Err(found) => fault = fault.or(Some(found)),
            }
        }
        if by_zone().count() > MAX_SIGNATURES {
            return Err(Fault::Unclear(format!(
                "{} of {} has more signatures than are tried",
                self.kind,
                text(self.owner)
            )));
        }
        Err(fault.unwrap_or(Fault::Flaw(Flaw::Unsigned)))
    }

    fn verify_one(&self, signature: &RRSIG, keys: &[DNSKEY], now: u32) -> Result<(), Fault> {
        let input = signature.input();
        let unclear =
            |why: &str| Fault::Unclear(format!("{} of {} is signed {why}", self.kind, text(self.owner)));
        if !is_supported(input.algorithm) {
            return Err(unclear("by an algorithm that is not known here"));
        }
        match time(input.sig_inception.get(), input.sig_expiration.get(), now) {
            Time::Now => {}
            Time::Over(at) => return Err(Fault::Flaw(Flaw::Expired(at))),
            Time::ToCome => {
                return Err(unclear("for a time to come: this host's clock or the signer's is wrong"));
            }
        }
        let named = |key: &&DNSKEY| {
            Verifier::algorithm(*key) == input.algorithm
                && key.zone_key()
                && !key.revoke()
                && key.calculate_key_tag().is_ok_and(|tag| tag == input.key_tag)
        };
        let named: Vec<&DNSKEY> = keys.iter().filter(named).take(MAX_KEYS + 1).collect();
        if named.is_empty() {
            return Err(Fault::Flaw(Flaw::UnknownKey(input.key_tag)));
        }
        let holds = |key: &&DNSKEY| {
            key.verify_rrsig(self.owner, DNSClass::IN, signature, self.records.iter()).is_ok()
        };
        if named.iter().take(MAX_KEYS).any(holds) {
            return Ok(());
        }
        if named.len() > MAX_KEYS || !named.iter().all(|key| is_usable(key)) {
            return Err(unclear("with a key that is not understood here"));
        }
        Err(Fault::Flaw(Flaw::Mismatch))
    }
}

/// Whether a signature counts now. Times are seconds since 1970 modulo 2^32 (RFC 4034, section 3.1.5).
fn time(begins: u32, ends: u32, now: u32) -> Time {
    let skew = i64::from((ends.wrapping_sub(begins) / 10).clamp(SKEW.0, SKEW.1));
    let since = |time: u32| i64::from(now.wrapping_sub(time).cast_signed());
    if since(ends) > skew {
        return Time::Over(
            Timestamp::from_second(i64::from(now) - since(ends)).unwrap_or(Timestamp::UNIX_EPOCH),
        );
    }
    if -since(begins) > skew { Time::ToCome } else { Time::Now }
}

/// The algorithms that are judged here. A zone that is signed with SHA-1 alone counts as unsigned
/// (<https://www.rfc-editor.org/rfc/rfc9905#section-2>).
pub fn is_supported(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::RSASHA256
            | Algorithm::RSASHA512
            | Algorithm::ECDSAP256SHA256
            | Algorithm::ECDSAP384SHA384
            | Algorithm::ED25519
    )
}

/// Whether a DS record names a key in a way that is judged here; a digest by SHA-1 is left aside too.
pub fn is_understood(ds: &DS) -> bool {
    is_supported(ds.algorithm()) && matches!(ds.digest_type(), DigestType::SHA256 | DigestType::SHA384)
}

/// Whether a DS record names a key.
pub fn names(ds: &DS, zone: &Name, key: &DNSKEY) -> bool {
    ds.algorithm() == Verifier::algorithm(key)
        && key.calculate_key_tag().is_ok_and(|tag| tag == ds.key_tag())
        && ds.covers(zone, key).unwrap_or(false)
}

/// Whether a signature by a key can be checked at all: RSA of 1024 to 8192 bits with an exponent of 33 bits at most, which
/// is what aws-lc takes; the points of a curve by their length.
fn is_usable(key: &DNSKEY) -> bool {
    let Ok(public) = key.key() else { return false };
    let bytes = public.public_bytes();
    match Verifier::algorithm(key) {
        Algorithm::RSASHA256 | Algorithm::RSASHA512 => match bytes.split_first() {
            // https://www.rfc-editor.org/rfc/rfc3110#section-2
            Some((&length @ 1..=5, rest)) => {
                let modulus = rest.get(usize::from(length)..).unwrap_or_default();
                modulus.first().is_some_and(|first| *first != 0) && (128..=1_024).contains(&modulus.len())
            }
            _ => false,
        },
        _ => true,
    }
}
