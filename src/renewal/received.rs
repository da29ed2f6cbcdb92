//! A certificate that has just come, looked at before it is put live.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

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
    let ders = x509::certificates(fullchain.as_bytes())?;
    let parsed = ders.iter().map(|der| x509::parse(der)).collect::<Result<Vec<_>, _>>()?;
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
    let unknown_root = leads_to(&chain, expected.roots).err().map(|error| error.to_string());
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
fn is_of_tests(cert: &Cert) -> bool {
    [Some(&cert.issuer), cert.issuer_org.as_ref()]
        .into_iter()
        .flatten()
        .any(|name| name.contains("(STAGING)"))
}
