//! Web servers, addresses and firewalls, as `curl` meets them.

use crate::net::{Place, World, world};

/// The status, the place that a redirect names, and the body up to 40 bytes; or curl's complaint.
fn get(world: &World, place: Place, args: &str) -> String {
    let out = world
        .command(place, "curl")
        .args(["-sSk", "-m", "8", "-w", "\n%{http_code} %header{location}"])
        .args(args.split_whitespace())
        .output()
        .expect("curl");
    let stdout = String::from_utf8_lossy(&out.stdout);
    let (body, code) = stdout.rsplit_once('\n').unwrap_or_default();
    match out.status.success() {
        true => format!(
            "{} {}",
            code.trim(),
            body.lines().next().unwrap_or_default().chars().take(40).collect::<String>()
        ),
        false => String::from_utf8_lossy(&out.stderr).trim().to_owned(),
    }
}

#[track_caller]
fn gives(world: &World, args: &str, expected: &str) {
    let got = get(world, Place::Web, args);
    assert!(got.trim() == expected, "{args}: {got:?}, not {expected:?}");
}

#[test]
fn every_site_behaves() {
    let Some(world) = world() else { return };
    let site = |name: &str, expected: &str| {
        for family in ["-4", "-6"] {
            let url = format!("{family} http://{name}.web.example.org/.well-known/acme-challenge/planted");
            gives(world, &url, expected);
        }
    };
    site("files", "200 planted.thumbprint");
    site("nobody-configured", "200 <!doctype html>");
    site("spa", "200 <!doctype html>");
    site("plain", "200 token.thumbprint");
    site("newline", "200 token.thumbprint");
    site("bom", "200 \u{feff}token.thumbprint");
    site("html", "200 <html><body>token.thumbprint</body></htm");
    site("empty", "200");
    site("auth", "401 <html>");
    site("dotfiles", "403 <html>");
    for status in ["401", "403", "404", "500", "503"] {
        site(&format!("status-{status}"), &format!("{status} <html>"));
    }
    site("status-204", "204");
    let path = "/.well-known/acme-challenge/absent";
    gives(world, &format!("http://files.web.example.org{path}"), "404 <html>");
    gives(
        world,
        "https://files.web.example.org/.well-known/acme-challenge/planted",
        "200 planted.thumbprint",
    );
    let size = |name: &str| world.sh(Place::Web, &format!("curl -s http://{name}.web.example.org/ | wc -c"));
    assert_eq!([size("body127").trim(), size("body128").trim()], ["127", "128"]);
    let verified = world.sh(Place::Web, "curl -sS https://files.web.example.org/ 2>&1 || true");
    assert!(verified.contains("self-signed"), "{verified}");
}

#[test]
fn every_redirect_leads_where_it_should() {
    let Some(world) = world() else { return };
    let path = "/.well-known/acme-challenge/planted";
    let files = format!("http://files.web.example.org{path}");
    let leads = |name: &str, status: &str, to: &str| {
        let got = get(world, Place::Web, &format!("http://{name}.web.example.org{path}"));
        assert!(got.starts_with(&format!("{status} {to} ")), "{name}: {got}, not {status} {to}");
    };
    for status in ["301", "302", "303", "307", "308"] {
        leads(&format!("redirect-{status}"), status, &files);
    }
    leads("redirect-https", "301", &format!("https://redirect-https.web.example.org{path}"));
    leads("redirect-www", "301", &files);
    leads("redirect-upper", "301", &format!("HTTP://FILES.web.Example.ORG{path}"));
    leads("redirect-relative", "301", &format!("/elsewhere{path}"));
    leads("redirect-query", "301", &format!("{files}?a=b"));
    leads("redirect-port", "301", &format!("http://files.web.example.org:8080{path}"));
    leads("redirect-slash", "301", "https://files.web.example.org.well-known/acme-challenge/token");
    leads("redirect-scheme", "301", &format!("ftp://files.web.example.org{path}"));
    leads("redirect-nohost", "301", "http:///token");
    leads("redirect-address6", "301", &format!("http://[2a0e:45::80]{path}"));
    leads("redirect-private", "301", &format!("http://10.1.2.3{path}"));
    leads("redirect-itself", "301", &format!("http://redirect-itself.web.example.org{path}"));
    leads("ping", "302", &format!("http://pong.web.example.org{path}"));
    leads("hops-2", "302", &format!("http://hops-2.web.example.org{path}?hop=1"));
    let nowhere = get(world, Place::Web, &format!("http://redirect-nowhere.web.example.org{path}"));
    assert!(nowhere.starts_with("302 <html>"), "no Location: {nowhere}");
    let long = get(world, Place::Web, &format!("http://redirect-long.web.example.org{path}"));
    assert!(long.len() > 2000, "{}", long.len());
    let follow = |name: &str, expected: &str| {
        gives(world, &format!("-L --max-redirs 15 http://{name}.web.example.org{path}"), expected);
    };
    follow("redirect-301", "200 planted.thumbprint");
    follow("redirect-relative", "200 planted.thumbprint");
    follow("hops-11", "200 planted.thumbprint");
    follow("hops-12", "200 planted.thumbprint");
    follow("redirect-gone", "curl: (6) Could not resolve host: missing.example.org");
    follow("ping", "curl: (47) Maximum (15) redirects followed");
}

#[test]
fn dead_ipv6_is_dead_each_in_its_way() {
    let Some(world) = world() else { return };
    let path = "/.well-known/acme-challenge/planted";
    let six = |name: &str, says: &str| {
        let got = get(world, Place::Home, &format!("-4 http://{name}.example.org{path}"));
        assert_eq!(got, "200 planted.thumbprint", "{name} over IPv4");
        let got = get(world, Place::Elsewhere, &format!("-6 -m 2 http://{name}.example.org{path}"));
        assert!(got.contains(says), "{name} over IPv6: {got}");
    };
    // curl has one word for all: the system's says more.
    six("refused6", "Couldn't connect to server");
    six("unrouted6", "Couldn't connect to server");
    six("silent6", "timed out");
    six("wrong6", "<!doctype html>");
    gives(world, &format!("-4 -L http://https6.example.org{path}"), "200 planted.thumbprint");
    gives(
        world,
        &format!("-6 http://https6.example.org{path}"),
        &format!("301 https://https6.example.org{path} <html>"),
    );
    let dead = get(world, Place::Web, &format!("-6 https://https6.example.org{path}"));
    assert!(dead.contains("Couldn't connect"), "{dead}");
}

#[test]
fn firewalls_drop_reject_and_lose() {
    let Some(world) = world() else { return };
    let took = |name: &str| {
        let from = std::time::Instant::now();
        (get(world, Place::Web, &format!("-m 6 http://{name}.example.org/")), from.elapsed().as_millis())
    };
    assert!(took("elsewhere").0.contains("<!doctype html>"));
    assert!(took("dropped").0.contains("timed out"));
    for name in ["rejected", "reset", "unrouted"] {
        let (said, time) = took(name);
        assert!(said.contains("Couldn't connect") && time < 1000, "{name}: {said} after {time} ms");
    }
    let (said, time) = took("late");
    assert!(said.contains("<!doctype html>") && time >= 1000, "{said} after {time} ms");
    assert!(took("lossy").0.contains("<!doctype html>"));
}

#[test]
fn port_443_may_speak_something_else() {
    let Some(world) = world() else { return };
    let plain = get(world, Place::Web, "https://plain443.example.org/");
    assert!(plain.contains("wrong version number"), "{plain}");
    let old = get(world, Place::Web, "https://tls11.example.org/");
    assert!(old.contains("curl: (35)"), "{old}");
    let spoken = "curl -sSk --tls-max 1.1 --ciphers ALL:@SECLEVEL=0 https://tls11.example.org/.well-known/acme-challenge/planted";
    assert_eq!(world.sh(Place::Web, spoken), "planted.thumbprint");
}

#[test]
fn a_home_does_not_see_its_own_public_address() {
    let Some(world) = world() else { return };
    assert!(get(world, Place::Web, "http://home.example.org/").contains("home"));
    assert!(
        get(world, Place::Home, "http://status-404.web.example.org/").starts_with("404"),
        "it reaches others"
    );
    let own = get(world, Place::Home, "http://home.example.org/");
    assert!(own.contains("Couldn't connect"), "{own}");
}

#[test]
fn no_way_leads_out() {
    let Some(world) = world() else { return };
    let links = world.sh(Place::Internet, "ip -o link show up");
    assert_eq!(links.lines().count(), 7, "the loopback and six hosts of the world: {links}");
    let default = world.sh(Place::Internet, "ip -4 route show default; ip -6 route show default");
    assert_eq!(default, "", "the middle of the internet has no way on");
    let beyond = get(world, Place::Web, "-m 3 http://1.1.1.1/");
    assert!(beyond.contains("Couldn't connect"), "{beyond}");
}
