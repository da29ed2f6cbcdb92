//! Our walk beside two real CAs: each behaviour is shown to the walk, to Pebble and to Caddy's `acme_server`.
//!
//! What Let's Encrypt says is in the tables of [`crate::http01`], with the reason wherever one of the two is not like
//! it. So the tables tell where a rehearsal against a test CA proves less than the walk.

mod order;
mod world;

use std::sync::Arc;
use std::time::Duration;

use acme_audit::facts::net::Fault;
use acme_audit::gather::net::dns::{Resolver, Servers};
use acme_audit::gather::net::http01::{Ask, Options, random_token, walk};
use instant_acme::Identifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::http01::server::Server;
use crate::http01::{Case, Peer, cases};
use crate::lab::lab;
use order::{Answer, Ca};

/// The CAs that are asked, with one account each for the same key.
struct Peers {
    pebble: Ca,
    caddy: Ca,
    /// Of the key.
    thumbprint: String,
    resolver: Resolver,
}

#[test]
fn the_walk_and_real_cas_agree_but_for_stated_reasons() {
    let Some(namespaces) = world::start() else { return };
    world::settle(&namespaces, numbered().map(|(number, _)| number));
    let root = lab().expect("the lab").ca().join("ca.pem");
    let root = CertificateDer::from_pem_file(root).expect("a certificate");
    let wrong = namespaces.thread(move || {
        Runtime::new().expect("a runtime").block_on(async {
            let peers = Arc::new(Peers::open(root).await);
            let mut running = JoinSet::new();
            for (number, case) in numbered() {
                running.spawn(show(peers.clone(), number, case));
            }
            running.join_all().await.concat()
        })
    });
    let wrong = wrong.join().expect("all behaviours are shown");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reason_is_stated_only_where_it_is_needed() {
    assert!(cases().count() < 255, "each has a number of one byte");
    for case in cases() {
        for peer in [case.pebble, case.caddy] {
            let as_the_rule = match peer {
                Peer::Agrees | Peer::NotAsked(_) => false,
                Peer::Yes(_) => case.rule.is_empty(),
                Peer::No(_) => !case.rule.is_empty(),
            };
            assert!(!as_the_rule, "{}: {peer:?} is what the rule says", case.name);
        }
    }
}

fn numbered() -> impl Iterator<Item = (u8, &'static Case)> {
    (1..u8::MAX).zip(cases())
}

/// Shows a behaviour to all, and tells who says what is not in the table.
async fn show(peers: Arc<Peers>, number: u8, case: &'static Case) -> Vec<String> {
    let (place, zone) = (world::place(number), world::zone(number));
    let _server = Server::start(place, &peers.thumbprint, case.listen, case.script).await;
    let identifier = case.identifier(&zone, place);
    let (walk, pebble, caddy) = tokio::join!(
        peers.walk(case, &identifier, &zone, place.other),
        asked(&peers.pebble, "Pebble", case, case.pebble, &identifier),
        asked(&peers.caddy, "Caddy", case, case.caddy, &identifier),
    );
    [walk, pebble, caddy].into_iter().flatten().map(|what| format!("{}: {what}", case.name)).collect()
}

/// What is wrong with the answer of a CA.
async fn asked(ca: &Ca, who: &str, case: &Case, peer: Peer, identifier: &str) -> Option<String> {
    let (yes, why) = match peer {
        Peer::Agrees => (case.rule.is_empty(), "as Let's Encrypt"),
        Peer::Yes(why) => (true, why),
        Peer::No(why) => (false, why),
        Peer::NotAsked(_) => return None,
    };
    let identifier = match identifier.parse() {
        Ok(address) => Identifier::Ip(address),
        Err(_) => Identifier::Dns(identifier.to_owned()),
    };
    let answer = match ca.validate(identifier).await {
        Ok(answer) => answer,
        Err(error) => return Some(format!("{who} cannot be asked: {error}")),
    };
    let fits = match &answer {
        Answer::Valid => yes,
        Answer::Invalid(..) => !yes && who == "Pebble",
        // After a no the authorization stays pending for ever.
        Answer::Pending(..) => !yes && who == "Caddy",
    };
    (!fits)
        .then(|| format!("{who} says {answer:?}, and should say {} ({why})", if yes { "yes" } else { "no" }))
}

impl Peers {
    async fn open(root: CertificateDer<'static>) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let account = |directory| Ca::open(directory, root.clone(), &key);
        let (pebble, caddy) = tokio::join!(account(world::PEBBLE), account(world::CADDY));
        let dns = world::DNS.parse().expect("an address");
        Self {
            pebble: pebble.expect("an account at Pebble"),
            caddy: caddy.expect("an account at Caddy"),
            thumbprint: order::thumbprint(&key),
            resolver: Resolver::new(vec![dns], Arc::new(Servers::default())),
        }
    }

    /// What is wrong with the end of the walk.
    async fn walk(&self, case: &Case, identifier: &str, zone: &str, other: u16) -> Option<String> {
        // Where neither CA is asked, the world has not what the behaviour needs.
        if let (Peer::NotAsked(_), Peer::NotAsked(_)) = (case.pebble, case.caddy) {
            return None;
        }
        let token = random_token().expect("a token");
        let expected = format!("{token}.{}", self.thumbprint);
        let options = Options {
            dial_timeout: Duration::from_secs(5),
            tls_timeout: Duration::from_secs(5),
            // Less than Pebble takes for the same.
            total: Duration::from_secs(12),
            ..Options::default()
        };
        let ask = Ask { identifier, token: &token, expected: Some(&expected), options: &options };
        let walk = walk(&ask, &self.resolver).await;
        let said = walk.fault.as_ref().map(Fault::to_string).unwrap_or_default();
        let fits = case.says(&said, &walk.url, zone, other);
        (!fits).then(|| format!("the walk says {said:?}, and should say {:?}: {:#?}", case.rule, walk.hops))
    }
}
