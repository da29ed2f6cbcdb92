//! Standalone lineages whose port 80 a web server has: proven over TLS-ALPN-01 on port 443, where that is free.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use serde_json::{Value, json};

use super::killed::send;
use super::site::{Ends, Folders, Report, Site, both, until};
use crate::ca::server::{Reply, Server};
use crate::lab::{run, skip};
use crate::orders::world::{PEBBLE, Pebble};

/// Obtains a lineage, whose conf then says that it is renewed by standalone.
fn standalone(folders: &Folders<'_>, name: &str, words: &str, more: &[&str]) {
    folders.obtain(&format!("{words} --cert-name {name}"), more);
    let conf = format!("etc/renewal/{name}.conf");
    let authenticator = words.split_whitespace().next().expect("a word").trim_start_matches('-');
    folders.edit(&conf, &format!("authenticator = {authenticator}"), "authenticator = standalone");
}

/// The same by the web root of the host.
fn by_webroot(folders: &Folders<'_>, name: &str, names: &str) {
    let www = folders.site.path("www");
    standalone(folders, name, &format!("--webroot -w {} {names}", www.display()), &[]);
}

/// Who listens on a port.
fn listening(site: &Site, port: u16) -> bool {
    let out = run(site.world.command("ss").args(["-Hltn", &format!("sport = :{port}")]));
    !out.stdout.is_empty()
}

/// That the CA looked in this way at whatever names of a lineage it looked at: of a hundred validations Pebble takes one of before
/// again, also where it is told not to.
#[track_caller]
fn looked(report: &Report, name: &str, way: &str) {
    let attempts = report.of(name)["attempts"].as_array().expect("attempts");
    assert!(attempts.iter().all(|attempt| attempt["method"] == way), "{:#}", report.json);
}

fn nginx(site: &Site, starts: bool) {
    let script = match starts {
        true => "nginx </dev/null >/dev/null 2>&1",
        false => "nginx -s stop; while ss -Hltn 'sport = :80' | grep -q .; do sleep 0.05; done",
    };
    run(site.world.command("sh").args(["-c", script]));
}

/// What the report says of a lineage.
fn words(report: &Report, name: &str) -> (String, String) {
    let of = report.of(name);
    let notes: Vec<&str> =
        of["notes"].as_array().expect("notes").iter().map(|note| note.as_str().expect("text")).collect();
    (of["because"].as_str().expect("text").to_owned(), notes.join("\n"))
}

const CERTBOT_RENEWS: &str = "renew --force-renewal --no-random-sleep-on-renew --cert-name";

#[test]
fn a_taken_port_80_is_no_failure_where_port_443_is_free() {
    for pebble in [Pebble::new(), Pebble::newer()] {
        let Some(site) = Site::start(pebble) else { return };
        for folders in site.certbots() {
            by_webroot(&folders, "a.test", "-d a.test,www.a.test");
            by_webroot(&folders, "b.test", "-d b.test,www.a.test");
            let conf = folders.read("etc/renewal/a.test.conf");
            let report = folders.renew(&["--force"]);
            report.assert(&["renewed", "renewed"], 0);
            let (_, notes) = words(&report, "a.test");
            assert!(notes.contains("port 80 is taken by nginx (pid "), "{notes}");
            assert!(notes.contains("proven over TLS-ALPN-01 on port 443"), "{notes}");
            looked(&report, "a.test", "tls-alpn-01");
            looked(&report, "b.test", "tls-alpn-01");
            assert_eq!((folders.live("a.test"), folders.live("b.test")), (2, 2));
            assert_eq!(folders.read("etc/renewal/a.test.conf"), conf);
            assert!(!listening(&site, 443), "port 443 is free again");
            assert_eq!(site.tokens(), Vec::<PathBuf>::new());

            // certbot cannot, and is none the worse for it.
            let said = folders.certbot("certificates");
            assert_eq!(said.matches("(VALID: 89 days)").count(), 2, "{said}");
            let out = folders.certbot_command(&format!("{CERTBOT_RENEWS} a.test")).output().expect("nsenter");
            assert!(both(&out).contains("port 80"), "{}", both(&out));
            assert_eq!(folders.live("a.test"), 2);
            nginx(&site, false);
            folders.certbot(&format!("{CERTBOT_RENEWS} a.test"));
            assert_eq!(folders.live("a.test"), 3);

            // Where both are free, HTTP-01 is the way.
            let report = folders.renew(&["--force", "a.test"]);
            report.assert(&["renewed"], 0);
            assert!(!words(&report, "a.test").1.contains("TLS-ALPN-01"), "{:#}", report.json);
            looked(&report, "a.test", "standalone");
            nginx(&site, true);
        }
    }
}

#[test]
fn an_address_is_proven_by_the_name_of_its_reverse_zone() {
    // certbot takes no common name that is an address, which the older one gives.
    let Some(site) = Site::start(Pebble::newer()) else { return };
    let knows = |folders: &Folders<'_>| folders.certbot("--help all").contains("--ip-address");
    let Some(folders) = site.certbots().into_iter().find(knows) else {
        return skip("needs a certbot that knows addresses");
    };
    by_webroot(&folders, "ip", "--ip-address 127.0.0.1");
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    assert!(words(&report, "ip").1.contains("TLS-ALPN-01"), "{:#}", report.json);
    assert_eq!((folders.live("ip"), folders.cert("ip").names), (2, vec!["127.0.0.1".to_owned()]));
}

#[test]
fn with_both_ports_taken_nothing_is_ordered_and_both_are_named() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    by_webroot(&folders, "a.test", "-d a.test,www.a.test");
    let live = folders.path("etc/live/a.test");
    let live = live.display();
    site.nginx(
        "tls",
        &format!(
            "server {{ listen 443 ssl; ssl_certificate {live}/fullchain.pem; ssl_certificate_key {live}/privkey.pem; }}\n"
        ),
    );
    let before = site.orders();
    let report = folders.renew(&["--force"]);
    report.assert(&["failed"], 2);
    let (because, _) = words(&report, "a.test");
    for port in ["port 80 is taken by nginx (pid ", "port 443 is taken by nginx (pid "] {
        assert!(because.contains(port), "{because}");
    }
    let (told, code) = folders.told(&["--force"]);
    assert!(told.contains("port80-taken-standalone"), "{told}");
    assert_eq!((code, site.orders(), folders.live("a.test")), (Some(2), before, 1));

    // A hook that makes room is the way that it was.
    let hooks =
        "[renewalparams]\npre_hook = nginx -s stop; sleep 0.5\npost_hook = nginx </dev/null >/dev/null 2>&1";
    folders.edit("etc/renewal/a.test.conf", "[renewalparams]", hooks);
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    assert!(!words(&report, "a.test").1.contains("TLS-ALPN-01"), "{:#}", report.json);
    looked(&report, "a.test", "standalone");
}

#[test]
fn a_hook_of_another_lineage_frees_the_port_after_it_was_found_taken() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    by_webroot(&folders, "a.test", "-d a.test");
    by_webroot(&folders, "z.test", "-d z.test");
    let hooks =
        "[renewalparams]\npre_hook = nginx -s stop; sleep 0.5\npost_hook = nginx </dev/null >/dev/null 2>&1";
    folders.edit("etc/renewal/z.test.conf", "[renewalparams]", hooks);
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed", "renewed"], 0);
    assert!(words(&report, "a.test").1.contains("TLS-ALPN-01"), "{:#}", report.json);
    assert!(!words(&report, "z.test").1.contains("TLS-ALPN-01"), "{:#}", report.json);
    assert!(!listening(&site, 443) && listening(&site, 80));
}

#[test]
fn the_preferred_challenges_and_wildcards_decide_before_the_ports_do() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    by_webroot(&folders, "http.test", "-d http.test");
    by_webroot(&folders, "tls.test", "-d tls.test");
    let set = folders.hook(
        "txt",
        "curl -s -d '{\"host\":\"_acme-challenge.'$CERTBOT_DOMAIN'.\",\"value\":\"'$CERTBOT_VALIDATION'\"}' \
         http://127.0.0.1:8055/set-txt",
    );
    standalone(
        &folders,
        "wild.test",
        "--manual --preferred-challenges dns -d *.wild.test",
        &["--manual-auth-hook", &set],
    );
    let prefer = |name: &str, challenges: &str| {
        let text = folders.read(&format!("etc/renewal/{name}.conf"));
        let kept: String = text
            .lines()
            .filter(|line| !line.starts_with("pref_challs"))
            .map(|line| format!("{line}\n"))
            .collect();
        let params = format!("[renewalparams]\npref_challs = {challenges}");
        let text = kept.replace("[renewalparams]", &params);
        std::fs::write(folders.path(&format!("etc/renewal/{name}.conf")), text).expect("written");
    };
    prefer("http.test", "http-01,");
    prefer("tls.test", "tls-alpn-01, http-01");
    prefer("wild.test", "tls-alpn-01,");
    let before = site.orders();
    let report = folders.renew(&["--force"]);
    report.assert(&["failed", "renewed", "failed"], 2);
    assert_eq!(site.orders(), before + 1);
    let (because, _) = words(&report, "http.test");
    assert!(
        because.contains("port 80 is taken by nginx") && because.contains("leave http-01 alone"),
        "{because}"
    );
    assert!(words(&report, "wild.test").0.contains("*.wild.test"), "{:#}", report.json);

    // What asks for the one port fails with that alone.
    let holder = "import socket, time; s = socket.create_server(('127.0.0.1', 443)); time.sleep(600)";
    let mut holder = site.world.command("python3").args(["-c", holder]).spawn().map(Ends).expect("nsenter");
    until("port 443 is taken", || listening(&site, 443));
    prefer("http.test", "tls-alpn-01,");
    let report = folders.renew(&["--force", "http.test"]);
    report.assert(&["failed"], 2);
    let (because, _) = words(&report, "http.test");
    assert!(because.contains("port 443 is taken by python3") && !because.contains("80"), "{because}");
    nginx(&site, false);
    let report = folders.renew(&["--force", "tls.test"]);
    report.assert(&["renewed"], 0);
    let (_, notes) = words(&report, "tls.test");
    assert!(notes.contains("port 443 is taken by python3") && notes.contains("over HTTP-01"), "{notes}");
    send(&holder.0, "-KILL");
    holder.0.wait().expect("its end");

    let report = folders.renew(&["--force", "http.test", "tls.test"]);
    report.assert(&["renewed", "renewed"], 0);
    for name in ["http.test", "tls.test"] {
        let (_, notes) = words(&report, name);
        assert!(
            notes.contains("put tls-alpn-01 first") && notes.contains("TLS-ALPN-01 on port 443"),
            "{notes}"
        );
        looked(&report, name, "tls-alpn-01");
    }
    assert_eq!(folders.live("tls.test"), 4);
}

#[test]
fn a_port_that_a_proxy_leads_to_is_the_one_that_is_opened() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    site.nginx(
        "a.test",
        "server { listen 80; server_name a.test; location /.well-known/acme-challenge/ { proxy_pass http://127.0.0.1:8888; } }\n",
    );
    let folders = site.debian();
    folders.obtain("--standalone --http-01-port 8888 -d a.test", &[]);
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    looked(&report, "a.test", "standalone");
    assert!(!words(&report, "a.test").1.contains("port 80"), "{:#}", report.json);
    assert_eq!(site.listens(), Vec::<String>::new());
    let mut dry = folders.command(env!("CARGO_BIN_EXE_acme-audit"), &["dry-run", "--local"]);
    dry.args(["--resolver", "127.0.0.1:8053", "--allow-private-addresses", "--color", "never"]);
    let out = dry.arg("--state-dir").arg(folders.path("state")).output().expect("nsenter");
    assert_eq!(out.status.code(), Some(0), "{}", both(&out));
    folders.certbot(&format!("{CERTBOT_RENEWS} a.test"));
    assert_eq!(folders.live("a.test"), 3);
}

#[test]
fn a_failure_on_port_443_is_told_without_the_causes_of_port_80() {
    // The CA looks at another port, where nobody is.
    let Some(site) = Site::start(Pebble::new().set("tlsPort", 4443.into())) else { return };
    let folders = site.debian();
    by_webroot(&folders, "a.test", "-d a.test");
    // Another account has no validation of before.
    std::fs::remove_dir_all(folders.path("etc/accounts")).expect("removed");
    let words = ["--force", "--server", PEBBLE, "--agree-tos"];
    let report = folders.renew(&words);
    report.assert(&["failed"], 2);
    looked(&report, "a.test", "tls-alpn-01");
    assert!(report.of("a.test")["attempts"][0]["id"].is_null(), "{:#}", report.json);
    let (told, _) = folders.told(&words);
    assert!(told.contains("CA says") && told.contains("on port 443"), "{told}");
    assert!(!told.contains("connection-refused"), "{told}");
    assert_eq!(folders.live("a.test"), 1);
}

/// A CA with one challenge of each name, which fails by this kind of problem once it is told to look.
fn scripted(challenge: &'static str, kind: &'static str) -> Server {
    let told = AtomicBool::new(false);
    Server::start(move |request| {
        let made = |location: &'static str, body: Value| Reply::Answer(201, location, body.to_string());
        let ok = |body: Value| Reply::Answer(200, "Replay-Nonce: bm9uY2U\r\n", body.to_string());
        let status = |before: &'static str| if told.load(SeqCst) { "invalid" } else { before };
        let challenge = |status: &str| {
            let mut all =
                json!({"type": challenge, "url": "ORIGIN/challenge", "token": "dG9rZW4", "status": status});
            if status == "invalid" {
                let kind = format!("urn:ietf:params:acme:error:{kind}");
                all["error"] =
                    json!({"type": kind, "detail": "CAA record for a.test prevents issuance", "status": 403});
            }
            all
        };
        match request.path.as_str() {
            "/directory" => ok(
                json!({"newNonce": "ORIGIN/nonce", "newAccount": "ORIGIN/account", "newOrder": "ORIGIN/order"}),
            ),
            "/nonce" => ok(Value::Null),
            "/account" => {
                made("Location: ORIGIN/account/1\r\nReplay-Nonce: bm9uY2U\r\n", json!({"status": "valid"}))
            }
            "/order" => made(
                "Location: ORIGIN/order/1\r\nReplay-Nonce: bm9uY2U\r\n",
                json!({"status": "pending", "finalize": "ORIGIN/finalize", "authorizations": ["ORIGIN/authz"]}),
            ),
            "/authz" => {
                ok(json!({"status": status("pending"), "identifier": {"type": "dns", "value": "a.test"},
                "challenges": [challenge(status("pending"))]}))
            }
            "/challenge" => {
                told.store(true, SeqCst);
                ok(challenge("invalid"))
            }
            _ => Reply::Answer(404, "", String::new()),
        }
    })
}

#[test]
fn a_ca_that_does_not_offer_it_or_may_not_by_caa_is_told_as_it_is() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    by_webroot(&folders, "a.test", "-d a.test");
    let at = |challenge: &'static str, kind: &'static str| {
        let ca = site.world.within(move || scripted(challenge, kind));
        let server = format!("{}/directory", ca.origin);
        let mut ours = folders.renewal(&["--force", "--server", &server, "--agree-tos"]);
        let out = ours.env("REQUESTS_CA_BUNDLE", &ca.bundle).output().expect("nsenter");
        assert_eq!(out.status.code(), Some(2), "{}", both(&out));
        assert_eq!(ca.asked().iter().filter(|request| request.path == "/order").count(), 1);
        both(&out).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = at("http-01", "unauthorized");
    for words in ["offers only http-01", "port 80 is taken by nginx", "port80-taken-standalone"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = at("tls-alpn-01", "caa");
    assert!(told.contains("prevents issuance"), "{told}");
    assert!(told.contains("explain caa-validationmethods-mismatch"), "{told}");
    assert!(!told.contains("caa-forbids-issuer"), "{told}");
    assert!(!listening(&site, 443));
}

#[test]
fn a_signal_in_the_middle_frees_port_443() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    by_webroot(&folders, "a.test", "-d a.test");
    let free = folders.path("free");
    let post = format!("ss -Hltn 'sport = :443' | grep -q . || touch {}", free.display());
    folders.edit(
        "etc/renewal/a.test.conf",
        "[renewalparams]",
        &format!("[renewalparams]\npost_hook = {post}"),
    );
    let ca = |signal: &str| {
        run(site.world.command("sh").args(["-c", &format!("kill {signal} $(pidof pebble)")]));
    };
    for (signal, code) in [("-TERM", Some(143)), ("-INT", Some(130)), ("-KILL", None)] {
        let _ = std::fs::remove_file(&free);
        // It is to wait for the CA, which would be done a tenth of a second after that.
        let stop =
            "ca=$(pidof pebble); until ss -Hltn 'sport = :443' | grep -q .; do :; done; kill -STOP $ca";
        let mut stop = site.world.command("sh").args(["-c", stop]).spawn().expect("nsenter");
        let mut ours = folders.renewal(&["--force"]);
        let mut ours = ours.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nsenter");
        assert!(stop.wait().expect("its end").success());
        let open = both(&run(site.world.command("ss").args(["-Hltn", "sport = :443"])));
        assert!(open.contains("0.0.0.0:443") && open.contains("[::]:443"), "{open}");
        send(&ours, signal);
        assert_eq!(ours.wait().expect("its end").code(), code);
        assert!(!listening(&site, 443), "{signal}");
        assert_eq!(free.exists(), code.is_some(), "it is free before post hooks run");
        ca("-CONT");
        assert_eq!(folders.live("a.test"), 1);
    }
    folders.renew(&["--force"]).assert(&["renewed"], 0);
    folders.certbot(&format!("certificates --server {PEBBLE}"));
}

#[test]
fn a_port_that_a_pre_hook_frees_a_little_later_is_waited_for() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let hooks = "[renewalparams]\npre_hook = (sleep 1; nginx -s stop) >/dev/null 2>&1 &\npost_hook = nginx";
    folders.edit("etc/renewal/a.test.conf", "[renewalparams]", hooks);
    folders.edit("etc/renewal/a.test.conf", "authenticator = webroot", "authenticator = standalone");
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    // Port 443 is free all the time.
    looked(&report, "a.test", "standalone");
}

#[test]
fn an_address_that_a_conf_names_is_free_beside_a_server_on_another_one() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let root = site.path("www").display().to_string();
    site.nginx("default", &format!("server {{ listen 127.0.0.1:80 default_server; root {root}; }}"));
    // nginx keeps the sockets that it had until it is started again.
    nginx(&site, false);
    nginx(&site, true);
    let body = r#"{"host":"mail.test","addresses":["127.0.0.2"]}"#;
    run(site.world.command("curl").args(["-sS", "-f", "-d", body, "http://127.0.0.1:8055/add-a"]));
    folders.obtain("--standalone --http-01-address 127.0.0.2 -d mail.test", &[]);
    let (told, code) = folders.dry_run();
    assert_eq!(code, Some(0), "{told}");
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    looked(&report, "mail.test", "standalone");

    // A listener of our own on one address is not in the way of one on all.
    nginx(&site, false);
    folders.obtain("--standalone -d z.test", &[]);
    let (told, code) = folders.dry_run();
    assert_eq!(code, Some(0), "{told}");
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed", "renewed"], 0);
    ["mail.test", "z.test"].iter().for_each(|name| looked(&report, name, "standalone"));
    assert_eq!(site.listens(), Vec::<String>::new());
}
