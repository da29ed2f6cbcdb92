//! Chains of keys, whole and broken.

mod tree;

use aws_lc_rs::encoding::AsDer;
use hickory_proto::dnssec::crypto::{EcdsaSigningKey, Ed25519SigningKey, RsaSigningKey};
use hickory_proto::dnssec::rdata::{DNSKEY, DS};
use hickory_proto::dnssec::{Algorithm, DigestType, PublicKeyBuf};
use hickory_proto::rr::rdata::{CAA, CNAME, NULL};
use hickory_proto::rr::{Name, RData, Record, RecordType, SerialNumber};
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::chain::{BadSet, Doubt};
use super::verdict;
use crate::facts::net::{Flaw, Signatures};
use tree::{DAY, Key, NOW, Tree, a, dnskey, ds, name};

fn example() -> Name {
    name("example.com")
}

fn bogus(records: &str, zone: &str, flaw: Flaw) -> Result<(), Doubt> {
    Err(Doubt::Bogus(Box::new(BadSet { records: records.into(), zone: name(zone), flaw })))
}

fn expired(seconds: u32) -> Flaw {
    Flaw::Expired(jiff::Timestamp::from_second(i64::from(seconds)).unwrap())
}

#[track_caller]
fn unclear(said: Result<(), Doubt>, why: &str) {
    assert!(matches!(&said, Err(Doubt::Unclear(said)) if said.contains(why)), "{said:?}");
}

#[test]
fn what_is_signed_rightly_holds_by_every_algorithm() {
    assert_eq!(Tree::new().holds(), Ok(()));
    let p384 = EcdsaSigningKey::generate_pkcs8(Algorithm::ECDSAP384SHA384).unwrap();
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let rsa: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let rsa = PrivatePkcs8KeyDer::from(rsa.as_ref().to_vec());
    for key in [
        Key::new(EcdsaSigningKey::from_pkcs8(&p384, Algorithm::ECDSAP384SHA384).unwrap()),
        Key::new(Ed25519SigningKey::from_pkcs8(&Ed25519SigningKey::generate_pkcs8().unwrap()).unwrap()),
        Key::new(RsaSigningKey::from_pkcs8(&rsa, Algorithm::RSASHA256).unwrap()),
        Key::new(RsaSigningKey::from_pkcs8(&rsa, Algorithm::RSASHA512).unwrap()),
    ] {
        let mut tree = Tree::new();
        tree.keys.insert(example(), key);
        tree.vouch(&example());
        let public = dnskey(&example(), &tree.key("example.com").public);
        tree.put(&example(), vec![public]);
        tree.put(&example(), vec![a("www.example.com", 1)]);
        assert_eq!(tree.holds(), Ok(()));
    }
}

#[test]
fn sets_hold_whatever_their_order_ttls_and_repetitions_are() {
    let mut tree = Tree::new();
    let set = tree.at("www.example.com", RecordType::A);
    set.reverse();
    set[1].ttl = 17;
    set.push(a("www.example.com", 1));
    assert_eq!(tree.holds(), Ok(()));

    let mut tree = Tree::new();
    let caa = |tag: &str, value: &str| {
        let mut caa = CAA::new_issue(false, None, vec![]);
        (caa.tag, caa.value) = (tag.into(), value.into());
        Record::from_rdata(example(), 300, RData::CAA(caa))
    };
    // In the canonical order the shorter tag is first; letters of a tag keep their case.
    let odd = NULL::with(b"\x00\x0aissue-wild;".to_vec());
    let odd = Record::from_rdata(example(), 300, RData::Unknown { code: RecordType::CAA, rdata: odd });
    let set = vec![caa("issuevmc", "a.example"), caa("ISSUE", "a.example"), caa("issuemail", ";"), odd];
    tree.put(&example(), set);
    tree.at("example.com", RecordType::CAA).reverse();
    assert_eq!(tree.holds_for("example.com", RecordType::CAA).0, Ok(()));
}

#[test]
fn wildcards_and_aliases_hold() {
    let mut tree = Tree::new();
    let wild = vec![a("*.example.com", 1)];
    let signature = tree.key("example.com").sign(&example(), &wild, |_| ());
    let mut expanded = vec![a("any.example.com", 1), signature];
    expanded.iter_mut().for_each(|record| record.name = name("any.example.com"));
    tree.put_bare(expanded);
    assert_eq!(tree.holds_for("any.example.com", RecordType::A).0, Ok(()));

    let mut tree = Tree::new();
    let alias =
        |owner: &str| Record::from_rdata(name(owner), 300, RData::CNAME(CNAME(name("Other.Example.NET"))));
    tree.put(&example(), vec![alias("alias.example.com")]);
    assert_eq!(tree.holds_for("alias.example.com", RecordType::A).0, Ok(()));

    // Made from a DNAME record, and otherwise without a signature.
    let unsigned = Flaw::Unsigned;
    let mut tree = Tree::new();
    tree.put_bare(vec![alias("a.b.example.com")]);
    let said = tree.holds_for("a.b.example.com", RecordType::A).0;
    assert_eq!(said, bogus("CNAME of a.b.example.com", "example.com", unsigned));
    let mut tree = Tree::new();
    let data = NULL::with(b"\x05other\x03com\x00".to_vec());
    let dname = RData::Unknown { code: RecordType::DNAME, rdata: data };
    tree.put_bare(vec![alias("a.b.example.com"), Record::from_rdata(name("b.example.com"), 300, dname)]);
    assert_eq!(tree.holds_for("a.b.example.com", RecordType::A).0, Ok(()));
}

#[test]
fn signatures_end_and_begin_as_unbound_counts_it() {
    let until = |seconds: u32| {
        let mut tree = Tree::new();
        tree.put_signed(&example(), vec![a("www.example.com", 1)], |input| {
            input.sig_inception = SerialNumber::new(NOW - 40 * DAY);
            input.sig_expiration = SerialNumber::new(seconds);
        });
        tree.holds()
    };
    assert_eq!(until(NOW - DAY / 2), Ok(()), "a tenth of its time is forgiven, up to a day");
    let ended = NOW - 20 * DAY;
    assert_eq!(until(ended), bogus("A of www.example.com", "example.com", expired(ended)));

    let from = |seconds: u32| {
        let mut tree = Tree::new();
        tree.put_signed(&example(), vec![a("www.example.com", 1)], |input| {
            input.sig_inception = SerialNumber::new(seconds);
        });
        tree.holds()
    };
    assert_eq!(from(NOW + DAY / 2), Ok(()));
    unclear(from(NOW + 3 * DAY), "for a time to come: this host's clock or the signer's is wrong");
}

#[test]
fn a_clock_that_may_be_ahead_does_not_end_signatures() {
    // All good signatures are ten days old, and these ended five days ago.
    let ended = NOW - 5 * DAY;
    let mut tree = Tree::new();
    tree.put_signed(&example(), vec![a("www.example.com", 1)], |input| {
        input.sig_expiration = SerialNumber::new(ended);
    });
    unclear(tree.holds(), "by this host's clock, which may be ahead");

    // The zone above signed something today, or after the end.
    for made in [NOW - DAY, ended + DAY] {
        let mut tree = Tree::new();
        let record = ds(&example(), tree.key("example.com").ds(&example(), DigestType::SHA256));
        tree.put_signed(&name("com"), vec![record], |input| input.sig_inception = SerialNumber::new(made));
        tree.put_signed(&example(), vec![a("www.example.com", 1)], |input| {
            input.sig_expiration = SerialNumber::new(ended);
        });
        assert_eq!(tree.holds(), bogus("A of www.example.com", "example.com", expired(ended)));
    }
}

#[test]
fn one_good_signature_is_enough() {
    let mut tree = Tree::new();
    let records = vec![a("www.example.com", 1)];
    tree.put(&example(), records.clone());
    let old = tree.key("example.com").sign(&example(), &records, |input| {
        input.sig_expiration = SerialNumber::new(NOW - 5 * DAY);
    });
    tree.at("www.example.com", RecordType::A).insert(0, old);
    assert_eq!(tree.holds(), Ok(()));
}

#[test]
fn signatures_that_do_not_hold_are_bogus() {
    let a_set = "A of www.example.com";
    let mut changed = Tree::new();
    changed.at("www.example.com", RecordType::A)[0] = a("www.example.com", 99);
    assert_eq!(changed.holds(), bogus(a_set, "example.com", Flaw::Mismatch));

    let mut unsigned = Tree::new();
    unsigned.at("www.example.com", RecordType::A).pop();
    assert_eq!(unsigned.holds(), bogus(a_set, "example.com", Flaw::Unsigned));

    let mut other_key = Tree::new();
    let key = Key::p256();
    let tag = key.public.calculate_key_tag().unwrap();
    let records = vec![a("www.example.com", 1)];
    let signature = key.sign(&example(), &records, |_| ());
    other_key.put_bare([records, vec![signature]].concat());
    assert_eq!(other_key.holds(), bogus(a_set, "example.com", Flaw::UnknownKey(tag)));

    let mut other_ds = Tree::new();
    let wrong = ds(&example(), Key::p256().ds(&example(), DigestType::SHA256));
    other_ds.put(&name("com"), vec![wrong]);
    assert_eq!(other_ds.holds(), bogus("DNSKEY of example.com", "example.com", Flaw::NoKeyForDs));

    let mut no_keys = Tree::new();
    no_keys.answers.remove(&(example(), RecordType::DNSKEY));
    assert_eq!(no_keys.holds(), bogus("DNSKEY of example.com", "example.com", Flaw::NoKeys));

    let mut old_keys = Tree::new();
    let public = dnskey(&example(), &old_keys.key("example.com").public);
    let ended = NOW - 30 * DAY;
    old_keys.put_signed(&example(), vec![public], |input| {
        input.sig_inception = SerialNumber::new(NOW - 60 * DAY);
        input.sig_expiration = SerialNumber::new(ended);
    });
    assert_eq!(old_keys.holds(), bogus("DNSKEY of example.com", "example.com", expired(ended)));
}

#[test]
fn a_fault_of_the_domain_above_is_its_own_and_one_of_a_registry_is_not_told() {
    let child = name("sub.example.com");
    let mut tree = Tree::new();
    tree.keys.insert(child.clone(), Key::p256());
    tree.vouch(&child);
    let public = dnskey(&child, &tree.keys[&child].public);
    tree.put(&child, vec![public]);
    tree.put(&child, vec![a("www.sub.example.com", 1)]);
    tree.at("sub.example.com", RecordType::DS).pop();
    let said = tree.holds_for("www.sub.example.com", RecordType::A).0;
    assert_eq!(said, bogus("DS of sub.example.com", "example.com", Flaw::Unsigned));

    let mut tree = Tree::new();
    let record = ds(&example(), tree.key("example.com").ds(&example(), DigestType::SHA256));
    tree.put_signed(&name("com"), vec![record], |input| {
        input.sig_inception = SerialNumber::new(NOW - 60 * DAY);
        input.sig_expiration = SerialNumber::new(NOW - 30 * DAY);
    });
    unclear(tree.holds(), "DS of example.com: the signatures ended at");
}

#[test]
fn a_zone_without_a_ds_record_costs_one_question() {
    let mut tree = Tree::new();
    tree.answers.remove(&(example(), RecordType::DS));
    let (said, asked) = tree.holds_for("www.example.com", RecordType::A);
    assert_eq!((said, asked), (Err(Doubt::Insecure), vec!["DNSKEY .".into(), "DS example.com.".into()]));

    // One inside a domain that is signed.
    let mut tree = Tree::new();
    tree.keys.insert(name("sub.example.com"), Key::p256());
    tree.put_bare(vec![a("www.sub.example.com", 1)]);
    assert_eq!(tree.holds_for("www.sub.example.com", RecordType::A).0, Err(Doubt::Insecure));

    // And one that is signed, in a domain above which is none.
    let mut tree = Tree::new();
    tree.answers.remove(&(name("com"), RecordType::DS));
    assert_eq!(tree.holds(), Err(Doubt::Insecure));
}

#[test]
fn algorithms_that_are_not_understood_are_never_bogus() {
    let unknown = |digest: u8, algorithm: u8| {
        ds(&example(), DS::new(1, Algorithm::from_u8(algorithm), DigestType::from(digest), vec![1; 32]))
    };
    // Ed448, GOST, and SHA-1 in either place.
    for (digest, algorithm) in [(2, 16), (3, 13), (1, 13), (2, 5), (2, 7)] {
        let mut tree = Tree::new();
        tree.put(&name("com"), vec![unknown(digest, algorithm)]);
        assert_eq!(tree.holds(), Err(Doubt::Insecure), "{digest} {algorithm}");
    }
    let mut tree = Tree::new();
    let wrong = ds(&example(), Key::p256().ds(&example(), DigestType::SHA256));
    tree.put(&name("com"), vec![unknown(2, 16), wrong]);
    unclear(tree.holds(), "of a kind that is not known here");

    let mut tree = Tree::new();
    tree.put_signed(&example(), vec![a("www.example.com", 1)], |input| {
        input.algorithm = Algorithm::from_u8(16)
    });
    unclear(tree.holds(), "by an algorithm that is not known here");
}

#[test]
fn a_key_that_cannot_be_used_here_is_never_bogus() {
    // RSA of 512 bits, and with an exponent of 64 bits.
    let short = [vec![3, 1, 0, 1], vec![0xc5; 64]].concat();
    let odd = [vec![8], vec![1; 8], vec![0xc5; 256]].concat();
    for bytes in [short, odd] {
        let mut tree = Tree::new();
        let rsa = DNSKEY::with_flags(256, PublicKeyBuf::new(bytes, Algorithm::RSASHA256));
        let tag = rsa.calculate_key_tag().unwrap();
        let keys = [&tree.key("example.com").public, &rsa].map(|key| dnskey(&example(), key));
        tree.put(&example(), keys.to_vec());
        tree.put_signed(&example(), vec![a("www.example.com", 1)], |input| {
            (input.algorithm, input.key_tag) = (Algorithm::RSASHA256, tag);
        });
        unclear(tree.holds(), "with a key that is not understood here");
    }
}

#[test]
fn a_resolver_that_strips_or_says_nothing_leaves_it_open() {
    let is_signature = |record: &Record| record.record_type() == RecordType::RRSIG;
    let mut stripped = Tree::new();
    stripped.answers.values_mut().for_each(|records| records.retain(|record| !is_signature(record)));
    unclear(stripped.holds(), "the resolver gives no signature with DNSKEY of .");

    let mut without = Tree::new();
    without.answers.retain(|(_, kind), _| *kind == RecordType::A);
    unclear(without.holds(), "the resolver leaves away the records of DNSSEC");

    for (at, kind) in
        [(".", RecordType::DNSKEY), ("example.com", RecordType::DS), ("example.com", RecordType::DNSKEY)]
    {
        let mut silent = Tree::new();
        silent.silent.push((name(at), kind));
        let said = silent.holds();
        assert!(matches!(said, Err(Doubt::Unanswered(_))), "{said:?}");
    }

    let mut other_root = Tree::new();
    other_root.anchors = vec![super::anchors::Anchor::Key(Key::p256().public)];
    unclear(other_root.holds(), "the root's keys are not those of the trust anchor");
}

#[test]
fn the_zone_s_own_server_has_the_last_word() {
    let set = |flaw| BadSet { records: "A of a.test".into(), zone: name("a.test"), flaw };
    let server = Some([192, 0, 2, 1].into());
    let said = |flaw, own| verdict(set(flaw), own, server, "192.0.2.53");
    let unanswered = || Err(Doubt::Unanswered("no answer".into()));

    let both = said(Flaw::Unsigned, Err(Doubt::Bogus(Box::new(set(Flaw::NoKeys)))));
    let Signatures::Bogus(bogus) = both else { panic!("{both:?}") };
    assert_eq!((bogus.flaw, bogus.server.as_deref()), (Flaw::NoKeys, Some("192.0.2.1")));

    // A view of its own, or an older state.
    assert_eq!(said(Flaw::Unsigned, Ok(())), Signatures::Secure);
    assert!(matches!(said(Flaw::NoKeyForDs, Ok(())), Signatures::Unknown(_)));
    assert_eq!(said(Flaw::NoKeyForDs, Err(Doubt::Insecure)), Signatures::Insecure);
    assert!(matches!(said(expired(NOW), Err(Doubt::Unclear("x".into()))), Signatures::Unknown(_)));

    // Out of reach: what only the zone can have done is told all the same.
    for flaw in [Flaw::NoKeyForDs, expired(NOW)] {
        let Signatures::Bogus(bogus) = said(flaw, unanswered()) else { panic!("not bogus") };
        assert_eq!(bogus.server, None);
    }
    for flaw in [Flaw::Unsigned, Flaw::NoKeys, Flaw::Mismatch, Flaw::UnknownKey(1)] {
        assert!(matches!(said(flaw, unanswered()), Signatures::Unknown(_)));
    }
}
