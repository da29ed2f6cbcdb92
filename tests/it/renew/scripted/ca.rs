//! CAs below the paths of one server: they validate and issue, except where a script says otherwise.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64URL_NOPAD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair,
};
use rustls::pki_types::CertificateSigningRequestDer;
use serde_json::{Value, json};

use crate::ca::server::{Reply, Request, Server};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Directory,
    Nonce,
    Account,
    NewOrder,
    Authz,
    Challenge,
    Finalize,
    Order,
    Cert,
}

/// A request to one of the CAs.
pub struct Visit<'a> {
    /// The CA's path, which is the first part of the lineage's name.
    pub mood: &'a str,
    pub step: Step,
    /// How often this was asked of this CA before.
    pub nth: usize,
    /// What it sends.
    pub payload: Value,
    /// The number of the order.
    pub number: usize,
    /// The name that an authorization or a challenge is of.
    pub name: &'a str,
    /// The request for the certificate, once there is one.
    pub csr: Option<&'a [u8]>,
    /// Who issues.
    pub issuer: &'a Authority,
}

/// A certificate authority below a root.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub cert: Certificate,
    pub root: Certificate,
}

/// The server.
pub struct Cas {
    pub server: Server,
    pub issuer: Arc<Authority>,
    /// The certificates to trust: the server's and the authority's.
    pub bundle: PathBuf,
}

#[derive(Default)]
struct State {
    visits: HashMap<(String, Step), usize>,
    /// By CA and number of the order.
    names: HashMap<(String, usize), Vec<String>>,
    csrs: HashMap<(String, usize), Vec<u8>>,
    told: Vec<String>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let made = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).expect("names");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            (params, KeyPair::generate().expect("a key"))
        };
        let ((root_params, root_key), (params, key)) = (made(&format!("{name} root")), made(name));
        let root = root_params.self_signed(&root_key).expect("a root");
        let cert = params.signed_by(&key, &Issuer::new(root_params, root_key)).expect("a certificate");
        Self { issuer: Issuer::new(params, key), cert, root }
    }

    /// A certificate for a request, after a change.
    pub fn signed(&self, csr: &[u8], change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let mut asked = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(csr))
            .expect("a request");
        let now = time::OffsetDateTime::now_utc();
        asked.params.not_before = now - time::Duration::hours(1);
        asked.params.not_after = now + time::Duration::days(90);
        change(&mut asked.params);
        asked.signed_by(&self.issuer).expect("a certificate")
    }

    /// A certificate for a key of our own.
    pub fn certifies(&self, params: &CertificateParams, key: &KeyPair) -> Certificate {
        params.signed_by(key, &self.issuer).expect("a certificate")
    }

    /// The chain of one of its certificates.
    pub fn chain(&self, leaf: &Certificate) -> String {
        leaf.pem() + &self.cert.pem()
    }
}

impl Visit<'_> {
    /// A problem of ACME.
    pub fn problem(&self, status: u16, headers: &str, kind: &str, detail: &str) -> Reply {
        let body = json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail});
        let nonce = if self.step == Step::Nonce { "" } else { "Replay-Nonce: bm9uY2U\r\n" };
        let headers = format!("{nonce}Content-Type: application/problem+json\r\n{headers}");
        Reply::Bytes(status, headers, body.to_string().into_bytes())
    }

    /// An order in this state.
    pub fn order(&self, status: &str, more: Value) -> Reply {
        let Self { mood, number, .. } = self;
        let mut order = json!({"status": status, "finalize": format!("ORIGIN/{mood}/finalize/{number}"),
            "authorizations": [], "certificate": format!("ORIGIN/{mood}/cert/{number}")});
        for (name, value) in more.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        Reply::Answer(200, "Replay-Nonce: bm9uY2U\r\n", order.to_string())
    }

    /// What is asked for in the request of the certificate.
    pub fn csr(&self) -> &[u8] {
        self.csr.expect("a request came before")
    }
}

impl Cas {
    /// The CAs, which answer as the script says and well where it says nothing.
    pub fn start(script: impl Fn(&Visit<'_>) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let issuer = Arc::new(Authority::new("scripted"));
        let (state, own) = (Mutex::<State>::default(), issuer.clone());
        let server = Server::start(move |request| answer(request, &state, &own, &script));
        let bundle = server.bundle.with_file_name("bundle.pem");
        let text = std::fs::read_to_string(&server.bundle).expect("the bundle") + &issuer.root.pem();
        std::fs::write(&bundle, text).expect("written");
        Self { server, issuer, bundle }
    }

    pub fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// How often something was asked of one of them.
    pub fn asked(&self, mood: &str, step: Step) -> usize {
        let is = |request: &Request| read(&request.path).is_some_and(|(m, s, _, _)| m == mood && s == step);
        self.server.asked().iter().filter(|request| is(request)).count()
    }

    /// How many orders were placed at one of them.
    pub fn orders(&self, mood: &str) -> usize {
        self.asked(mood, Step::NewOrder)
    }
}

/// The CA, what is asked for, the number of the order, and the name.
fn read(path: &str) -> Option<(&str, Step, usize, &str)> {
    let mut parts = path.trim_start_matches('/').split('/');
    let (mood, what) = (parts.next()?, parts.next()?);
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let step = match what {
        "directory" => Step::Directory,
        "nonce" => Step::Nonce,
        "account" => Step::Account,
        "new-order" => Step::NewOrder,
        "authz" => Step::Authz,
        "challenge" => Step::Challenge,
        "finalize" => Step::Finalize,
        "order" => Step::Order,
        "cert" => Step::Cert,
        _ => return None,
    };
    Some((mood, step, number, parts.next().unwrap_or_default()))
}

fn answer(
    request: &Request,
    state: &Mutex<State>,
    issuer: &Authority,
    script: &dyn Fn(&Visit<'_>) -> Option<Reply>,
) -> Reply {
    let Some((mood, step, number, name)) = read(&request.path) else {
        return Reply::Answer(404, "", String::new());
    };
    let payload = request.payload();
    let (visit, names, told) = {
        let mut state = state.lock().expect("the state");
        let visits = state.visits.entry((mood.to_owned(), step)).or_default();
        let nth = std::mem::replace(visits, *visits + 1);
        let number = if step == Step::NewOrder { nth } else { number };
        let at = (mood.to_owned(), number);
        if step == Step::NewOrder {
            let names = payload["identifiers"].as_array().expect("identifiers").iter();
            let names = names.map(|one| one["value"].as_str().expect("text").to_owned()).collect();
            state.names.insert(at.clone(), names);
        }
        let csr = state.csrs.get(&at).cloned();
        let told = state.told.contains(&request.path);
        ((mood, step, nth, payload, number, csr), state.names.get(&at).cloned().unwrap_or_default(), told)
    };
    let (mood, step, nth, payload, number, csr) = visit;
    let visit = Visit { mood, step, nth, payload, number, name, csr: csr.as_deref(), issuer };
    let scripted = script(&visit);
    let refused = |reply: &Reply| matches!(reply, Reply::Answer(400.., ..) | Reply::Bytes(400.., ..));
    let asked = visit.payload["csr"].as_str().filter(|_| !scripted.as_ref().is_some_and(refused));
    if let (Step::Finalize, Some(csr)) = (step, asked) {
        let csr = BASE64URL_NOPAD.decode(csr.as_bytes()).expect("base64url");
        state.lock().expect("the state").csrs.insert((mood.to_owned(), number), csr);
    }
    if let Some(reply) = scripted {
        return reply;
    }
    if step == Step::Challenge {
        let authorization = request.path.replace("/challenge/", "/authz/");
        state.lock().expect("the state").told.push(authorization);
    }
    well(&visit, &names, told)
}

/// What a CA that is well answers.
fn well(visit: &Visit<'_>, names: &[String], told: bool) -> Reply {
    const NONCE: &str = "Replay-Nonce: bm9uY2U\r\n";
    let Visit { mood, number, name, .. } = visit;
    let at = |what: &str| format!("ORIGIN/{mood}/{what}");
    let ok = |body: Value| Reply::Answer(200, NONCE, body.to_string());
    let order = |status: &str| {
        let all: Vec<String> = names.iter().map(|name| at(&format!("authz/{number}/{name}"))).collect();
        let identifiers: Vec<Value> =
            names.iter().map(|name| json!({"type": "dns", "value": name})).collect();
        json!({"authorizations": all, "identifiers": identifiers, "status": status,
            "finalize": at(&format!("finalize/{number}")), "certificate": at(&format!("cert/{number}"))})
    };
    let challenge = |status: &str| {
        json!({"type": "http-01", "url": at(&format!("challenge/{number}/{name}")), "status": status,
            "token": format!("token-{mood}-{number}-{}", name.replace('.', "-"))})
    };
    let with = |status: u16, headers: String, body: Value| {
        Reply::Bytes(status, format!("{NONCE}{headers}"), body.to_string().into_bytes())
    };
    match visit.step {
        Step::Directory => ok(json!({"newNonce": at("nonce"), "newAccount": at("account"),
            "newOrder": at("new-order"), "revokeCert": at("revoke"), "keyChange": at("change"), "meta": {}})),
        Step::Nonce => Reply::Answer(200, NONCE, String::new()),
        Step::Account => {
            with(201, format!("Location: {}/1\r\n", at("account")), json!({"status": "valid", "contact": []}))
        }
        Step::NewOrder => with(201, format!("Location: {}/{number}\r\n", at("order")), order("pending")),
        Step::Authz => {
            let status = if told { "valid" } else { "pending" };
            ok(json!({"status": status, "identifier": {"type": "dns", "value": name},
                "challenges": [challenge(status)]}))
        }
        Step::Challenge => {
            let up = format!("Link: <{}>;rel=\"up\"\r\n", at(&format!("authz/{number}/{name}")));
            with(200, up, challenge("processing"))
        }
        Step::Finalize => ok(order("valid")),
        Step::Order if visit.csr.is_none() => ok(order("ready")),
        Step::Order => ok(order("valid")),
        Step::Cert => {
            let leaf = visit.issuer.signed(visit.csr(), |_| ());
            Reply::Answer(200, NONCE, visit.issuer.chain(&leaf))
        }
    }
}
