//! The checks of the CA, against a server that says what real ones cannot be made to say.

mod apart;
mod interception;
mod proxy;
mod real_log;
pub mod server;

use serde_json::Value;

use crate::program::{AT, Host, run, run_with};
use server::{Reply, Request, Script, Server};

const DIRECTORY: &str = r#"{"newNonce": "ORIGIN/nonce", "newAccount": "ORIGIN/account", "newOrder": "ORIGIN/order",
    "meta": {"termsOfService": "ORIGIN/terms"}}"#;

/// A CA in good order, whatever it is asked.
fn healthy(request: &Request) -> Reply {
    match request.path.as_str() {
        "/directory" => Reply::Answer(200, "", DIRECTORY.into()),
        "/nonce" => Reply::Answer(200, "Replay-Nonce: bm9uY2U\r\n", String::new()),
        "/account" => Reply::Answer(200, "Location: /account/1\r\n", r#"{"status": "valid"}"#.into()),
        _ => Reply::Answer(404, "", String::new()),
    }
}

/// The same with another directory.
fn with_directory(request: &Request, directory: &str) -> Reply {
    match request.path.as_str() {
        "/directory" => Reply::Answer(200, "", directory.into()),
        _ => healthy(request),
    }
}

/// The same with another word about the account.
fn with_account(request: &Request, status: u16, body: &str) -> Reply {
    match request.path.as_str() {
        "/account" => Reply::Answer(status, "", body.into()),
        _ => healthy(request),
    }
}

/// A host with one lineage at this CA.
fn host(server: &Server, more: &str) -> Host {
    let origin = &server.origin;
    Host::manifest(&format!(
        "packaged pip-certbot-5.8\npackaged debian-nginx\n\
         account as=main server={origin}/directory key=p256\ndir /var/www/html\n\
         lineage shop.test server={origin}/directory account=main webroot=/var/www/html versions=2\n  \
         conf renew_hook = systemctl reload nginx\n{more}\nnginx-site shop.test\n"
    ))
}

fn stderr_of(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The report for programs, and what is loud or noted in it about the CA.
fn report(server: &Server, host: &Host, trusted: bool) -> (Value, Vec<String>) {
    report_with(server, host, trusted, &[])
}

/// The same of a program with these variables.
fn report_with(
    server: &Server,
    host: &Host,
    trusted: bool,
    variables: &[(&str, &str)],
) -> (Value, Vec<String>) {
    let root = host.root().to_string_lossy().into_owned();
    let bundle = server.bundle.to_string_lossy().into_owned();
    // Nobody answers there: what is not the CA stays unknown.
    let mut args =
        vec!["--root", &root, "--at", AT, "--online", "--resolver", "127.0.0.1:1", "--format", "json"];
    if trusted {
        args.extend(["--ca-bundle", &bundle]);
    }
    let output = run_with(&args, variables);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr_of(&output)));
    let said = report["findings"].as_array().expect("findings").iter().map(|finding| {
        let (id, severity) =
            (finding["id"].as_str().expect("an id"), finding["severity"].as_str().expect("one"));
        format!("{severity} {id}")
    });
    let said = said.collect();
    (report, said)
}

fn said(script: Script) -> Vec<String> {
    let server = Server::start(script);
    report(&server, &host(&server, ""), true).1
}

#[test]
fn a_healthy_ca_is_silent_and_never_asked_for_anything_new() {
    let server = Server::start(healthy);
    assert_eq!(report(&server, &host(&server, ""), true).1, Vec::<String>::new());
    let asked = server.asked();
    let paths: Vec<&str> = asked.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/directory", "/nonce", "/account"]);
    let jws: Value = serde_json::from_str(&asked[2].body).expect("a JWS");
    let decode = |member: &str| -> Value {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(jws[member].as_str().expect("text").as_bytes());
        serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
    };
    assert_eq!(decode("payload"), serde_json::json!({"onlyReturnExisting": true}));
    assert!(decode("protected")["jwk"]["d"].is_null(), "the private half stays here");
}

#[test]
fn a_server_that_is_not_trusted_is_told_as_one() {
    let server = Server::start(healthy);
    assert_eq!(report(&server, &host(&server, ""), false).1, ["may-fail ca-cert-not-trusted-by-client"]);
}

#[test]
fn accounts_that_the_ca_refuses_will_fail() {
    assert_eq!(
        said(|r| with_account(
            r,
            400,
            r#"{"type": "urn:ietf:params:acme:error:accountDoesNotExist", "detail": "no"}"#
        )),
        ["will-fail account-unknown-to-ca"]
    );
    assert_eq!(
        said(|r| with_account(
            r,
            403,
            r#"{"type": "urn:ietf:params:acme:error:unauthorized", "detail": "deactivated"}"#
        )),
        ["will-fail account-deactivated"]
    );
    assert_eq!(said(|r| with_account(r, 200, r#"{"status": "revoked"}"#)), ["will-fail account-deactivated"]);
}

#[test]
fn new_terms_will_fail_with_the_page_that_the_ca_names() {
    let changed = |headers: &'static str, instance: &str| {
        let problem = "\"type\": \"urn:ietf:params:acme:error:userActionRequired\", \"detail\": \"Terms of service have changed\"";
        Reply::Answer(403, headers, format!("{{{problem}{instance}}}"))
    };
    const LINK: &str = "Link: <https://ca.test/new-terms>;rel=\"terms-of-service\"\r\n";
    for (answer, page) in [
        (changed(LINK, ", \"instance\": \"https://ca.test/agree\""), "https://ca.test/agree"),
        (changed(LINK, ""), "https://ca.test/new-terms"),
        (changed("", ""), "/terms"),
    ] {
        let Reply::Answer(status, headers, body) = answer else { panic!("an answer") };
        let server = Server::start(move |request: &Request| match request.path.as_str() {
            "/account" => Reply::Answer(status, headers, body.clone()),
            _ => healthy(request),
        });
        let (report, said) = report(&server, &host(&server, ""), true);
        assert_eq!(said, ["will-fail tos-or-email"]);
        let fix = report["findings"][0]["fix"]["summary"].as_str().expect("a fix");
        assert!(fix.contains(page), "{fix}");
    }
}

#[test]
fn what_says_nothing_of_the_account_is_unknown() {
    for script in [
        (|r: &Request| with_account(r, 200, "<html>")) as Script,
        |r| with_account(r, 400, r#"{"type": "urn:ietf:params:acme:error:malformed"}"#),
        |r| with_account(r, 400, r#"{"type": "urn:ietf:params:acme:error:badNonce"}"#),
        |r| if r.path == "/nonce" { Reply::Answer(200, "", String::new()) } else { healthy(r) },
    ] {
        let server = Server::start(script);
        let (report, said) = report(&server, &host(&server, ""), true);
        let skipped = report["skipped"].as_array().expect("skipped");
        let unknown = skipped.iter().any(|s| s["id"] == "account-deactivated" && s["kind"] == "unknown");
        // `200` with a page is no account that could be used.
        assert!(
            unknown && said.is_empty() || said == ["will-fail account-deactivated"],
            "{said:?} {skipped:#?}"
        );
    }
}

#[test]
fn a_busy_server_is_a_note_and_one_that_is_none_may_fail() {
    assert_eq!(said(|_| Reply::Answer(500, "", "busy".into())), ["note ca-outage-or-busy"]);
    assert_eq!(said(|_| Reply::Answer(404, "", "nothing".into())), ["may-fail cannot-reach-ca"]);
    assert_eq!(said(|_| Reply::Answer(200, "", "<html>sign in</html>".into())), ["may-fail cannot-reach-ca"]);
    assert_eq!(said(|r| with_directory(r, "{}")), ["may-fail cannot-reach-ca"]);
    assert_eq!(said(|r| with_directory(r, "[1, 2]")), ["may-fail cannot-reach-ca"]);
    assert_eq!(said(|_| Reply::Half), ["may-fail cannot-reach-ca"]);
    assert_eq!(said(|_| Reply::Endless), ["may-fail cannot-reach-ca"]);
}

#[test]
fn a_busy_server_is_said_with_its_time_and_leaves_the_account_unknown() {
    const LATER: &str = "Retry-After: 86400\r\n";
    let busy = || {
        let problem =
            r#"{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "Service busy; retry later."}"#;
        Reply::Answer(503, LATER, problem.into())
    };
    for asked in ["/directory", "/account"] {
        let server = Server::start(move |request: &Request| match &request.path {
            path if path == asked => busy(),
            _ => healthy(request),
        });
        let (report, said) = report(&server, &host(&server, ""), true);
        assert_eq!(said, ["note ca-outage-or-busy"], "{asked}");
        let says = report["findings"][0]["says"].as_str().expect("text");
        let (_, until) = says.split_once("Service busy; retry later.; not before ").expect("its time");
        assert!(until.starts_with("20") && until.ends_with(" UTC"), "{says}");
        let skipped = report["skipped"].as_array().expect("skipped");
        let unknown = skipped.iter().any(|s| s["id"] == "account-deactivated" && s["kind"] == "unknown");
        assert_eq!(unknown, asked == "/account", "{skipped:#?}");
    }
}

#[test]
fn a_server_that_says_nothing_costs_its_deadline() {
    let server = Server::start(|_| Reply::Silence);
    let host = host(&server, "");
    let (root, bundle) =
        (host.root().to_string_lossy().into_owned(), server.bundle.to_string_lossy().into_owned());
    let args = [
        "--root",
        &root,
        "--at",
        AT,
        "--online",
        "--resolver",
        "127.0.0.1:1",
        "--deadline",
        "2",
        "--ca-bundle",
        &bundle,
    ];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr_of(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("no answer in time"));
}

#[test]
fn what_the_ca_says_of_itself_outranks_what_is_known() {
    let profiles: Script = |r| {
        with_directory(
            r,
            r#"{"newNonce": "ORIGIN/nonce", "newAccount": "ORIGIN/account",
            "meta": {"profiles": {"classic": "90 days", "short": "6 days"}, "caaIdentities": ["ca.test"]}}"#,
        )
    };
    let server = Server::start(profiles);
    let offered = host(&server, "  conf required_profile = short");
    assert_eq!(report(&server, &offered, true).1, Vec::<String>::new());
    let gone = host(&server, "  conf required_profile = long");
    assert_eq!(report(&server, &gone, true).1, ["will-fail required-profile-gone"]);
}

#[test]
fn renewal_information_decides_when_it_is_due() {
    let moved: Script = |r| match r.path.as_str() {
        "/directory" => Reply::Answer(
            200,
            "",
            r#"{"newNonce": "ORIGIN/nonce", "newAccount": "ORIGIN/account",
            "renewalInfo": "ORIGIN/ari"}"#
                .into(),
        ),
        path if path.starts_with("/ari/") => Reply::Answer(
            200,
            "Retry-After: 21600\r\n",
            r#"{"suggestedWindow": {"start": "2026-11-25T00:00:00Z", "end": "2026-11-26T00:00:00Z"},
                "explanationURL": "https://ca.test/why"}"#
                .into(),
        ),
        _ => healthy(r),
    };
    let server = Server::start(moved);
    let (report, said) = report(&server, &host(&server, ""), true);
    assert_eq!(said, ["note ari-window-moved"]);
    let forecast = &report["lineages"][0]["forecast"];
    assert_eq!(forecast["due_at"], "2026-11-25T00:00:00Z");
    assert_eq!(forecast["due_by"], "2026-11-26T00:00:00Z");
    assert_eq!(
        (&forecast["due_because"], &forecast["ari_predicted"]),
        (&Value::from("ari"), &Value::from(false))
    );
}
