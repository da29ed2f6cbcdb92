//! CAs with ARI (RFC 9773), and what they say of an order in the place of the old certificate.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::ca::{Cas, Step, Visit};
use super::host::{Host, said};
use crate::ca::server::Reply;

/// CAs that refuse such an order, by the kind of the problem, and its status.
const REFUSED: &[(&str, &str, u16)] = &[
    ("replaced", "alreadyReplaced", 409),
    ("malformed", "malformed", 400),
    ("conflict", "conflict", 409),
    // Let's Encrypt, where another account has ordered that certificate.
    ("foreign", "unauthorized", 403),
    ("ill", "serverInternal", 500),
];

fn script(visit: &Visit<'_>) -> Option<Reply> {
    let refused = REFUSED.iter().find(|(mood, ..)| *mood == visit.mood);
    match visit.step {
        Step::Directory if visit.mood != "without" => {
            let at = |what: &str| format!("ORIGIN/{}/{what}", visit.mood);
            let body = json!({"newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("new-order"),
                "renewalInfo": at("ari")});
            Some(Reply::Answer(200, "", body.to_string()))
        }
        Step::NewOrder if visit.payload["replaces"].is_string() => {
            refused.map(|(_, kind, status)| visit.problem(*status, "", kind, "not in its place"))
        }
        // One of the names is lost, so that there is a second order.
        Step::Authz if refused.is_some() && visit.name.starts_with("www.") => {
            let error =
                json!({"type": "urn:ietf:params:acme:error:unauthorized", "detail": "404", "status": 403});
            let challenge = json!({"type": "http-01", "status": "invalid", "token": "t", "error": error,
                "url": format!("ORIGIN/{}/challenge/{}/{}", visit.mood, visit.number, visit.name)});
            let body = json!({"status": "invalid", "identifier": {"type": "dns", "value": visit.name},
                "challenges": [challenge]});
            Some(Reply::Answer(200, "Replay-Nonce: bm9uY2U\r\n", body.to_string()))
        }
        _ => None,
    }
}

#[test]
fn an_order_is_placed_anew_where_it_is_not_taken_in_the_place_of_a_certificate() {
    let orders: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
    let told = orders.clone();
    let cas = Cas::start(move |visit: &Visit<'_>| {
        if visit.step == Step::NewOrder {
            let in_place = visit.payload["replaces"].is_string();
            told.lock().expect("the orders").push((visit.mood.to_owned(), in_place));
        }
        script(visit)
    });
    let Some(host) = Host::start(&cas) else { return };
    for mood in ["taken", "without"].into_iter().chain(REFUSED.iter().map(|(mood, ..)| *mood)) {
        host.add(mood);
        host.set(mood, "allow_subset_of_names", "True");
    }
    let report = host.renew(&[]);
    let placed = |mood: &str| {
        let all = orders.lock().expect("the orders");
        all.iter().filter(|(of, _)| of == mood).map(|(_, in_place)| *in_place).collect::<Vec<_>>()
    };
    for (mood, wanted) in [("taken", vec![true]), ("without", vec![false])] {
        let (outcome, because, _) = said(&report, mood);
        assert_eq!((outcome, placed(mood)), ("renewed", wanted), "{mood}: {because}");
    }
    for (mood, ..) in REFUSED {
        let (outcome, because, one) = said(&report, mood);
        assert_eq!((outcome, &one["lost"]), ("renewed", &json!([format!("www.{mood}.test")])), "{because}");
        // What the CA has said once is not asked again for the rest of the names; an internal error is one that may pass.
        let all = placed(mood);
        let anew = all.iter().skip_while(|in_place| **in_place).collect::<Vec<_>>();
        assert!(all[0] && anew == [&false, &false], "{mood}: {all:?}");
    }
    host.certbot_lists_all();
}
