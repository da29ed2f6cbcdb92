//! Orders at real CAs: Pebble as Debian has it, a newer Pebble, Caddy; and at one that follows a script.
//!
//! The real ones live in namespaces of their own, with a name server that has one address for everything. The tests ask
//! from a thread in their network.

pub mod caddy;
mod certbots;
mod pace;
mod pebble;
mod renewals;
mod scripted;
mod waits;
mod web;
pub mod world;

use std::sync::Arc;
use std::time::Duration;

use acme_audit::acme::{
    Account, AccountKey, Answer, Client, Identified, Key, KeyType, NewAccount, Outcome, Refusal, Transport,
    Wanted,
};
use acme_audit::facts::Egress;
use acme_audit::facts::Problem;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// How long an order may take.
const WITHIN: Duration = Duration::from_secs(30);

/// The names of an order.
fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

/// An order for these names with a certificate at its end.
fn wanted(identifiers: &[String]) -> Wanted<'_> {
    Wanted {
        identifiers,
        profile: None,
        key: Key::ThrownAway(KeyType::P256),
        replaces: None,
        preferred_chain: None,
        must_staple: false,
        finalize: true,
        fresh: false,
        within: WITHIN,
    }
}

/// The server at a directory, trusted by the CA certificates of a file.
async fn client(directory: &str, bundle: &std::path::Path) -> Arc<Client> {
    Arc::new(Client::open(transport(bundle), directory).await.expect("a directory"))
}

/// The way to servers that the CA certificates of a file trust.
fn transport(bundle: &std::path::Path) -> Arc<Transport> {
    let mut roots = RootCertStore::empty();
    let all = CertificateDer::pem_file_iter(bundle).expect("a file of certificates");
    roots.add_parsable_certificates(all.map(|one| one.expect("a certificate")));
    Arc::new(Transport::new(roots, Egress::default()).expect("TLS"))
}

/// A key that no CA knows.
fn fresh_key() -> Arc<AccountKey> {
    let folder = tempfile::tempdir().expect("a folder");
    Arc::new(AccountKey::open_or_make(&folder.path().join("key")).expect("a key"))
}

/// A new account of a fresh key.
async fn account(client: &Arc<Client>) -> Account {
    Account::make(client.clone(), fresh_key(), &NewAccount::default()).await.expect("an account")
}

/// Publishes nothing.
async fn nowhere(_: Vec<Answer>) -> Result<(), String> {
    Ok(())
}

const ANEW: Identified = Identified::Validated { anew: true };
const REUSED: Identified = Identified::Validated { anew: false };

/// What the CA says of each name.
fn said(outcome: &Outcome) -> Vec<&Identified> {
    outcome.identifiers.iter().map(|(_, identified)| identified).collect()
}

/// The problem for which the order as a whole ended.
fn refused(outcome: &Outcome) -> &Problem {
    match &outcome.refused {
        Some((_, Refusal::Problem(problem))) => problem,
        other => panic!("no problem: {other:?}"),
    }
}
