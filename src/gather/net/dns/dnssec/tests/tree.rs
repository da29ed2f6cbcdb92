//! A root, `com` and `example.com`, signed with keys of this test, to be broken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::sig::SigInput;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_proto::dnssec::{Algorithm, DigestType, SigningKey, TBS};
use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};

use super::super::anchors::Anchor;
use super::super::chain::{Answers, Chain, Doubt};
use crate::gather::net::dns::raw::keep_raw;

/// The time of all tests, in seconds since 1970.
pub const NOW: u32 = 1_800_000_000;
pub const DAY: u32 = 86_400;

/// A key pair with what is published of it.
pub struct Key {
    pub public: DNSKEY,
    secret: Box<dyn SigningKey>,
}

impl Key {
    pub fn new(secret: impl SigningKey) -> Key {
        let public = DNSKEY::with_flags(257, secret.to_public_key().unwrap());
        Key { public, secret: Box::new(secret) }
    }

    pub fn p256() -> Key {
        let algorithm = Algorithm::ECDSAP256SHA256;
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(algorithm).unwrap();
        Key::new(EcdsaSigningKey::from_pkcs8(&pkcs8, algorithm).unwrap())
    }

    pub fn ds(&self, zone: &Name, digest: DigestType) -> DS {
        let algorithm = hickory_proto::dnssec::Verifier::algorithm(&self.public);
        let bytes = self.public.to_digest(zone, digest).unwrap().as_ref().to_vec();
        DS::new(self.public.calculate_key_tag().unwrap(), algorithm, digest, bytes)
    }

    /// The signature of some records, good from ten days ago to in twenty days, after a change.
    pub fn sign(&self, zone: &Name, records: &[Record], change: impl Fn(&mut SigInput)) -> Record {
        let first = &records[0];
        let mut input = SigInput {
            type_covered: first.record_type(),
            algorithm: self.secret.algorithm(),
            num_labels: first.name.num_labels(),
            original_ttl: 300,
            sig_expiration: SerialNumber::new(NOW + 20 * DAY),
            sig_inception: SerialNumber::new(NOW - 10 * DAY),
            key_tag: self.public.calculate_key_tag().unwrap(),
            signer_name: zone.clone(),
        };
        change(&mut input);
        let tbs = TBS::from_input(&first.name, DNSClass::IN, &input, records.iter()).unwrap();
        let signature = RRSIG::from_sig(input, self.secret.sign(&tbs).unwrap());
        Record::from_rdata(first.name.clone(), 300, RData::DNSSEC(DNSSECRData::RRSIG(signature)))
    }
}

pub fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

pub fn a(owner: &str, last: u8) -> Record {
    Record::from_rdata(name(owner), 300, RData::A(std::net::Ipv4Addr::new(192, 0, 2, last).into()))
}

pub fn dnskey(owner: &Name, key: &DNSKEY) -> Record {
    Record::from_rdata(owner.clone(), 300, RData::DNSSEC(DNSSECRData::DNSKEY(key.clone())))
}

pub fn ds(owner: &Name, ds: DS) -> Record {
    Record::from_rdata(owner.clone(), 300, RData::DNSSEC(DNSSECRData::DS(ds)))
}

/// What is answered to whom asks.
pub struct Tree {
    pub answers: HashMap<(Name, RecordType), Vec<Record>>,
    pub keys: HashMap<Name, Key>,
    pub anchors: Vec<Anchor>,
    /// Nothing is answered to these.
    pub silent: Vec<(Name, RecordType)>,
}

impl Tree {
    pub fn new() -> Tree {
        let zones = [".", "com", "example.com"].map(name);
        let keys = zones.iter().map(|zone| (zone.clone(), Key::p256())).collect();
        let mut tree = Tree { answers: HashMap::new(), keys, anchors: vec![], silent: vec![] };
        tree.anchors = vec![Anchor::Key(tree.key(".").public.clone())];
        for zone in zones {
            let public = dnskey(&zone, &tree.keys[&zone].public);
            tree.put(&zone, vec![public]);
            if !zone.is_root() {
                tree.vouch(&zone);
            }
        }
        tree.put(&name("example.com"), vec![a("www.example.com", 1), a("www.example.com", 2)]);
        tree
    }

    pub fn key(&self, zone: &str) -> &Key {
        &self.keys[&name(zone)]
    }

    /// The DS record of a zone in the zone above.
    pub fn vouch(&mut self, zone: &Name) {
        let record = ds(zone, self.keys[zone].ds(zone, DigestType::SHA256));
        self.put(&zone.base_name(), vec![record]);
    }

    /// Records of a zone, signed rightly.
    pub fn put(&mut self, zone: &Name, records: Vec<Record>) {
        self.put_signed(zone, records, |_| ());
    }

    /// Records of a zone, signed otherwise.
    pub fn put_signed(&mut self, zone: &Name, mut records: Vec<Record>, change: impl Fn(&mut SigInput)) {
        let signature = self.keys[zone].sign(zone, &records, change);
        let at = (records[0].name.clone(), records[0].record_type());
        records.push(signature);
        self.answers.insert(at, records);
    }

    /// Records as they are, in the place of what was there.
    pub fn put_bare(&mut self, records: Vec<Record>) {
        self.answers.insert((records[0].name.clone(), records[0].record_type()), records);
    }

    pub fn at(&mut self, owner: &str, kind: RecordType) -> &mut Vec<Record> {
        self.answers.get_mut(&(name(owner), kind)).unwrap()
    }

    /// What the chain says of `A of www.example.com`.
    pub fn holds(self) -> Result<(), Doubt> {
        self.holds_for("www.example.com", RecordType::A).0
    }

    /// What the chain says of some records, and what it asked.
    pub fn holds_for(mut self, owner: &str, kind: RecordType) -> (Result<(), Doubt>, Vec<String>) {
        let anchors = std::mem::take(&mut self.anchors).into();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let chain = Chain::new(Asked { tree: self, asked: asked.clone() }, anchors, NOW);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let said = runtime.block_on(chain.holds(&name(owner), kind));
        let asked = asked.lock().unwrap().clone();
        (said, asked)
    }
}

struct Asked {
    tree: Tree,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answers for Asked {
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, String> {
        self.asked.lock().unwrap().push(format!("{kind} {name}"));
        let at = (name.clone(), kind);
        if self.tree.silent.contains(&at) {
            return Err(format!("no answer to {kind} of {name}"));
        }
        let mut message = Message::query();
        let alias = (name.clone(), RecordType::CNAME);
        let records = self.tree.answers.get(&at).or_else(|| self.tree.answers.get(&alias));
        message.insert_answers(records.cloned().unwrap_or_default());
        // As it comes from the wire.
        let mut bytes = message.to_vec().unwrap();
        keep_raw(&mut bytes);
        Ok(Arc::new(Message::from_vec(&bytes).unwrap()))
    }

    async fn zone(&self, name: &Name) -> Option<Name> {
        let mut zones: Vec<&Name> = self.tree.keys.keys().filter(|zone| zone.zone_of(name)).collect();
        zones.sort_by_key(|zone| zone.num_labels());
        zones.last().map(|zone| (*zone).clone())
    }
}
