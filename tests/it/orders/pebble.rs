//! Orders at Pebble.

use std::time::{Duration, Instant};

use acme_audit::acme::{
    Account, ExternalAccount, Identified, Key, KeyType, NewAccount, Refusal, Step, Wanted,
};
use serde_json::json;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use super::world::{PEBBLE, Pebble, bundle};
use super::{ANEW, REUSED, account, client, fresh_key, names, nowhere, refused, said, wanted};

/// The names of the first certificate, and the kind of its key with the size that it has in the certificate.
fn leaf(chain: &str) -> (Vec<String>, String) {
    let pem = Pem::iter_from_buffer(chain.as_bytes()).next().expect("a certificate").expect("PEM");
    let cert = pem.parse_x509().expect("X.509");
    let names = cert.subject_alternative_name().expect("names").expect("names");
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
        other => format!("{other:?}"),
    };
    let mut names: Vec<String> = names.value.general_names.iter().map(name).collect();
    names.sort();
    let key = cert.public_key();
    (names, format!("{} {}", key.algorithm.algorithm.to_id_string(), key.raw.len()))
}

#[test]
fn all_names_are_validated_and_a_certificate_comes_back() {
    for pebble in [Pebble::new(), Pebble::newer()] {
        let Some(world) = pebble.start() else { continue };
        world.run(|web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let account = account(&client).await;
            let all = names(&["b.test", "A.test"]);
            let mut keys = Vec::new();
            for key in [KeyType::P256, KeyType::P384, KeyType::Rsa2048].map(Key::ThrownAway) {
                let outcome = account.order(&Wanted { key, ..wanted(&all) }, &web.all()).await;
                assert_eq!((said(&outcome), &outcome.refused), (vec![&ANEW, &ANEW], &None), "{outcome:?}");
                let (names, key) = leaf(outcome.chain.as_deref().expect("a certificate"));
                assert_eq!(names, ["a.test", "b.test"]);
                keys.push(key);
            }
            assert_eq!(keys, ["1.2.840.10045.2.1 91", "1.2.840.10045.2.1 120", "1.2.840.113549.1.1.1 294"]);
            assert_eq!(web.calls(), 3, "once for each order");
            // What stops before the certificate has none.
            let outcome = account.order(&Wanted { finalize: false, ..wanted(&all) }, &web.all()).await;
            assert!(outcome.is_validated() && outcome.chain.is_none() && outcome.refused.is_none());
        });
    }
}

#[test]
fn a_server_that_refuses_nonces_is_asked_again() {
    for (refused, names_of_it) in [(5, &["a.test", "b.test", "c.test"][..]), (90, &["a.test", "b.test"])] {
        let Some(world) = Pebble::new().with(&format!("PEBBLE_WFE_NONCEREJECT={refused}")).start() else {
            return;
        };
        world.run(move |web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let account = account(&client).await;
            let outcome = account.order(&wanted(&names(names_of_it)), &web.all()).await;
            assert!(outcome.is_validated() && outcome.chain.is_some(), "{outcome:?}");
        });
        let posts = world.log().matches("POST /").count();
        assert!(posts > if refused == 90 { 50 } else { 10 }, "it refused: {posts} requests");
    }
}

#[test]
fn an_account_is_found_by_its_key_and_made_where_there_is_none() {
    let Some(world) = Pebble::new().start() else { return };
    world.run(|_| async {
        let client = client(PEBBLE, &bundle()).await;
        let key = fresh_key();
        assert!(Account::find(client.clone(), key.clone()).await.expect("an answer").is_none());
        let contact = ["mailto:admin@example.org"];
        let new = NewAccount { contact: &contact, external: None };
        let made = Account::make(client.clone(), key.clone(), &new).await.expect("an account");
        let found = Account::find(client.clone(), key.clone()).await.expect("an answer").expect("an account");
        assert_eq!(made.url(), found.url());
        let again = Account::make(client, key, &NewAccount::default()).await.expect("the same account");
        assert_eq!(made.url(), again.url());
        let contact = ["mailto:nobody"];
        let new = NewAccount { contact: &contact, external: None };
        let other = Account::make(super::client(PEBBLE, &bundle()).await, fresh_key(), &new).await;
        let refusal = other.expect_err("no mail goes there");
        let kind = refusal.problem().expect("a problem").kind();
        assert!(["invalidContact", "unsupportedContact"].contains(&kind), "{refusal}");
    });
}

#[test]
fn old_validations_are_used_again_unless_it_is_to_be_fresh() {
    for pebble in [Pebble::new(), Pebble::newer()] {
        let Some(world) = pebble.with("PEBBLE_AUTHZREUSE=100").start() else { continue };
        world.run(|web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let key = fresh_key();
            // Each run of a program is an account that knows nothing of the others.
            let run = || async {
                Account::make(client.clone(), key.clone(), &NewAccount::default()).await.expect("an account")
            };
            let all = names(&["a.test", "b.test"]);
            let first = run().await.order(&wanted(&all), &web.all()).await;
            assert_eq!((said(&first), web.hits()), (vec![&ANEW, &ANEW], 2));
            let second = run().await.order(&wanted(&all), &nowhere).await;
            assert_eq!((said(&second), web.hits()), (vec![&REUSED, &REUSED], 2));
            assert!(second.chain.is_some());
            for _ in 0..2 {
                let (account, before) = (run().await, web.hits());
                let fresh = account.order(&Wanted { fresh: true, ..wanted(&all) }, &web.all()).await;
                assert_eq!((said(&fresh), web.hits() - before), (vec![&ANEW, &ANEW], 2), "{fresh:?}");
                // Within a run, what was validated in it is fresh.
                let again = account.order(&Wanted { fresh: true, ..wanted(&all) }, &nowhere).await;
                assert_eq!((said(&again), web.hits() - before), (vec![&ANEW, &ANEW], 2), "{again:?}");
            }
        });
    }
}

#[test]
fn a_name_that_fails_is_told_from_one_that_does_not() {
    for pebble in [Pebble::new(), Pebble::newer()] {
        let Some(world) = pebble.start() else { continue };
        world.run(|web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let account = account(&client).await;
            let all = names(&["a.test", "bad.test"]);
            let outcome =
                account.order(&Wanted { fresh: true, ..wanted(&all) }, &web.but(&["bad.test"])).await;
            assert_eq!(said(&outcome)[0], &ANEW);
            let problem = outcome.problem("bad.test").expect("a problem");
            assert_eq!((problem.kind(), problem.status), ("unauthorized", Some(403)));
            assert!(problem.detail.contains("404"), "{}", problem.detail);
            assert_eq!((&outcome.refused, &outcome.chain), (&None, &None), "the order itself is not refused");
        });
    }
}

#[test]
fn addresses_are_validated_too() {
    let Some(world) = Pebble::new().start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        let all = names(&["127.0.0.1", "0:0::1", "a.test"]);
        let outcome = account.order(&wanted(&all), &web.all()).await;
        assert_eq!((said(&outcome), &outcome.refused), (vec![&ANEW; 3], &None), "{outcome:?}");
        let (names, _) = leaf(outcome.chain.as_deref().expect("a certificate"));
        assert_eq!(names, ["[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]", "[127, 0, 0, 1]", "a.test"]);
    });
}

#[test]
fn a_wildcard_is_not_solved_and_not_failed() {
    let Some(world) = Pebble::new().start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        let all = names(&["a.test", "*.a.test"]);
        let outcome = account.order(&Wanted { fresh: true, ..wanted(&all) }, &web.all()).await;
        let unsolved = Identified::Unsolved(names(&["dns-01"]));
        assert_eq!((said(&outcome), outcome.is_validated()), (vec![&ANEW, &unsolved], false));
        assert_eq!((outcome.chain, outcome.refused), (None, None));
    });
}

#[test]
fn what_the_ca_does_not_issue_for_is_rejected() {
    let Some(world) = Pebble::new().start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        let all = names(&["a.test", "www.blocked.test"]);
        let outcome = account.order(&wanted(&all), &web.all()).await;
        let problem = refused(&outcome);
        assert_eq!(
            (problem.kind(), outcome.refused.as_ref().map(|(step, _)| *step)),
            ("rejectedIdentifier", Some(Step::NewOrder))
        );
        assert!(problem.detail.contains("blocked.test"), "{problem:?}");
        assert_eq!((said(&outcome), web.calls()), (vec![&Identified::NotReached; 2], 0));
        let all = names(&["bad_name.test"]);
        let outcome = account.order(&wanted(&all), &web.all()).await;
        assert!(["rejectedIdentifier", "malformed"].contains(&refused(&outcome).kind()), "{outcome:?}");
    });
}

#[test]
fn a_slow_validation_is_awaited_as_long_as_there_is_time() {
    let Some(world) = Pebble::new().with("PEBBLE_VA_NOSLEEP=0").with("PEBBLE_VA_SLEEPTIME=3").start() else {
        return;
    };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        // It sleeps up to three seconds before each validation.
        let all = names(&["a.test", "b.test", "c.test", "d.test"]);
        let begin = Instant::now();
        let outcome = account.order(&wanted(&all), &web.all()).await;
        assert_eq!((said(&outcome), &outcome.refused), (vec![&ANEW; 4], &None), "{outcome:?}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
        // Of twelve, one at least takes longer than this.
        let all: Vec<String> = (0..12).map(|n| format!("{n}.test")).collect();
        let begin = Instant::now();
        let within = Duration::from_millis(600);
        let outcome = account.order(&Wanted { within, ..wanted(&all) }, &web.all()).await;
        let unfinished = Identified::Failed(Refusal::Unfinished("pending".into(), 0, None));
        assert!(said(&outcome).contains(&&unfinished), "{outcome:?}");
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    });
}

#[test]
fn answers_that_cannot_be_published_are_not_asked_for() {
    let Some(world) = Pebble::new().start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        let fails = |_: Vec<acme_audit::acme::Answer>| async { Err("no space left".to_owned()) };
        let all = names(&["a.test"]);
        let outcome = account.order(&Wanted { fresh: true, ..wanted(&all) }, &fails).await;
        assert_eq!(outcome.refused, Some((Step::Publish, Refusal::Own("no space left".into()))));
        assert_eq!((said(&outcome), web.hits()), (vec![&Identified::NotReached], 0));
    });
}

#[test]
fn an_external_account_is_bound() {
    const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let pebble = Pebble::new().set("externalAccountBindingRequired", json!(true));
    let Some(world) = pebble.set("externalAccountMACKeys", json!({"kid-1": KEY})).start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let refused = Account::make(client.clone(), fresh_key(), &NewAccount::default()).await;
        let refused = refused.expect_err("nothing binds it");
        assert_eq!(refused.problem().expect("a problem").kind(), "externalAccountRequired");
        let key = fresh_key();
        assert!(Account::find(client.clone(), key.clone()).await.expect("an answer").is_none());
        let make = |external: ExternalAccount| {
            let (client, key) = (client.clone(), key.clone());
            async move {
                let new = NewAccount { contact: &[], external: Some(&external) };
                Account::make(client, key, &new).await
            }
        };
        let other = ExternalAccount::new("kid-1", "AAAA").expect("base64url");
        assert!(make(other).await.is_err(), "another key");
        let right = ExternalAccount::new("kid-1", KEY).expect("base64url");
        assert!(!format!("{right:?}").contains("zWND"));
        let account = make(right).await.expect("an account");
        let outcome = account.order(&wanted(&names(&["a.test"])), &web.all()).await;
        assert!(outcome.chain.is_some(), "{outcome:?}");
        let found = Account::find(client.clone(), key.clone()).await.expect("an answer").expect("an account");
        assert_eq!(found.url(), account.url());
    });
}

#[test]
fn a_newer_ca_has_profiles() {
    let profiles = json!({"default": {"description": "90 days", "validityPeriod": 7_776_000},
        "shortlived": {"description": "6 days", "validityPeriod": 518_400}});
    let Some(world) = Pebble::newer().set("profiles", profiles).start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let offered = client.directory().profiles.clone().expect("profiles");
        assert!(offered.contains(&"shortlived".to_owned()), "{offered:?}");
        let account = account(&client).await;
        let all = names(&["a.test", "127.0.0.1"]);
        let outcome =
            account.order(&Wanted { profile: Some("shortlived"), ..wanted(&all) }, &web.all()).await;
        assert!(outcome.chain.is_some(), "{outcome:?}");
        let outcome = account.order(&Wanted { profile: Some("gone"), ..wanted(&all) }, &web.all()).await;
        assert_eq!(refused(&outcome).kind(), "invalidProfile", "{outcome:?}");
    });
}
