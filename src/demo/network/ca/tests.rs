//! What the CA refuses, and what it gives: asked as a client would, without the sockets.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;

use super::refusal::Refusal;
use super::reply::Reply;
use super::*;
use crate::acme::{AccountKey, Signer, request, signed};

const BASE: &str = "https://127.0.0.1:14000";

/// RFC 7515, appendix A.3.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

fn key() -> AccountKey {
    AccountKey::from_jwk(KEY.as_bytes()).unwrap()
}

/// A CA that looks where nobody is.
fn ca() -> Arc<Ca> {
    ca_asking(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)))
}

/// A CA that asks this name server.
fn ca_asking(names: SocketAddr) -> Arc<Ca> {
    Arc::new(Ca {
        base: BASE.into(),
        nonces: Nonces::default(),
        book: Mutex::default(),
        issuer: Issuer::new().unwrap(),
        validation: Validation { names, http_port: 9 },
    })
}

/// A request that is as it should be.
fn jws(ca: &Ca, account: Option<&str>, path: &str, payload: &str) -> serde_json::Value {
    let nonce = ca.nonces.give().unwrap();
    signed(Signer { key: &key(), account }, &format!("{BASE}{path}"), &nonce, payload).unwrap()
}

async fn send(ca: &Arc<Ca>, path: &str, jws: &serde_json::Value) -> Result<Reply, Refusal> {
    ca.post(path, jws.to_string().as_bytes()).await
}

/// An account's request, and what comes of it.
async fn ask(ca: &Arc<Ca>, path: &str, payload: &str) -> Result<Reply, Refusal> {
    send(ca, path, &jws(ca, Some(&format!("{BASE}/acct/0")), path, payload)).await
}

async fn registered() -> Arc<Ca> {
    with_account(ca()).await
}

async fn with_account(ca: Arc<Ca>) -> Arc<Ca> {
    let made = send(&ca, "/new-account", &jws(&ca, None, "/new-account", "{}")).await.unwrap();
    assert_eq!((made.status, &made.headers), (201, &vec![("location", format!("{BASE}/acct/0"))]));
    ca
}

fn kind(answer: Result<Reply, Refusal>) -> &'static str {
    answer.map_or_else(|refusal| refusal.kind, |_| "none")
}

#[tokio::test]
async fn a_signature_nonce_or_url_that_is_wrong_is_refused() {
    let ca = registered().await;
    let account = format!("{BASE}/acct/0");
    let good = |path| jws(&ca, Some(&account), path, "");

    let mut forged = good("/acct/0");
    forged["payload"] = json!("eyJzdGF0dXMiOiJkZWFjdGl2YXRlZCJ9");
    let refusal = send(&ca, "/acct/0", &forged).await.unwrap_err();
    assert_eq!((refusal.kind, refusal.detail.as_str()), ("malformed", "JWS verification error"));

    let once = good("/acct/0");
    assert_eq!(send(&ca, "/acct/0", &once).await.unwrap().status, 200);
    assert_eq!(kind(send(&ca, "/acct/0", &once).await), "badNonce", "it is replayed");

    assert_eq!(kind(send(&ca, "/acct/0", &good("/new-order")).await), "unauthorized", "another URL");

    let mut outside = good("/acct/0");
    outside["header"] = json!({"kid": "x"});
    assert_eq!(kind(send(&ca, "/acct/0", &outside).await), "malformed", "a header that is not signed");

    let mut weak = good("/acct/0");
    let header = json!({"alg": "none", "kid": account, "nonce": "x", "url": account}).to_string();
    weak["protected"] = json!(data_encoding::BASE64URL_NOPAD.encode(header.as_bytes()));
    let refusal = send(&ca, "/acct/0", &weak).await.unwrap_err();
    assert_eq!(refusal.document()["algorithms"], json!(["ES256", "RS256"]));
    assert_eq!(kind(ca.post("/acct/0", b"{").await), "malformed");
}

#[tokio::test]
async fn an_rsa_key_as_certbot_makes_them_is_taken_and_only_its_own_signature() {
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let public = pair.public_key();
    let encode = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    let n = public.modulus().big_endian_without_leading_zero();
    let e = public.exponent().big_endian_without_leading_zero();
    let ca = ca();
    let request = |signed: &str| {
        let nonce = ca.nonces.give().unwrap();
        let jwk = json!({"kty": "RSA", "n": encode(n), "e": encode(e)});
        let header =
            json!({"alg": "RS256", "jwk": jwk, "nonce": nonce, "url": format!("{BASE}/new-account")});
        let (protected, payload) = (encode(header.to_string().as_bytes()), encode(b"{}"));
        let message = format!("{protected}.{payload}{signed}");
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        json!({"protected": protected, "payload": payload, "signature": encode(&signature)})
    };
    assert_eq!(kind(send(&ca, "/new-account", &request("more")).await), "malformed");
    assert_eq!(send(&ca, "/new-account", &request("")).await.unwrap().status, 201);
}

#[tokio::test]
async fn accounts_are_found_by_their_key_and_end_when_they_are_given_up() {
    let ca = ca();
    let find = r#"{"onlyReturnExisting":true}"#;
    let new = |payload| jws(&ca, None, "/new-account", payload);
    assert_eq!(kind(send(&ca, "/new-account", &new(find)).await), "accountDoesNotExist");
    assert_eq!(kind(ask(&ca, "/new-order", "{}").await), "accountDoesNotExist");
    assert_eq!(send(&ca, "/new-account", &new("{}")).await.unwrap().status, 201);
    assert_eq!(send(&ca, "/new-account", &new(find)).await.unwrap().status, 200);
    assert_eq!(ask(&ca, "/acct/0", r#"{"status":"deactivated"}"#).await.unwrap().status, 200);
    assert_eq!(kind(ask(&ca, "/acct/0", "").await), "unauthorized");
}

#[tokio::test]
async fn orders_are_for_names_of_the_sandbox_alone() {
    let ca = registered().await;
    let order =
        |kind: &str, value: &str| json!({"identifiers": [{"type": kind, "value": value}]}).to_string();
    for (payload, refused) in [
        ("{}".to_owned(), "malformed"),
        (order("ip", "127.0.0.1"), "unsupportedIdentifier"),
        (order("dns", "example.com"), "rejectedIdentifier"),
        (order("dns", "*.a.test"), "rejectedIdentifier"),
        (order("dns", "a..test"), "rejectedIdentifier"),
        (order("dns", "A.test"), "none"),
    ] {
        assert_eq!(kind(ask(&ca, "/new-order", &payload).await), refused, "{payload}");
    }
}

const ORDER: &str = r#"{"identifiers":[{"type":"dns","value":"a.test"}]}"#;

fn header(reply: &Reply, name: &str) -> Option<String> {
    reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

#[tokio::test]
async fn a_look_that_fails_is_a_problem_and_ends_the_order() {
    let ca = registered().await;
    ask(&ca, "/new-order", ORDER).await.unwrap();
    let open = ask(&ca, "/authz/0", "").await.unwrap();
    assert_eq!(header(&open, "retry-after").as_deref(), Some("1"));
    let looked = ask(&ca, "/chall/0", "{}").await.unwrap();
    assert_eq!(header(&looked, "link"), Some(format!("<{BASE}/authz/0>;rel=\"up\"")));
    let challenge: serde_json::Value = serde_json::from_str(&looked.body).unwrap();
    assert_eq!((&challenge["status"], &challenge["error"]["status"]), (&json!("invalid"), &json!(400)));
    assert_eq!(challenge["error"]["type"], "urn:ietf:params:acme:error:dns");
    let order = ask(&ca, "/order/0", "").await.unwrap();
    assert!(order.body.contains(r#""status":"invalid""#), "{}", order.body);
}

#[tokio::test]
async fn a_look_that_takes_long_goes_on_and_the_client_is_told_to_ask_again() {
    let silent = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let ca = with_account(ca_asking(silent.local_addr().unwrap())).await;
    ask(&ca, "/new-order", ORDER).await.unwrap();
    let looked = ask(&ca, "/chall/0", "{}").await.unwrap();
    assert!(looked.body.contains(r#""status":"processing""#), "{}", looked.body);
    assert_eq!(header(&looked, "retry-after").as_deref(), Some("1"));
}

/// Orders `a.test`, and takes it for validated.
async fn ready() -> Arc<Ca> {
    let ca = registered().await;
    assert_eq!(ask(&ca, "/new-order", ORDER).await.unwrap().status, 201);
    assert_eq!(kind(ask(&ca, "/order/0/finalize", "{}").await), "orderNotReady");
    ca.book.lock().unwrap().authorizations[0].state = book::State::Valid;
    ca
}

fn csr(names: &[&str], key: &rcgen::KeyPair) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    request(&names, key, false).unwrap().der().to_vec()
}

#[tokio::test]
async fn a_request_for_a_certificate_has_to_be_that_of_the_order() {
    let ca = ready().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let finalize = |csr: Vec<u8>| json!({"csr": data_encoding::BASE64URL_NOPAD.encode(&csr)}).to_string();
    let mut forged = csr(&["a.test"], &key);
    *forged.last_mut().unwrap() ^= 1;
    for wrong in [csr(&["a.test", "b.test"], &key), csr(&["b.test"], &key), forged, b"none".to_vec()] {
        assert_eq!(kind(ask(&ca, "/order/0/finalize", &finalize(wrong)).await), "badCSR");
    }
    assert_eq!(kind(ask(&ca, "/order/0/certificate", "").await), "malformed", "there is none yet");
    let done = ask(&ca, "/order/0/finalize", &finalize(csr(&["A.test"], &key))).await.unwrap();
    assert!(done.body.contains(r#""status":"valid""#), "{}", done.body);
    let chain = ask(&ca, "/order/0/certificate", "").await.unwrap();
    assert_eq!(chain.body.matches("BEGIN CERTIFICATE").count(), 2);
}

#[tokio::test]
async fn an_authorization_that_is_given_up_ends_its_order() {
    let ca = ready().await;
    let given_up = ask(&ca, "/authz/0", r#"{"status":"deactivated"}"#).await.unwrap();
    assert!(given_up.body.contains(r#""status":"deactivated""#), "{}", given_up.body);
    let order = ask(&ca, "/order/0", "").await.unwrap();
    assert!(order.body.contains(r#""status":"invalid""#), "{}", order.body);
}
