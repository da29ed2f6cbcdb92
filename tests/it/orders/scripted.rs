//! Orders at a CA that does what real ones cannot be made to do.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use acme_audit::acme::{Account, Answer, Identified, NewAccount, Outcome, Refusal, Step, Wanted};
use acme_audit::facts::net::CaFault;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{ANEW, REUSED, account, client, fresh_key, names, nowhere, refused, said, wanted};
use crate::ca::server::{Reply, Request, Server};

/// Headers of most answers.
const NONCE: &str = "Replay-Nonce: bm9uY2U\r\n";

fn ok(body: Value) -> Reply {
    Reply::Answer(200, NONCE, body.to_string())
}

fn problem(status: u16, headers: &'static str, kind: &str, more: Value) -> Reply {
    let mut body = json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "no"});
    for (name, value) in more.as_object().expect("members") {
        body[name] = value.clone();
    }
    Reply::Answer(status, headers, body.to_string())
}

pub(super) fn order(status: &str, more: Value) -> Value {
    let mut order = json!({"status": status, "finalize": "ORIGIN/finalize", "certificate": "ORIGIN/cert",
        "authorizations": ["ORIGIN/authz/a.test", "ORIGIN/authz/b.test"]});
    for (name, value) in more.as_object().expect("members") {
        order[name] = value.clone();
    }
    order
}

pub(super) fn challenge(name: &str, status: &str, error: Value) -> Value {
    let token = format!("token-{}", name.replace('.', "-"));
    let mut challenge = json!({"type": "http-01", "url": format!("ORIGIN/challenge/{name}"), "token": token, "status": status});
    if !error.is_null() {
        challenge["error"] = error;
    }
    challenge
}

pub(super) fn authorization(name: &str, status: &str, challenge: Value) -> Value {
    json!({"status": status, "identifier": {"type": "dns", "value": name}, "challenges": [challenge]})
}

/// A CA that validates `a.test` and `b.test` when it is told to look, but for what it does otherwise.
pub(super) fn ca(other: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let told: Mutex<HashSet<String>> = Mutex::default();
    Server::start(move |request| {
        if let Some(reply) = other(request) {
            return reply;
        }
        let mut told = told.lock().expect("what it was told");
        match request.path.as_str() {
            "/directory" => ok(
                json!({"newNonce": "ORIGIN/nonce", "newAccount": "ORIGIN/account", "newOrder": "ORIGIN/order"}),
            ),
            "/nonce" => Reply::Answer(200, NONCE, String::new()),
            "/account" => {
                Reply::Answer(201, "Location: ORIGIN/account/1\r\n", r#"{"status": "valid"}"#.into())
            }
            "/order" => {
                Reply::Answer(201, "Location: ORIGIN/order/1\r\n", order("pending", json!({})).to_string())
            }
            "/order/1" | "/finalize" => ok(order("valid", json!({}))),
            "/cert" => Reply::Answer(200, NONCE, "-----BEGIN CERTIFICATE-----\n".into()),
            path => match path.split_at(path.rfind('/').map_or(0, |slash| slash + 1)) {
                ("/challenge/", name) => {
                    told.insert(name.to_owned());
                    ok(challenge(name, "processing", Value::Null))
                }
                ("/authz/", name) if request.payload()["status"] == "deactivated" => {
                    ok(authorization(name, "deactivated", challenge(name, "pending", Value::Null)))
                }
                ("/authz/", name) => {
                    let status = if told.contains(name) { "valid" } else { "pending" };
                    ok(authorization(name, status, challenge(name, status, Value::Null)))
                }
                _ => Reply::Answer(404, "", String::new()),
            },
        }
    })
}

/// The paths that were given up.
fn given_up(server: &Server) -> Vec<String> {
    let asked = server.asked().into_iter();
    let mut all: Vec<String> = asked
        .filter(|request| request.payload()["status"] == "deactivated")
        .map(|request| request.path)
        .collect();
    all.sort();
    all
}

/// Orders there.
pub(super) fn ordered(server: &Server, change: impl FnOnce(&mut Wanted<'_>)) -> Outcome {
    Runtime::new().expect("a runtime").block_on(async {
        let account = account(&client(&format!("{}/directory", server.origin), &server.bundle).await).await;
        let all = names(&["a.test", "b.test"]);
        let mut wanted = wanted(&all);
        change(&mut wanted);
        account.order(&wanted, &nowhere).await
    })
}

/// The same of a CA that answers otherwise at one path.
fn at(path: &'static str, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Outcome {
    ordered(&ca(move |request| (request.path == path).then(&reply)), |_| {})
}

#[test]
fn the_scripted_ca_issues() {
    let outcome = ordered(&ca(|_| None), |_| {});
    assert_eq!((said(&outcome), &outcome.refused, outcome.chain.is_some()), (vec![&ANEW; 2], &None, true));
}

#[test]
fn an_order_that_is_refused_says_when_and_where_to_go() {
    let limited = || {
        problem(429, "Retry-After: 3600\r\nLink: <ORIGIN/docs>;rel=\"help\"\r\n", "rateLimited", json!({}))
    };
    let outcome = at("/order", limited);
    let said_it = refused(&outcome);
    assert_eq!((said_it.kind(), said_it.status, said_it.retry_after), ("rateLimited", Some(429), Some(3600)));
    assert!(said_it.links[0].1.ends_with("/docs") && said_it.links[0].0 == "help", "{said_it:?}");
    assert_eq!(said(&outcome), [&Identified::NotReached; 2]);

    let terms = || {
        let more = json!({"instance": "https://ca.test/agree"});
        problem(403, "Link: <https://ca.test/tos>; rel=terms-of-service\r\n", "userActionRequired", more)
    };
    let outcome = at("/order", terms);
    let said_it = refused(&outcome);
    assert_eq!(
        (said_it.kind(), said_it.instance.as_deref()),
        ("userActionRequired", Some("https://ca.test/agree"))
    );
    assert_eq!(said_it.links, [("terms-of-service".to_owned(), "https://ca.test/tos".to_owned())]);

    let paused = || {
        let detail = "Your account is temporarily prevented from requesting certificates for a.test and possibly \
                      others. Please visit: https://portal.ca.test/unpause?jwt=x";
        problem(429, "", "rateLimited", json!({"detail": detail}))
    };
    let outcome = at("/order", paused);
    assert!(refused(&outcome).detail.ends_with("/unpause?jwt=x") && refused(&outcome).retry_after.is_none());
}

#[test]
fn what_concerns_single_names_is_told_of_those() {
    let sub = |kind: &str, name: &str| {
        json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": format!("{kind} of {name}"),
            "identifier": {"type": "dns", "value": name}})
    };
    let subs = json!({"subproblems": [sub("caa", "b.test"), sub("dns", "c.test")]});
    let rejected = subs.clone();
    let outcome = at("/order", move || problem(403, "", "rejectedIdentifier", rejected.clone()));
    assert_eq!((refused(&outcome).kind(), refused(&outcome).subproblems.len()), ("rejectedIdentifier", 2));
    assert_eq!(said(&outcome)[0], &Identified::NotReached);
    let about = outcome.problem("b.test").expect("a problem");
    assert_eq!((about.kind(), about.detail.as_str()), ("caa", "caa of b.test"));

    // Let's Encrypt asks for CAA again when the certificate is asked for.
    let late = subs.clone();
    let outcome = at("/finalize", move || problem(403, "", "caa", late.clone()));
    assert_eq!((refused(&outcome).kind(), said(&outcome)), ("caa", vec![&ANEW; 2]));
    let error = subs.clone();
    let outcome = at("/finalize", move || {
        let mut error = error.clone();
        error["type"] = json!("urn:ietf:params:acme:error:caa");
        ok(order("invalid", json!({"error": error})))
    });
    let about = refused(&outcome).about("b.test").expect("a part");
    assert_eq!((about.kind(), outcome.refused.map(|(step, _)| step)), ("caa", Some(Step::Finalize)));
}

#[test]
fn a_name_that_fails_has_the_cas_reason() {
    for kind in ["dns", "caa", "connection", "unauthorized"] {
        let outcome = at("/authz/b.test", move || {
            let error = json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "During secondary validation: no"});
            // It was told at once, so the first look is the last.
            ok(authorization("b.test", "invalid", challenge("b.test", "invalid", error)))
        });
        assert_eq!(said(&outcome)[0], &ANEW);
        assert_eq!(outcome.problem("b.test").expect("a problem").kind(), kind);
        assert_eq!((outcome.chain, outcome.refused), (None, None));
    }
    let outcome = at("/authz/b.test", || {
        ok(authorization("b.test", "expired", challenge("b.test", "pending", Value::Null)))
    });
    assert_eq!(outcome.problem("b.test").expect("a problem").detail, "the authorization is expired");
}

#[test]
fn a_refused_request_is_the_cas_word_on_the_certificate() {
    let must_staple =
        || problem(400, "", "badCSR", json!({"detail": "OCSP must-staple extension is no longer available"}));
    let server = ca(move |request| (request.path == "/finalize").then(must_staple));
    let outcome = ordered(&server, |wanted| wanted.must_staple = true);
    assert_eq!((refused(&outcome).kind(), said(&outcome)), ("badCSR", vec![&ANEW; 2]));
    let outcome = at("/order", || problem(400, "", "invalidProfile", json!({})));
    assert_eq!(refused(&outcome).kind(), "invalidProfile");
}

#[test]
fn a_ca_that_never_finishes_costs_its_deadline() {
    let begin = Instant::now();
    let short = |wanted: &mut Wanted<'_>| wanted.within = Duration::from_secs(2);
    let authz = |error: fn() -> Value| {
        move |request: &Request| {
            let is = request.path == "/authz/b.test";
            // Pending until it is told, as the first look shows it.
            is.then(|| ok(authorization("b.test", "pending", challenge("b.test", "processing", error()))))
        }
    };
    let outcome = ordered(&ca(authz(|| Value::Null)), short);
    let unfinished = |what: &str| Refusal::Unfinished(what.into(), 2, None);
    assert_eq!(said(&outcome), [&ANEW, &Identified::Failed(unfinished("processing"))]);
    // One that looks again and again says what it saw.
    let outcome = ordered(
        &ca(authz(|| json!({"type": "urn:ietf:params:acme:error:connection", "detail": "later"}))),
        short,
    );
    assert_eq!(outcome.problem("b.test").expect("a problem").detail, "later");

    let server = ca(|request| {
        ["/finalize", "/order/1"].contains(&request.path.as_str()).then(|| ok(order("processing", json!({}))))
    });
    let outcome = ordered(&server, short);
    assert_eq!(outcome.refused, Some((Step::Fetch, unfinished("processing"))));
    let looks = server.asked().iter().filter(|request| request.path == "/order/1").count();
    assert!((2..10).contains(&looks), "{looks} looks in two seconds");
    assert!(begin.elapsed() < Duration::from_secs(25), "{:?}", begin.elapsed());
}

#[test]
fn an_order_that_is_ready_a_moment_later_is_finalized_then() {
    let finalized = AtomicUsize::new(0);
    let server = ca(move |request| match request.path.as_str() {
        "/finalize" if finalized.fetch_add(1, Ordering::SeqCst) == 0 => {
            Some(problem(403, NONCE, "orderNotReady", json!({})))
        }
        "/order/1" if finalized.load(Ordering::SeqCst) == 1 => Some(ok(order("pending", json!({})))),
        _ => None,
    });
    let outcome = ordered(&server, |_| {});
    assert!(outcome.chain.is_some(), "{outcome:?}");
    let twice = server.asked().iter().filter(|request| request.path == "/finalize").count();
    assert_eq!(twice, 2);
}

#[test]
fn a_name_that_needs_no_authorization_is_one_that_the_ca_knows() {
    let ready = order("ready", json!({"authorizations": ["ORIGIN/authz/a.test"]})).to_string();
    let outcome = at("/order", move || Reply::Answer(201, "Location: ORIGIN/order/1\r\n", ready.clone()));
    assert_eq!((said(&outcome), outcome.chain.is_some()), (vec![&ANEW, &REUSED], true), "{outcome:?}");
    let many = vec!["ORIGIN/authz/a.test"; 2_000];
    let many = order("pending", json!({"authorizations": many})).to_string();
    let outcome = at("/order", move || Reply::Answer(201, "Location: ORIGIN/order/1\r\n", many.clone()));
    assert!(
        matches!(outcome.refused, Some((Step::NewOrder, Refusal::Fault(CaFault::NoAcme(_))))),
        "{outcome:?}"
    );
}

#[test]
fn a_server_without_a_nonce_at_the_moment_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let server = ca(move |request| {
        let busy = request.path == "/nonce" && asked.fetch_add(1, Ordering::SeqCst) < 2;
        busy.then(|| Reply::Answer(503, "Retry-After: 0\r\n", String::new()))
    });
    assert!(ordered(&server, |_| {}).chain.is_some());
}

#[test]
fn answers_that_are_none_of_acme_are_no_problem_documents() {
    let html = || Reply::Answer(502, "Content-Type: text/html\r\n", "<html>Bad Gateway</html>".into());
    let fault = |outcome: Outcome| match outcome.refused {
        Some((_, Refusal::Fault(fault))) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(at("/order", html)), CaFault::Status(502, String::new()));
    assert_eq!(fault(at("/finalize", html)), CaFault::Status(502, String::new()));
    let away = || Reply::Answer(302, "Location: https://127.0.0.1:1/\r\n", String::new());
    assert_eq!(fault(at("/order", away)), CaFault::Status(302, String::new()));
    assert!(matches!(fault(at("/order", || Reply::Endless)), CaFault::Broken(_)));
    assert!(matches!(fault(at("/order", || Reply::Half)), CaFault::Broken(_)));
    for body in ["<html>", "[]", "{}", r#"{"status": "pending", "authorizations": 7, "finalize": ""}"#] {
        let none = at("/order", move || Reply::Answer(201, "Location: ORIGIN/order/1\r\n", body.into()));
        assert!(matches!(fault(none), CaFault::NoAcme(_)), "{body}");
    }
    assert!(matches!(fault(at("/authz/a.test", || ok(json!({"status": "odd"})))), CaFault::NoAcme(_)));
    assert!(matches!(fault(at("/cert", || ok(json!("no certificate")))), CaFault::NoAcme(_)));
    let no_orders = || ok(json!({"newNonce": "ORIGIN/nonce", "newAccount": "ORIGIN/account"}));
    let server = ca(move |request| (request.path == "/directory").then(no_orders));
    let made = Runtime::new().expect("a runtime").block_on(async {
        let client = client(&format!("{}/directory", server.origin), &server.bundle).await;
        Account::make(client, fresh_key(), &NewAccount::default()).await.map(|_| ())
    });
    assert_eq!(made, Err(Refusal::Fault(CaFault::NoAcme("the directory names no `newOrder`".into()))));
}

#[test]
fn a_busy_moment_between_looks_is_no_failure() {
    let looks = AtomicUsize::new(0);
    let server = ca(move |request| {
        let busy = request.path == "/authz/b.test" && (1..4).contains(&looks.fetch_add(1, Ordering::SeqCst));
        busy.then(|| Reply::Answer(502, "", "<html>".into()))
    });
    let outcome = ordered(&server, |_| {});
    assert!(outcome.chain.is_some(), "{outcome:?}");
}

#[test]
fn a_token_that_is_a_path_is_not_published() {
    let server = ca(|request| {
        (request.path == "/authz/b.test").then(|| {
            let mut evil = challenge("b.test", "pending", Value::Null);
            evil["token"] = json!("../../../../etc/cron.d/x");
            ok(authorization("b.test", "pending", evil))
        })
    });
    let outcome = Runtime::new().expect("a runtime").block_on(async {
        let account = account(&client(&format!("{}/directory", server.origin), &server.bundle).await).await;
        let publisher = |answers: Vec<Answer>| async move {
            assert!(answers.iter().all(|answer| answer.identifier == "a.test"), "{answers:?}");
            Ok(())
        };
        account.order(&wanted(&names(&["a.test", "b.test"])), &publisher).await
    });
    assert!(
        matches!(said(&outcome)[1], Identified::Failed(Refusal::Fault(CaFault::NoAcme(_)))),
        "{outcome:?}"
    );
}

#[test]
fn a_fresh_rehearsal_leaves_nothing_open_and_another_touches_nothing() {
    let stuck = |request: &Request| {
        let open = request.path == "/authz/b.test" && request.payload().is_null();
        open.then(|| ok(authorization("b.test", "pending", challenge("b.test", "processing", Value::Null))))
    };
    for fresh in [true, false] {
        let server = ca(stuck);
        ordered(&server, |wanted| (wanted.fresh, wanted.within) = (fresh, Duration::from_millis(500)));
        assert_eq!(given_up(&server), if fresh { vec!["/authz/b.test"] } else { vec![] });
    }
    // Where the answers cannot be published, all stay open.
    let server = ca(|_| None);
    Runtime::new().expect("a runtime").block_on(async {
        let account = account(&client(&format!("{}/directory", server.origin), &server.bundle).await).await;
        let all = names(&["a.test", "b.test"]);
        let publisher = |_: Vec<Answer>| async { Err("read-only".to_owned()) };
        let outcome = account.order(&Wanted { fresh: true, ..wanted(&all) }, &publisher).await;
        assert!(matches!(outcome.refused, Some((Step::Publish, _))));
    });
    assert_eq!(given_up(&server), ["/authz/a.test", "/authz/b.test"]);
}

#[test]
fn orders_at_once_do_not_take_authorizations_from_each_other() {
    // The CA gives the same authorizations to every order of the account.
    let slow = |request: &Request| {
        if request.path.starts_with("/challenge/") {
            std::thread::sleep(Duration::from_millis(200));
        }
        None
    };
    let server = ca(slow);
    Runtime::new().expect("a runtime").block_on(async {
        let account = account(&client(&format!("{}/directory", server.origin), &server.bundle).await).await;
        let all = names(&["a.test", "b.test"]);
        let fresh = Wanted { fresh: true, ..wanted(&all) };
        let later = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            account.order(&fresh, &nowhere).await
        };
        let (one, other, later) =
            tokio::join!(account.order(&fresh, &nowhere), account.order(&fresh, &nowhere), later);
        for outcome in [one, other, later] {
            assert_eq!((said(&outcome), outcome.chain.is_some()), (vec![&ANEW; 2], true), "{outcome:?}");
        }
    });
    assert_eq!(given_up(&server), Vec::<String>::new());
}
