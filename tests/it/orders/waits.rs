//! A scripted CA that says when it wants to be asked again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::scripted::{authorization, ca, challenge, order, ordered};
use crate::ca::server::Reply;

#[test]
fn the_ca_says_when_to_ask_again() {
    let server = ca(|request| match request.path.as_str() {
        "/finalize" => {
            Some(Reply::Answer(200, "Retry-After: 1\r\n", order("processing", json!({})).to_string()))
        }
        _ => None,
    });
    let begin = Instant::now();
    let outcome = ordered(&server, |_| {});
    assert!(outcome.chain.is_some(), "{outcome:?}");
    assert!((1_000..10_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[test]
fn the_ca_says_when_to_look_at_an_authorization_again() {
    let looks = AtomicUsize::new(0);
    let server = ca(move |request| {
        // The first look is before it is told, and the second one just after.
        let busy = request.path == "/authz/b.test" && (1..3).contains(&looks.fetch_add(1, Ordering::SeqCst));
        let body = || authorization("b.test", "pending", challenge("b.test", "processing", Value::Null));
        busy.then(|| Reply::Answer(200, "Retry-After: 1\r\n", body().to_string()))
    });
    let begin = Instant::now();
    let outcome = ordered(&server, |_| {});
    assert!(outcome.chain.is_some(), "{outcome:?}");
    let looks = server.asked().iter().filter(|request| request.path == "/authz/b.test").count();
    assert_eq!(looks, 4);
    assert!((2_000..15_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}
