//! The program under test in the world.

use crate::net::{Place, Resolver, world};

const HOST: &str = "\
packaged debian-certbot-4.0
packaged debian-nginx
account as=main uri=https://acme-v02.api.letsencrypt.org/acme/acct/123456789
dir /var/www/html/.well-known/acme-challenge
file /var/www/html/.well-known/acme-challenge/planted <<END
from the host's own webroot
END
lineage healthy.sites.example.org certbot=4.0.0 webroot=/var/www/html versions=2
";

#[test]
fn the_program_audits_a_host_whose_webroot_is_served() {
    let Some(world) = world() else { return };
    let host = world.host(HOST);
    world.serve("healthy", &host.path("/var/www/html"));
    let url = "http://healthy.sites.example.org/.well-known/acme-challenge/planted";
    let seen = world.sh(Place::Elsewhere, &format!("curl -fsS -4 {url}; curl -fsS -6 {url}"));
    assert_eq!(seen, "from the host's own webroot\n".repeat(2));

    let out = world.run(&host, &["facts"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let facts = String::from_utf8_lossy(&out.stdout);
    assert!(facts.contains("healthy.sites.example.org"), "{facts}");
    let at_home = world.run_at(Place::Home, Resolver::Office, &host, &["facts"]);
    assert!(at_home.status.success(), "{}", String::from_utf8_lossy(&at_home.stderr));
    let resolv = std::fs::read_to_string(host.path("/etc/resolv.conf")).expect("resolv.conf");
    assert_eq!(resolv, "nameserver 45.45.45.54\n");
}
