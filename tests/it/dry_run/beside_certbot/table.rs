//! The set-ups: what a name's way is like, and what comes of it.
//!
//! Names without a dot lie below `beside.example.org`; `beside.conf`, `elsewhere.nft` and the zones say what they are.

use crate::net::Place;

/// The folder that most names of the host serve.
pub const WWW: &str = "--webroot -w /run/lab/beside/www";

/// One lineage, and what its renewal meets.
#[derive(Clone, Copy, Debug)]
pub struct SetUp {
    /// The name, and its lineage's.
    pub name: &'static str,
    /// More names of the certificate.
    pub more: &'static [&'static str],
    /// The certificate is for all names below it, and not for itself.
    pub wildcard: bool,
    /// Where certbot runs.
    pub at: Place,
    /// How it was told to validate.
    pub by: &'static str,
    /// What the dry run on this host says: `passed`, or the cause.
    pub here: &'static str,
    /// The same of the order at the CA; of certbot's too, where it passes.
    pub ca: &'static str,
    /// Why the two may come to different ends.
    pub unlike: Option<&'static str>,
    /// It takes the CA long to say so.
    pub slow: bool,
    /// What is done to the lineage once it is there: `sed`'s command for its conf.
    pub edit: Option<&'static str>,
    /// What the audit says of it, where no validation does.
    pub finding: Option<&'static str>,
}

const fn passes(name: &'static str) -> SetUp {
    fails(name, "passed")
}

/// Fails for the same cause everywhere.
const fn fails(name: &'static str, cause: &'static str) -> SetUp {
    SetUp {
        name,
        more: &[],
        wildcard: false,
        at: Place::Beside,
        by: WWW,
        here: cause,
        ca: cause,
        unlike: None,
        slow: false,
        edit: None,
        finding: None,
    }
}

impl SetUp {
    const fn from(self, at: Place) -> Self {
        Self { at, ..self }
    }

    const fn by(self, by: &'static str) -> Self {
        Self { by, ..self }
    }

    const fn and(self, more: &'static [&'static str]) -> Self {
        Self { more, ..self }
    }

    const fn wildcard(self) -> Self {
        Self { wildcard: true, ..self }
    }

    const fn slow(self) -> Self {
        Self { slow: true, ..self }
    }

    const fn edited(self, sed: &'static str) -> Self {
        Self { edit: Some(sed), ..self }
    }

    const fn told_by_the_audit(self, id: &'static str) -> Self {
        Self { finding: Some(id), ..self }
    }

    /// The CA says otherwise, and rightly so.
    const fn unlike_at_the_ca(self, ca: &'static str, why: &'static str) -> Self {
        Self { ca, unlike: Some(why), ..self }
    }

    /// All names as they are in the DNS.
    pub fn names(&self) -> Vec<String> {
        let all = std::iter::once(&self.name).chain(self.more).map(|name| full(name));
        all.map(|name| if self.wildcard { format!("*.{name}") } else { name }).collect()
    }

    /// Whether it needs the port for itself.
    pub fn alone(&self) -> bool {
        self.by.contains("standalone") || self.by.contains("pre-hook")
    }
}

fn full(name: &str) -> String {
    if name.contains("example.org") || name.ends_with(".test") {
        return name.to_owned();
    }
    format!("{name}.beside.example.org")
}

const ONE_ADDRESS: &str = "Pebble tries one address, and Let's Encrypt the one of IPv4 as well";
const FOLLOWS: &str = "Pebble follows what Let's Encrypt does not";

/// Served as it should be.
const HEALTHY: &[SetUp] = &[
    passes("ok").and(&["ok4", "www.ok"]),
    passes("ok4"),
    passes("to-https"),
    passes("to-ok"),
    passes("to-upper"),
    passes("to-address"),
    passes("hops-9"),
    passes("gzip"),
    passes("bare").by("--standalone").from(Place::Bare),
    passes("bare2").by("--standalone").from(Place::Bare).and(&["bare"]),
];

/// Nobody gets as far as the web server, or not to the right one.
const REACHABILITY: &[SetUp] = &[
    fails("refused", "connection-refused").from(Place::Bare),
    fails("reset.example.org", "connection-refused"),
    fails("dropped.example.org", "port80-blocked").slow(),
    fails("rejected.example.org", "port80-blocked").slow(),
    passes("refused6").unlike_at_the_ca("connection-refused", ONE_ADDRESS),
    passes("silent6").unlike_at_the_ca("port80-blocked", ONE_ADDRESS).slow(),
    fails("wrong6", "aaaa-wrong-host"),
    fails("elsewhere.example.org", "catch-all-app-answers"),
    fails("moved.example.org", "dns-points-elsewhere").by("--standalone").from(Place::Bare),
    fails("ten.private.test", "private-or-reserved-address").slow(),
    fails("silence.lies.example.org", "slow-server").slow(),
    fails("closed.lies.example.org", "connection-refused"),
    fails("missing.example.org", "nxdomain-san"),
    fails("www.bogus.test", "servfail-dnssec"),
    fails("www.unserved.test", "servfail-dnssec"),
    passes("caa").told_by_the_audit("caa-forbids-issuer"),
];

/// Redirects that lead nowhere.
const REDIRECTS: &[SetUp] = &[
    fails("to-port", "redirect-bad-port"),
    fails("to-slash", "redirect-missing-slash"),
    fails("to-ftp", "redirect-other"),
    fails("to-itself", "redirect-other"),
    fails("to-and", "redirect-other"),
    fails("hops-12", "redirect-other"),
    fails("to-private", "redirect-other").slow(),
    fails("to-nobody", "redirect-other"),
    fails("to-dropped", "redirect-other").slow(),
    fails("to-parking", "catch-all-app-answers"),
    fails("to-login", "auth-on-site"),
    fails("to-tls11", "redirect-other"),
    fails("plain443.example.org", "redirect-other"),
    fails("see-other", "redirect-other").unlike_at_the_ca("passed", FOLLOWS),
    fails("to-app", "redirect-all-before-challenge"),
    fails("to-mtls", "redirect-all-before-challenge"),
    fails("dot-html", "redirect-all-before-challenge"),
];

/// A web server that answers with something else.
const SERVER: &[SetUp] = &[
    fails("auth", "auth-on-site"),
    fails("dotfiles", "dotfile-deny"),
    passes("allowed").unlike_at_the_ca("geo-or-asn-blocking", "the CA's address is not on the allow list"),
    fails("spa", "catch-all-app-answers"),
    fails("down", "catch-all-app-answers"),
    fails("busy", "catch-all-app-answers"),
    fails("html.web.example.org", "catch-all-app-answers"),
    fails("empty.web.example.org", "catch-all-app-answers"),
    fails("stateless", "other-acme-client-owns-path"),
    fails("footer", "catch-all-app-answers"),
    fails("unpacked", "catch-all-app-answers"),
    fails("two", "multi-backend-token-missing"),
    fails("elsewhere", "webroot-moved-or-deleted"),
    fails("mixed", "webroot-moved-or-deleted").and(&["www.mixed"]),
    fails("gone", "webroot-moved-or-deleted").edited("s,/run/lab/beside/www,/run/lab/beside/gone,"),
    fails("private", "webroot-permissions").by("--webroot -w /run/lab/beside/private/www"),
    fails("taken", "port80-taken-standalone").by("--standalone"),
    fails("wild", "not tried")
        .wildcard()
        .by("--manual --preferred-challenges dns --manual-auth-hook /bin/true")
        .edited(TO_WEBROOT)
        .told_by_the_audit("wildcard-with-non-dns-authenticator"),
];

/// Somebody's hand in a conf.
const TO_WEBROOT: &str =
    r"/^pref_challs/d; s#^authenticator = .*#authenticator = webroot\nwebroot_path = /run/lab/beside/www,#";

/// Hooks that stop a server around the validation.
const HOOKS: &[SetUp] = &[fails("stopped", "connection-refused").by(
    "--webroot -w /run/lab/beside/stopped --pre-hook /run/lab/beside/stop --post-hook /run/lab/beside/start",
)];

/// All of them.
pub fn set_ups() -> impl Iterator<Item = &'static SetUp> {
    [HEALTHY, REACHABILITY, REDIRECTS, SERVER, HOOKS].into_iter().flatten()
}
