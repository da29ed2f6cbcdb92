//! Answers that are none of ACME, and URLs that lead where nobody may be led.

use serde_json::{Value, json};

use super::ca::{Cas, Step, Visit};
use super::host::{Host, fail_as, said};
use crate::ca::server::Reply;

fn script(elsewhere: &str, visit: &Visit<'_>) -> Option<Reply> {
    let mood = visit.mood;
    let directory = |order: &str| {
        let at = |what: &str| format!("ORIGIN/{mood}/{what}");
        let body = json!({"newNonce": at("nonce"), "newAccount": at("account"), "newOrder": order});
        Reply::Answer(200, "", body.to_string())
    };
    let order = |more: Value| visit.order("pending", more);
    let created = |reply: Reply, location: &str| match reply {
        Reply::Answer(_, headers, body) => {
            Reply::Bytes(201, format!("{headers}Location: {location}\r\n"), body.into_bytes())
        }
        other => other,
    };
    let text = |status: u16, body: &str| Reply::Answer(status, "Replay-Nonce: bm9uY2U\r\n", body.to_owned());
    let here = format!("ORIGIN/{mood}/order/0");
    Some(match (mood, visit.step) {
        ("http-directory", Step::Directory) => directory("http://127.0.0.1:9/order"),
        ("file-directory", Step::Directory) => directory("file:///etc/passwd"),
        ("relative-directory", Step::Directory) => directory("/order"),
        ("torn-directory", Step::Directory) => text(200, r#"{"newNonce": "ORI"#),
        ("empty-directory", Step::Directory) => text(200, "{}"),
        // Another host is no fault: Let's Encrypt has had several. This one refuses connections.
        ("elsewhere-directory", Step::Directory) => directory(elsewhere),
        ("no-location", Step::NewOrder) => {
            text(201, &json!({"status": "pending", "finalize": here, "authorizations": []}).to_string())
        }
        ("torn-order", Step::NewOrder) => created(text(201, r#"{"status": "pen"#), &here),
        ("odd-status", Step::NewOrder) => created(order(json!({"status": "splendid"})), &here),
        ("list-order", Step::NewOrder) => created(text(201, "[]"), &here),
        ("http-authz", Step::NewOrder) => {
            created(order(json!({"authorizations": ["http://127.0.0.1:9/authz"]})), &here)
        }
        ("file-authz", Step::NewOrder) => {
            created(order(json!({"authorizations": ["file:///etc/shadow"]})), &here)
        }
        ("http-finalize", Step::Finalize | Step::Order) => return None,
        ("http-finalize", Step::NewOrder) => {
            created(order(json!({"status": "ready", "finalize": "http://127.0.0.1:9/finalize"})), &here)
        }
        ("file-cert", Step::Finalize) => {
            visit.order("valid", json!({"certificate": "file:///etc/ssl/certs/ca-certificates.crt"}))
        }
        ("http-cert", Step::Finalize) => {
            visit.order("valid", json!({"certificate": "http://127.0.0.1:9/cert"}))
        }
        ("no-cert", Step::Finalize) => visit.order("valid", json!({"certificate": null})),
        ("no-cert", Step::Order) => visit.order("valid", json!({"certificate": null})),
        ("evil-token", Step::Authz) => {
            let token = "../../../../../../../../etc/cron.d/evil";
            let challenge = json!({"type": "http-01", "url": here, "status": "pending", "token": token});
            text(200, &json!({"status": "pending", "identifier": {"type": "dns", "value": "evil-token.test"}, "challenges": [challenge]}).to_string())
        }
        ("escapes", Step::NewOrder) => {
            visit.problem(403, "", "unauthorized", "no\u{1b}[31m\r\nrenewed  escapes.test")
        }
        ("redirected", Step::NewOrder) => {
            Reply::Answer(302, "Location: https://127.0.0.1:9/\r\n", String::new())
        }
        _ => return None,
    })
}

const MOODS: &[(&str, &str)] = &[
    ("http-directory", "the directory's `newOrder`, http://127.0.0.1:9/order, is no https URL"),
    ("file-directory", "file:///etc/passwd, is no https URL"),
    ("relative-directory", "/order, is no https URL"),
    ("torn-directory", "answers with something else than JSON"),
    ("empty-directory", "names no `newNonce`"),
    ("elsewhere-directory", "the CA takes no order: no connection to 127.0.0.1:"),
    ("no-location", "the CA takes no order: the server's answer is none of ACME"),
    ("torn-order", "the CA takes no order: the server's answer is none of ACME"),
    ("odd-status", "the CA takes no order: the server's answer is none of ACME"),
    ("list-order", "the CA takes no order: the server's answer is none of ACME"),
    ("http-authz", "http://127.0.0.1:9/authz is no https URL"),
    ("file-authz", "file:///etc/shadow is no URL"),
    ("http-finalize", "http://127.0.0.1:9/finalize is no https URL"),
    ("file-cert", "is no"),
    ("http-cert", "http://127.0.0.1:9/cert is no https URL"),
    ("no-cert", "there is no certificate"),
    ("evil-token", "token"),
    ("escapes", "no[31m"),
    ("redirected", "status 302"),
];

#[test]
fn answers_that_are_none_of_acme_are_told_and_followed_nowhere() {
    // A port that nothing listens on any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let elsewhere = format!("https://{gone}/order");
    let cas = Cas::start(move |visit| script(&elsewhere, visit));
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = MOODS.iter().map(|(mood, _)| *mood).collect();
    moods.iter().for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    let report = host.renew(&[]);
    assert_eq!(report.code, Some(2));
    fail_as(&host, &report, MOODS, &before);
    assert!(!said(&report, "escapes").1.contains(['\u{1b}', '\n', '\r']));
    host.nothing_is_left();
    host.certbot_lists_all();
}

#[test]
fn an_order_may_lie_at_another_host() {
    // The second server has orders, and the first one everything else.
    let second = std::sync::Arc::new(Cas::start(|_| None));
    let origin = second.server.origin.clone();
    let cas = Cas::start(move |visit| {
        (visit.step == Step::Directory && visit.mood == "two-hosts").then(|| {
            let at = |what: &str| format!("{origin}/two-hosts/{what}");
            let body =
                json!({"newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("new-order")});
            Reply::Answer(200, "", body.to_string())
        })
    });
    let bundle = std::fs::read_to_string(cas.bundle()).expect("a bundle")
        + &std::fs::read_to_string(second.bundle()).expect("a bundle");
    std::fs::write(cas.bundle(), bundle).expect("written");
    let Some(host) = Host::start(&cas) else { return };
    host.add("two-hosts");
    host.renew(&["two-hosts.test"]).assert(&["renewed"], 0);
    assert_eq!((host.live("two-hosts"), cas.orders("two-hosts"), second.orders("two-hosts")), (2, 0, 1));
}
