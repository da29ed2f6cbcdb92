//! The whole program at real CAs that are not at their best: nonces refused, validations used again, slow, bound to
//! accounts from elsewhere, and made by somebody else.

use serde_json::{Value, json};

use crate::lab::{lab, run};
use crate::orders::caddy;
use crate::orders::world::{PEBBLE, Pebble, World, bundle};

/// Where Pebble looks, and our listener is: on port 80 of these worlds there is another server.
const PORT: &str = "5002";

fn pebble() -> Pebble {
    Pebble::new().set("httpPort", json!(5002))
}

/// The program at a CA; its report and exit code.
fn dry_run(world: &World, server: &str, port: &str, args: &[&str]) -> (Value, Option<i32>) {
    let mut command = world.command(env!("CARGO_BIN_EXE_acme-audit"));
    command.args(["dry-run", "--format", "json", "--allow-private-addresses", "--http-port", port]);
    command.args(["--server", server, "--resolver", "127.0.0.1:8053"]).args(args);
    command.arg("--ca-bundle").arg(bundle()).arg("--state-dir").arg(world.work().join("state"));
    let out = command.output().expect("nsenter");
    let report = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    (report, out.status.code())
}

/// The same for names that a listener of ours answers for. All of them pass, here and at the CA, and nothing is left open.
fn passes(world: &World, names: &str) {
    let (report, code) = dry_run(world, PEBBLE, PORT, &["--standalone", "-d", names]);
    assert_passed(&report, code, names, &world.log());
}

fn assert_passed(report: &Value, code: Option<i32>, names: &str, log: &str) {
    let attempts = report["attempts"].as_array().expect("attempts");
    let mut said: Vec<String> = attempts
        .iter()
        .map(|a| {
            format!("{} {} {}", a["vantage"], a["identifier"].as_str().unwrap_or_default(), a["ok"] == true)
        })
        .collect();
    let of = |who: &'static str| names.split(',').map(move |name| format!("{who} {name} true"));
    let mut wanted: Vec<String> = of("\"this host\"").chain(of("\"CA\"")).collect();
    said.sort();
    wanted.sort();
    assert_eq!(said, wanted, "{report:#}\n{log}");
    assert_eq!((&report["not_tested"], code), (&json!([]), Some(0)), "{report:#}");
}

#[test]
fn nonces_that_are_refused_do_no_harm() {
    for (of_a_hundred, names) in [(5, "a.test,b.test,c.test"), (90, "a.test")] {
        let Some(world) = pebble().with(&format!("PEBBLE_WFE_NONCEREJECT={of_a_hundred}")).start() else {
            return;
        };
        passes(&world, names);
    }
}

#[test]
fn a_validation_that_the_ca_would_use_again_is_made_again() {
    let Some(world) = pebble().with("PEBBLE_AUTHZREUSE=100").start() else { return };
    let looks = || world.log().matches("Attempting to validate w/ HTTP").count();
    let mut before = 0;
    for _ in 0..3 {
        passes(&world, "a.test,b.test");
        // Pebble looks from three places.
        assert_eq!(looks() - before, 6);
        before = looks();
    }
}

#[test]
fn a_ca_that_takes_its_time_is_waited_for() {
    let slow = pebble().with("PEBBLE_VA_NOSLEEP=0").with("PEBBLE_VA_SLEEPTIME=3");
    let Some(world) = slow.start() else { return };
    passes(&world, "a.test,b.test,c.test,d.test");
}

#[test]
fn addresses_are_rehearsed_like_names() {
    let Some(world) = pebble().start() else { return };
    passes(&world, "127.0.0.1,::1,a.test");
}

#[test]
fn where_accounts_are_bound_certbots_is_used_and_ours_says_what_it_lacks() {
    const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let bound = pebble().set("externalAccountBindingRequired", json!(true));
    let Some(world) = bound.set("externalAccountMACKeys", json!({"kid-1": KEY})).start() else { return };

    let (report, code) = dry_run(&world, PEBBLE, PORT, &["--standalone", "-d", "a.test"]);
    let untested = report["not_tested"].to_string();
    assert!(untested.contains("eab-credentials-needed"), "{untested}");
    assert_eq!(code, Some(1), "it passed here, and the CA was not asked");

    for certbot in lab().expect("the lab").certbots() {
        let folder = tempfile::tempdir_in(world.work()).expect("a folder");
        let dirs = ["config", "work", "logs"].map(|dir| format!("--{dir}-dir={}", folder.path().display()));
        let made = "certonly -n --agree-tos --no-eff-email -m admin@example.org --standalone --http-01-port 5002 -d b.test,c.test";
        let mut certbot = world.command(certbot);
        certbot.args(made.split(' ')).args(["--server", PEBBLE, "--eab-kid", "kid-1", "--eab-hmac-key", KEY]);
        run(certbot.args(&dirs).env("REQUESTS_CA_BUNDLE", bundle()));
        let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
        let (report, code) = dry_run(&world, PEBBLE, PORT, &dirs);
        assert_passed(&report, code, "b.test,c.test", &world.log());
    }
}

#[test]
fn another_makers_ca_comes_to_the_same_end() {
    let Some((namespaces, work)) = caddy::namespaces() else { return };
    // Caddy looks at port 80 alone, and asks the system's name server.
    let world = World::without_web(namespaces, work);
    let at_caddy = |args: &[&str]| {
        let resolver = ["--resolver", "127.0.0.1:53"];
        let mut command = world.command(env!("CARGO_BIN_EXE_acme-audit"));
        command.args([
            "dry-run",
            "--format",
            "json",
            "--allow-private-addresses",
            "--server",
            caddy::DIRECTORY,
        ]);
        command.args(resolver).args(args).arg("--ca-bundle").arg(bundle());
        let out = command.arg("--state-dir").arg(world.work().join("state")).output().expect("nsenter");
        let report: Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
        (report, out.status.code())
    };
    for _ in 0..2 {
        let (report, code) = at_caddy(&["--standalone", "-d", "a.test,b.test"]);
        assert_passed(&report, code, "a.test,b.test", &world.log());
    }
    // Nobody listens: it leaves the challenge pending for ever, and that is a failure at once.
    let root = world.work().join("www");
    std::fs::create_dir(&root).expect("a folder");
    let (report, code) = at_caddy(&["-w", &root.to_string_lossy(), "-d", "c.test"]);
    let ends: Vec<(&Value, &Value)> =
        report["attempts"].as_array().expect("attempts").iter().map(|a| (&a["ok"], &a["id"])).collect();
    let refused = json!("connection-refused");
    assert_eq!((ends, code), (vec![(&json!(false), &refused); 2], Some(2)), "{report:#}");
}
