//! A certificate that has just come, looked at before it is put live.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};

use crate::acme::leads_to;
use crate::facts::{Cert, SignatureState};
use crate::gather::x509;

/// The longest chain that is taken, in bytes of PEM.
const MAX_CHAIN: usize = 256 << 10;

/// How far the CA's clock may be ahead of this one.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// What is expected.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The identifiers of the order.
    pub identifiers: &'a [String],
    /// SHA-256 of the key's SubjectPublicKeyInfo, lower-case hex.
    pub spki_sha256: &'a str,
    /// The roots that are known here.
    pub roots: &'a RootCertStore,
    /// The CA is one that everybody trusts, and its tests' roots must not get live.
    pub public: bool,
    /// The time.
    pub now: Timestamp,
}

/// A certificate that may be put live.
#[derive(Clone, Debug)]
pub struct Received {
    /// What it says.
    pub cert: Cert,
    /// Why its root is not known here, where it is an internal CA's.
    pub unknown_root: Option<String>,
}

/// Reads and checks it.
///
/// # Errors
/// Why it must not be put live.
pub fn check(fullchain: &str, expected: &Expected<'_>) -> Result<Received, String> {
    if fullchain.len() > MAX_CHAIN {
        return Err(format!("the CA sent a chain of {} bytes: none is that long", fullchain.len()));
    }
    let unread = |why: String| format!("what the CA sent as certificate cannot be read: {why}");
    let ders = x509::certificates(fullchain.as_bytes()).map_err(unread)?;
    let parsed = ders.iter().map(|der| x509::parse(der)).collect::<Result<Vec<_>, _>>().map_err(unread)?;
    let [leaf, issuers @ ..] = parsed.as_slice() else {
        return Err("the CA sent no certificate".into());
    };
    let cert = x509::cert(leaf);
    if cert.spki_sha256 != expected.spki_sha256 {
        return Err("the certificate that the CA sent is for another key".into());
    }
    names(&cert, expected.identifiers)?;
    times(&cert, expected.now)?;
    if expected.public && is_of_tests(&cert) {
        return Err(format!("`{}` issued it, which is for tests and trusted by nobody", cert.issuer));
    }
    if issuers.is_empty() {
        return Err("the CA sent the certificate without its issuer's, and no client could verify it".into());
    }
    for (below, above) in parsed.iter().zip(issuers) {
        if let SignatureState::Invalid(why) = x509::signed_by(below, above) {
            return Err(format!("the chain is broken: {why}"));
        }
    }
    let chain: Vec<CertificateDer<'_>> =
        ders.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    // Where the CA's clock is ahead, as far as it may be, the chain is looked at by that clock.
    let at = u64::try_from(expected.now.max(cert.not_before).as_second()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
    let unknown_root = leads_to(&chain, expected.roots, at).err().map(|error| error.to_string());
    if let (true, Some(why)) = (expected.public, &unknown_root) {
        return Err(format!("its chain leads to no root that this host knows: {why}"));
    }
    Ok(Received { cert, unknown_root })
}

fn names(cert: &Cert, wanted: &[String]) -> Result<(), String> {
    let set = |names: &[String]| -> BTreeSet<String> {
        names
            .iter()
            .map(|name| {
                name.parse::<std::net::IpAddr>()
                    .map_or_else(|_| name.to_ascii_lowercase(), |ip| ip.to_string())
            })
            .collect()
    };
    let (has, wanted) = (set(&cert.names), set(wanted));
    if let Some(name) = wanted.difference(&has).next() {
        return Err(format!("the certificate that the CA sent lacks {name}"));
    }
    match has.difference(&wanted).next() {
        Some(name) => Err(format!("the certificate that the CA sent has {name}, which was not ordered")),
        None => Ok(()),
    }
}

fn times(cert: &Cert, now: Timestamp) -> Result<(), String> {
    if cert.not_after <= now {
        return Err(format!("the certificate that the CA sent expired on {}", cert.not_after));
    }
    match now.checked_add(SKEW) {
        Ok(soon) if cert.not_before > soon => Err(format!(
            "the certificate that the CA sent begins on {}: one of the two clocks is wrong",
            cert.not_before
        )),
        _ => Ok(()),
    }
}

/// Let's Encrypt marks everything that its staging issues. <https://letsencrypt.org/docs/staging-environment/#intermediate-and-root-certificates>
pub(super) fn is_of_tests(cert: &Cert) -> bool {
    [Some(&cert.issuer), cert.issuer_org.as_ref()]
        .into_iter()
        .flatten()
        .any(|name| name.contains("(STAGING)"))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;
    use rcgen::{
        BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData,
    };
    use time::OffsetDateTime;

    use super::*;

    /// A CA and a leaf of it, as far as a test does not make them otherwise.
    struct Ca {
        issuer: Issuer<'static, KeyPair>,
        cert: Certificate,
    }

    fn authority(name: &str) -> Ca {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let cert = params.self_signed(&key).unwrap();
        Ca { issuer: Issuer::new(params, key), cert }
    }

    /// Valid from and until so many minutes from now.
    fn leaf(ca: &Ca, key: &KeyPair, names: &[&str], minutes: (i64, i64)) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let now = OffsetDateTime::now_utc();
        params.not_before = now + time::Duration::minutes(minutes.0);
        params.not_after = now + time::Duration::minutes(minutes.1);
        params.signed_by(key, &ca.issuer).unwrap().pem()
    }

    fn roots(all: &[&Ca]) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        all.iter().for_each(|ca| roots.add(ca.cert.der().clone()).unwrap());
        roots
    }

    /// What is said of a chain that is to be for a.test and www.a.test.
    fn said(chain: &str, key: &KeyPair, roots: &RootCertStore, public: bool) -> Result<Received, String> {
        let spki = digest::digest(&digest::SHA256, &key.subject_public_key_info());
        let spki = data_encoding::HEXLOWER.encode(spki.as_ref());
        let identifiers = ["a.test".to_owned(), "www.a.test".to_owned()];
        let now = Timestamp::now();
        check(chain, &Expected { identifiers: &identifiers, spki_sha256: &spki, roots, public, now })
    }

    const NAMES: [&str; 2] = ["a.test", "www.a.test"];

    #[track_caller]
    fn refused(said: Result<Received, String>, words: &str) {
        let why = said.unwrap_err();
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn what_was_ordered_is_taken() {
        let (ca, key) = (authority("root"), KeyPair::generate().unwrap());
        let issuer = ca.cert.pem();
        let roots = roots(&[&ca]);
        // Order and case of names do not matter.
        for names in [NAMES, ["WWW.a.test", "A.test"]] {
            let chain = leaf(&ca, &key, &names, (0, 90)) + &issuer;
            for public in [true, false] {
                assert_eq!(said(&chain, &key, &roots, public).unwrap().unknown_root, None);
            }
        }
        // A clock that is a little behind the CA's.
        let ahead = leaf(&ca, &key, &NAMES, (50, 90)) + &issuer;
        assert!(said(&ahead, &key, &roots, true).is_ok());
    }

    #[test]
    fn another_key_and_other_names_are_refused() {
        let (ca, key) = (authority("root"), KeyPair::generate().unwrap());
        let other = KeyPair::generate().unwrap();
        let (issuer, roots) = (ca.cert.pem(), roots(&[&ca]));
        let of = |key: &KeyPair, names: &[&str]| leaf(&ca, key, names, (0, 90)) + &issuer;
        refused(said(&of(&other, &NAMES), &key, &roots, true), "for another key");
        refused(said(&of(&key, &["a.test"]), &key, &roots, true), "lacks www.a.test");
        refused(said(&of(&key, &[]), &key, &roots, true), "lacks a.test");
        let more = ["a.test", "www.a.test", "evil.test"];
        refused(said(&of(&key, &more), &key, &roots, true), "has evil.test, which was not ordered");
    }

    #[test]
    fn what_is_not_valid_now_is_refused() {
        let (ca, key) = (authority("root"), KeyPair::generate().unwrap());
        let (issuer, roots) = (ca.cert.pem(), roots(&[&ca]));
        let of = |minutes| leaf(&ca, &key, &NAMES, minutes) + &issuer;
        refused(said(&of((-90, -1)), &key, &roots, false), "expired on");
        refused(said(&of((61, 90)), &key, &roots, false), "one of the two clocks is wrong");
    }

    #[test]
    fn a_chain_that_no_client_could_follow_is_refused() {
        let (ca, key) = (authority("root"), KeyPair::generate().unwrap());
        let (roots, alone) = (roots(&[&ca]), leaf(&ca, &key, &NAMES, (0, 90)));
        refused(said(&alone, &key, &roots, false), "without its issuer's");
        // The same name, another key.
        let namesake = authority("root");
        refused(said(&(alone.clone() + &namesake.cert.pem()), &key, &roots, false), "the chain is broken");
        let stranger = authority("stranger");
        refused(said(&(alone.clone() + &stranger.cert.pem()), &key, &roots, false), "the chain is broken");
        // In the wrong order the first is the issuer's.
        refused(said(&(ca.cert.pem() + &alone), &key, &roots, false), "for another key");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let (ca, key) = (authority("root"), KeyPair::generate().unwrap());
        let roots = roots(&[&ca]);
        for text in ["", "<!doctype html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            assert!(said(text, &key, &roots, false).is_err(), "{text}");
        }
        let good = leaf(&ca, &key, &NAMES, (0, 90));
        let long = good.clone() + &ca.cert.pem().repeat((10 << 20) / ca.cert.pem().len());
        refused(said(&long, &key, &roots, false), "none is that long");
        let cut = good + &ca.cert.pem()[..200];
        assert!(said(&cut, &key, &roots, false).is_err());
    }

    #[test]
    fn roots_of_tests_and_unknown_ones_are_for_internal_cas_alone() {
        let (ca, key) = (authority("(STAGING) Pretend Pear X1"), KeyPair::generate().unwrap());
        let chain = leaf(&ca, &key, &NAMES, (0, 90)) + &ca.cert.pem();
        refused(said(&chain, &key, &roots(&[&ca]), true), "for tests and trusted by nobody");
        assert!(said(&chain, &key, &roots(&[&ca]), false).is_ok());

        let ca = authority("our own");
        let chain = leaf(&ca, &key, &NAMES, (0, 90)) + &ca.cert.pem();
        let none = RootCertStore::empty();
        refused(said(&chain, &key, &none, true), "no root that this host knows");
        assert!(said(&chain, &key, &none, false).unwrap().unknown_root.is_some());
    }
}
