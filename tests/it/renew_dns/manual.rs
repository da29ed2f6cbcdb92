//! Lineages of certbot's `manual`.

use std::time::{Duration, Instant};

use super::world::{World, until};

/// The hooks' lines without the validation, which is another each time.
fn without_values(lines: &[String]) -> Vec<String> {
    let line = |line: &String| line.split(" made ").next().unwrap_or_default().to_owned();
    lines.iter().map(line).collect()
}

#[test]
fn a_wildcard_and_its_base_are_renewed_by_certbots_own_hooks() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("dns", &["w.test", "*.w.test"]);
    let certbots = world.hooks();
    assert_eq!(certbots.len(), 4, "{certbots:?}");

    let report = world.renew(&["--force"]);
    report.assert("renewed", 0);
    let ours = world.hooks();
    assert_eq!(without_values(&ours), without_values(&certbots), "what certbot shows its hooks");
    assert!(ours[2].contains(" made "), "the cleanup has the output: {ours:?}");
    assert_ne!(ours[2], ours[3], "two values at one name");
    assert_eq!(world.records("_acme-challenge.w.test"), "", "nothing is left");
    assert_eq!(world.version("w.test"), "cert2");

    // certbot never notices.
    world.certbot(&["renew", "--force-renewal"]);
    assert_eq!(world.version("w.test"), "cert3");
}

#[test]
fn files_are_published_by_hooks_as_well() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("http", &["a.w.test", "b.w.test"]);
    let certbots = world.hooks();
    let report = world.renew(&["--force"]);
    report.assert("renewed", 0);
    // Tokens are others each time, and the CA chooses which name comes first.
    let line = |line: &String| {
        let words = line.split(' ').enumerate().filter(|(at, _)| ![1, 2].contains(at));
        let words = words.map(|(_, word)| word).collect::<Vec<_>>().join(" ");
        words.replace("b.w.test,a.w.test", "a.w.test,b.w.test")
    };
    let shape = |lines: &[String]| lines.iter().map(line).collect::<Vec<String>>();
    let ours = world.hooks();
    assert_eq!(shape(&ours), shape(&certbots));
    let has_token = |line: &String| line.split(' ').nth(2).is_some_and(|token| token.len() > 20);
    assert!(ours.iter().all(has_token), "{ours:?}");
    let left = std::fs::read_dir(world.path("www/.well-known/acme-challenge")).expect("a folder").count();
    assert_eq!(left, 0);
}

#[test]
fn a_failing_auth_hook_is_told_and_cleaned_up_after() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("dns", &["w.test"]);
    world.hooks();
    std::fs::write(world.path("fail"), "").expect("written");
    let begin = Instant::now();
    let report = world.renew(&["--force"]);
    report.assert("failed", 2);
    let said = report.json.to_string();
    assert!(said.contains("the CA did not validate w.test"), "{said}");
    assert!(said.contains("manual_auth_hook for w.test ended with 3: no such provider"), "{said}");
    assert_eq!(
        without_values(&world.hooks()),
        ["auth w.test none 0 w.test none", "cleanup w.test none 0 w.test "]
    );
    assert!(begin.elapsed() < Duration::from_secs(30), "what was not made is not waited for");
    assert_eq!(world.version("w.test"), "cert1");
    // Without hooks it is not even tried.
    let report = world.renew(&["--force", "--no-hooks"]);
    report.assert("failed", 2);
    assert!(report.json.to_string().contains("--no-hooks forbids"), "{}", report.json);
    assert_eq!(world.hooks(), Vec::<String>::new());
}

#[test]
fn a_signal_lets_the_hook_end_and_cleans_up() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("dns", &["a.w.test", "b.w.test"]);
    world.hooks();
    std::fs::write(world.path("slow"), "").expect("written");
    let out = world.interrupted(|| world.path("begun").exists());
    assert_eq!(out.status.code(), Some(143), "{}", String::from_utf8_lossy(&out.stdout));
    let said = without_values(&world.hooks());
    let [auth, cleanup] = said.as_slice() else { panic!("one challenge was begun: {said:?}") };
    // Pebble may use the validation of the other one again: then this one is the last.
    assert!(auth.starts_with("auth ") && cleanup.starts_with("cleanup "), "{said:?}");
    let domain = |line: &str| line.split(' ').nth(1).expect("a domain").to_owned();
    assert_eq!(domain(auth), domain(cleanup));
    assert_eq!(world.records(&format!("_acme-challenge.{}", domain(auth))), "");
}

#[test]
fn a_second_signal_ends_the_auth_hook_and_still_cleans_up() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("dns", &["w.test"]);
    world.hooks();
    std::fs::write(world.path("endless"), "").expect("written");
    let mut running = world.begin(&["--force"]);
    until("the hook runs", || world.path("begun").exists());
    running.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    assert!(running.child.try_wait().expect("its state").is_none(), "the hook is waited for");
    running.signal("INT");
    let out = running.end();
    assert_eq!(out.status.code(), Some(143), "{}", String::from_utf8_lossy(&out.stdout));
    let said = without_values(&world.hooks());
    let [auth, cleanup] = said.as_slice() else { panic!("{said:?}") };
    assert!(auth.starts_with("auth ") && cleanup.starts_with("cleanup "), "{said:?}");
    assert_eq!(world.records("_acme-challenge.w.test"), "");
    assert_eq!(world.journals(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn hooks_see_the_variables_of_the_newest_certbot() {
    let Some(world) = World::start("hmac-sha256") else { return };
    let Some(newest) = crate::lab::lab().and_then(|lab| lab.certbots().into_iter().nth(1)) else {
        crate::lab::skip("needs the newest certbot");
        return;
    };
    for (challenge, names) in [("dns", &["w.test", "*.w.test"][..]), ("http", &["a.w.test"])] {
        world.obtain_manually_with(&newest, challenge, names);
        let certbots = world.variables();
        assert!(certbots.iter().any(|line| line.contains("CERTBOT_IDENTIFIER")), "{certbots:?}");
        let report = world.renew(&["--force", names[0]]);
        report.assert("renewed", 0);
        assert_eq!(world.variables(), certbots, "{challenge}");
    }
}

#[test]
fn hooks_of_two_lineages_never_stand_at_the_same_time() {
    let Some(world) = World::start("hmac-sha256") else { return };
    for name in ["a.w.test", "b.w.test"] {
        world.obtain_manually("dns", &[name]);
    }
    world.hooks();
    let report = world.renew(&["--force"]);
    report.assert("renewed", 0);
    let said = world.hooks();
    let word = |at: usize| said.iter().map(move |line| line.split(' ').nth(at).unwrap_or_default());
    assert_eq!(word(0).collect::<Vec<_>>(), ["auth", "cleanup", "auth", "cleanup"], "{said:?}");
    let domains: Vec<&str> = word(1).collect();
    assert!(domains[0] == domains[1] && domains[2] == domains[3] && domains[0] != domains[2], "{said:?}");
}
