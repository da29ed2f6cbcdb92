//! What servers do to an HTTP-01 validation, what Let's Encrypt says to it, and where test CAs say otherwise.
//!
//! `peers` shows each behaviour to our walk, Pebble and Caddy side by side; `walk` has tables of its own, for the walk alone.

mod answers;
mod bodies;
mod families;
pub mod place;
mod redirects;
pub mod script;
pub mod server;

use place::Place;
use script::{Reply, Request, Script, ok, redirect};
use server::Listen;

/// A behaviour.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    /// The first label of the name that is validated, which says what addresses it has; `v4` and `v6` are addresses
    /// themselves.
    pub subject: &'static str,
    pub listen: &'static [Listen],
    pub script: Script,
    /// What Let's Encrypt says and our walk must say, see [`Case::says`]; empty where it is content.
    pub rule: &'static str,
    pub pebble: Peer,
    pub caddy: Peer,
}

/// What a test CA says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Yes where Let's Encrypt says yes, and no where it says no.
    Agrees,
    /// Yes, for this reason.
    Yes(&'static str),
    /// No, for this reason.
    No(&'static str),
    /// It is not asked, for this reason.
    NotAsked(&'static str),
}

/// All behaviours.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    [bodies::CASES, answers::CASES, redirects::CASES, families::CASES].into_iter().flatten()
}

// Why Pebble differs. https://github.com/letsencrypt/pebble/blob/v2.4.0/va/va.go
const READS_ALL: &str = "reads a body of any length";
const TRIMS_THREE: &str = "takes newlines, returns and tabs for white space, and nothing else";
const FOLLOWS_ALL: &str = "follows whatever Go's client follows";
const NINE: &str = "follows nine redirects, as Go's client does";
const FIRST_ADDRESS: &str = "dials the first address alone, and that is IPv6";

// Why Caddy differs: its server is smallstep's. https://github.com/smallstep/certificates/blob/v0.22.1/acme/challenge.go
const TRIMS_BOTH_ENDS: &str = "takes white space away from both ends";
const BELOW_400: &str = "takes the body of every answer with a status below 400";
const KEEPS_CASE: &str = "asks for the name as it was ordered";
const BOTH_FAMILIES: &str =
    "dials as Go does: the other family too, at every hop, and never from the beginning";
const WAITS: &str = "waits for half a minute, longer than a test should";

/// The rest of what is said is left open.
const OPEN: char = '…';

// What ends many of them.
const CONTENT: &str = "";
const WRONG: &str = "The key authorization file from the server did not match this challenge. Expected…";
const LONG: &str = "Invalid response from URL: \"…";
const SLOW: &str = "Timeout after connect (your server may be slow or overloaded)";

// What listens in many of them.
pub const HTTP: &[Listen] = &[Listen::Http4];
pub const BOTH: &[Listen] = &[Listen::Http4, Listen::Https4];
pub const ALL: &[Listen] = &[Listen::Http4, Listen::Http6, Listen::Https4, Listen::Https6];

/// A behaviour on which all agree.
const fn case(
    name: &'static str,
    subject: &'static str,
    listen: &'static [Listen],
    script: Script,
    rule: &'static str,
) -> Case {
    Case { name, subject, listen, script, rule, pebble: Peer::Agrees, caddy: Peer::Agrees }
}

impl Case {
    const fn pebble(self, pebble: Peer) -> Self {
        Self { pebble, ..self }
    }

    const fn caddy(self, caddy: Peer) -> Self {
        Self { caddy, ..self }
    }

    const fn both(self, peer: Peer) -> Self {
        self.pebble(peer).caddy(peer)
    }

    /// The identifier: a name in a zone, or an address of a place.
    pub fn identifier(&self, zone: &str, place: Place) -> String {
        match self.subject {
            "v4" => place.v4.to_string(),
            "v6" => place.v6.to_string(),
            label => format!("{label}.{zone}"),
        }
    }

    /// Whether that is what the rule says. In it stand `URL` for the first URL, `ZONE` for the zone and `PORT` for the
    /// port that no CA goes to; what follows `…` is left open.
    pub fn says(&self, said: &str, url: &str, zone: &str, port: u16) -> bool {
        let rule = self.rule.replace("URL", url).replace("ZONE", zone).replace("PORT", &port.to_string());
        match rule.strip_suffix(OPEN) {
            Some(start) => said.starts_with(start),
            None => said == rule,
        }
    }
}

/// The right answer.
pub fn right(request: &Request) -> Reply {
    ok(request.right.as_bytes())
}

/// The right answer with something around it.
fn around(request: &Request, before: &[u8], after: &[u8]) -> Reply {
    ok(&[before, request.right.as_bytes(), after].concat())
}

/// A redirect from the first URL, the right answer elsewhere. The token is put behind the location.
pub fn via(request: &Request, status: u16, location: &str) -> Reply {
    match request.is_first() {
        true => redirect(status, &format!("{location}/{}", request.token())),
        false => right(request),
    }
}

/// The same to another name in the zone, by a URL without a path.
fn to(request: &Request, scheme: &str, label: &str) -> Reply {
    via(request, 301, &format!("{scheme}://{label}.{}", request.zone()))
}

/// A redirect to the same URL with https, the right answer there.
fn to_https(request: &Request) -> Reply {
    match request.tls {
        false => redirect(301, &format!("https://{}{}", request.name(), request.target)),
        true => right(request),
    }
}

/// A chain of so many redirects.
fn chain(request: &Request, length: usize) -> Reply {
    let target = request.target.strip_prefix("/hop/").and_then(|rest| rest.split('/').next());
    let done: usize = target.and_then(|n| n.parse().ok()).unwrap_or_default();
    match done < length {
        true => redirect(302, &format!("/hop/{}/{}", done + 1, request.token())),
        false => right(request),
    }
}
