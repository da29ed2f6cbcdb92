//! What a renewal asks of an order, and a rehearsal does not.

use std::sync::Mutex;

use acme_audit::acme::{Answer, Key, KeyType, Publisher, Refusal, Step, Wanted};
use acme_audit::gather::net::ari::cert_id;
use acme_audit::gather::x509;
use x509_parser::pem::Pem;

use super::world::{PEBBLE, Pebble, bundle};
use super::{account, client, names, refused, transport, wanted};

/// The certificate's name in renewal information.
fn id_of(chain: &str) -> String {
    let ders = x509::certificates(chain.as_bytes()).expect("PEM");
    cert_id(&x509::cert(&x509::parse(&ders[0]).expect("X.509"))).expect("an id")
}

/// Who issued the last certificate.
fn top(chain: &str) -> String {
    let last = Pem::iter_from_buffer(chain.as_bytes()).last().expect("a certificate").expect("PEM");
    let cert = last.parse_x509().expect("X.509");
    cert.issuer().iter_common_name().next().expect("a name").as_str().expect("text").to_owned()
}

#[test]
fn an_order_takes_the_place_of_a_certificate_once() {
    let Some(world) = Pebble::newer().start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        let all = names(&["a.test"]);
        let first = account.order(&wanted(&all), &web.all()).await;
        let id = id_of(&first.chain.expect("a certificate"));
        let in_place = Wanted { replaces: Some(&id), ..wanted(&all) };
        let second = account.order(&in_place, &web.all()).await;
        assert!(second.chain.is_some(), "{second:?}");
        let third = account.order(&in_place, &web.all()).await;
        assert_eq!(refused(&third).kind(), "alreadyReplaced", "{third:?}");
        let unknown =
            account.order(&Wanted { replaces: Some("AAAA.AAAA"), ..wanted(&all) }, &web.all()).await;
        assert!(matches!(unknown.refused, Some((Step::NewOrder, Refusal::Problem(_)))), "{unknown:?}");
    });
}

#[test]
fn the_preferred_chain_is_taken_where_there_is_one() {
    let Some(world) = Pebble::new().with("PEBBLE_ALTERNATE_ROOTS=2").start() else { return };
    world.run(|web| async move {
        let client = client(PEBBLE, &bundle()).await;
        let account = account(&client).await;
        let all = names(&["a.test"]);
        let mut tops = Vec::new();
        for at in 0..3 {
            let root = transport(&bundle())
                .get(&format!("https://localhost:15000/roots/{at}"))
                .await
                .expect("a root");
            tops.push(top(&String::from_utf8_lossy(&root.body)));
        }
        for preferred in &tops {
            let outcome =
                account.order(&Wanted { preferred_chain: Some(preferred), ..wanted(&all) }, &web.all()).await;
            assert_eq!(&top(&outcome.chain.expect("a certificate")), preferred);
        }
        let outcome =
            account.order(&Wanted { preferred_chain: Some("Nobody"), ..wanted(&all) }, &web.all()).await;
        assert_eq!(top(&outcome.chain.expect("a certificate")), tops[0], "the CA's own choice");
    });
}

/// Publishes, and stops before the certificate is asked for.
struct Stopping<P>(P, Mutex<String>);

impl<P: Publisher> Publisher for Stopping<P> {
    async fn publish(&self, answers: Vec<Answer>) -> Result<(), String> {
        self.0.publish(answers).await
    }

    fn finalizing(&self, order: &str, _account: &str) -> Result<(), String> {
        order.clone_into(&mut self.1.lock().expect("a lock"));
        Err("killed here".into())
    }
}

#[test]
fn a_certificate_that_did_not_come_is_fetched_later() {
    for pebble in [Pebble::new(), Pebble::newer()] {
        let Some(world) = pebble.start() else { continue };
        world.run(|web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let account = account(&client).await;
            let all = names(&["a.test", "b.test"]);
            let key = KeyType::P256.generate().expect("a key");
            let own = Wanted { key: Key::Own(&key), ..wanted(&all) };
            let stopping = Stopping(web.all(), Mutex::default());
            let stopped = account.order(&own, &stopping).await;
            assert!(stopped.chain.is_none() && stopped.is_validated(), "{stopped:?}");
            let order = stopping.1.into_inner().expect("a lock");
            let fetched = account.resume(&order, &own).await.expect("an answer").expect("a certificate");
            // It may be killed again before it is live.
            let again = account.resume(&order, &own).await.expect("an answer").expect("a certificate");
            assert_eq!(fetched, again);
            let spki = x509::spki_sha256(&rcgen::PublicKeyData::subject_public_key_info(&key));
            let ders = x509::certificates(fetched.as_bytes()).expect("PEM");
            assert_eq!(x509::cert(&x509::parse(&ders[0]).expect("X.509")).spki_sha256, spki);
            let none = account.resume(&format!("{order}nothing"), &own).await.expect("an answer");
            assert_eq!(none, None);
        });
    }
}
