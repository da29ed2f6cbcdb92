//! Which one fault a walk shows, so that one check speaks and the others are silent.

use super::{Fault, Hop, Miss, Walk, miss};

/// How an authenticator gets its answer to the CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A file below the web root: whatever serves the site must serve it, so all of the walk counts.
    Files,
    /// The plugin of this server puts its own location before everything else of the site while it validates, so what
    /// that very server answers now does not count. The text is its product in a `Server` header, in lower case.
    Inserts(&'static str),
    /// A listener of its own, or a hook that may do anything: what answers now, or does not, may be gone by then.
    Own,
}

/// The fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Port 80 does not answer.
    Blocked,
    /// Port 80 refuses, or cuts the connection off.
    Refused,
    /// A redirect to another port.
    BadPort,
    /// A redirect to `HOST.well-known`.
    MissingSlash,
    /// A redirect that is not followed for another reason, or a TLS that is not accepted.
    Redirect,
    /// Connected, and no answer in time.
    Slow,
    /// A content network or firewall answers itself.
    Challenge,
    /// A router or another device answers.
    Device,
    /// An application answers whatever is asked for.
    CatchAll,
    /// A password is wanted.
    Auth,
    /// The path is denied.
    Deny,
    /// A redirect to https, where it ends in an error.
    RedirectAll,
    /// Another ACME client answers.
    OtherClient,
    /// IPv6 leads to another server than IPv4.
    Family,
    /// Of several servers behind the name, only some have what was planted.
    Backends,
    /// The file that was planted is not found there.
    NotServed,
}

/// The fault of a walk; `None` where a validation would work as far as can be seen.
///
/// # Errors
/// What was seen tells nothing of what the CA will see; the text says why.
pub fn trouble(walk: &Walk, way: Way) -> Result<Option<Trouble>, &'static str> {
    // What was planted should have come, whichever way it is published.
    let way = if walk.expected.is_some() { Way::Files } else { way };
    let main = alone(walk, way);
    // A firewall that had enough of us is no other server.
    if walk.again.is_some() && !matches!(main, Ok(Some(Trouble::Challenge))) {
        return Ok(Some(Trouble::Backends));
    }
    if let Some(other) = &walk.other
        && way != Way::Own
    {
        let healthy = |found: &Result<Option<Trouble>, _>| matches!(found, Ok(None));
        let over_v4 = alone(other, way);
        if healthy(&over_v4) && (!healthy(&main) && main.is_ok() || differs(walk, other)) {
            return Ok(Some(Trouble::Family));
        }
    }
    main
}

/// The fault of a walk without a look at the other family.
fn alone(walk: &Walk, way: Way) -> Result<Option<Trouble>, &'static str> {
    let Some(fault) = &walk.fault else { return Ok(None) };
    let redirected = walk.last().is_some_and(|hop| hop.url != walk.url);
    match fault {
        // The resolver's checks speak of the first name.
        Fault::NoAddress { .. } | Fault::Reserved { .. } if !redirected => Ok(None),
        Fault::NetworkUnreachable => Err("this host has no route to that address, and the CA may have one"),
        Fault::Dial(_) => Err("this host could not open a connection"),
        Fault::Tls(_) => Err("TLS fails here, and the CA's own may get further"),
        Fault::ConnectTimeout | Fault::HostUnreachable if !redirected => Ok(Some(Trouble::Blocked)),
        // nginx's plugin makes a block that listens where there is none, and a listener of its own comes later.
        Fault::Refused if !redirected && !matches!(way, Way::Files | Way::Inserts("apache")) => Ok(None),
        Fault::Refused if !redirected => Ok(Some(Trouble::Refused)),
        fault => Ok(of_answer(walk, fault, redirected).filter(|found| counts(walk, *found, way))),
    }
}

fn of_answer(walk: &Walk, fault: &Fault, redirected: bool) -> Option<Trouble> {
    Some(match fault {
        Fault::BadPort(_) => Trouble::BadPort,
        Fault::MissingSlash(_) => Trouble::MissingSlash,
        fault if fault.is_slow() => Trouble::Slow,
        Fault::DialReset if !redirected => Trouble::Refused,
        fault if fault.is_dial() => Trouble::RedirectAll,
        Fault::BodyBroken(why) if why.starts_with("gzip") => Trouble::CatchAll,
        Fault::Reset | Fault::Closed | Fault::BodyBroken(_) if redirected => Trouble::RedirectAll,
        Fault::Reset | Fault::Closed | Fault::BodyBroken(_) => Trouble::Refused,
        Fault::Malformed(_) | Fault::Http2 if !redirected => Trouble::CatchAll,
        Fault::Status { .. } | Fault::BodyTooLong { .. } | Fault::WrongBody { .. } => match miss(walk)? {
            Miss::NotFound if walk.expected.is_none() => return None,
            Miss::NotFound if redirected => Trouble::RedirectAll,
            Miss::NotFound => Trouble::NotServed,
            Miss::OtherAcmeClient => Trouble::OtherClient,
            Miss::Challenge(_) => Trouble::Challenge,
            Miss::RouterUi(_) => Trouble::Device,
            Miss::Login => Trouble::Auth,
            Miss::Forbidden => Trouble::Deny,
            Miss::CatchAll => Trouble::CatchAll,
            Miss::ServerError(_) | Miss::Other(_) if redirected => Trouble::RedirectAll,
            Miss::ServerError(_) | Miss::Other(_) => Trouble::CatchAll,
        },
        _ => Trouble::Redirect,
    })
}

/// What puts its own name into every answer, also into those that the site behind it makes.
const MASKS: [&str; 8] =
    ["cloudflare", "bunnycdn", "ddos-guard", "envoy", "google", "akamai", "sucuri", "imperva"];

/// Whether what answered will still answer when certbot validates.
fn counts(walk: &Walk, found: Trouble, way: Way) -> bool {
    let started = walk.hops.iter().rfind(|hop| hop.url == walk.url);
    let server = started.and_then(|hop| hop.server.as_deref()).map(str::to_ascii_lowercase);
    let status = walk.last().and_then(|hop| hop.status).unwrap_or_default();
    match way {
        Way::Files => true,
        // A network that finds nobody at the origin finds the listener later.
        Way::Own => found == Trouble::Challenge && !(520..=530).contains(&status),
        Way::Inserts(_) if matches!(found, Trouble::Challenge | Trouble::Device) => true,
        // Apache gives the name of what it is a proxy for.
        Way::Inserts("apache") => false,
        Way::Inserts(product) => server.is_some_and(|server| {
            !is_of(&server, product) && !MASKS.iter().any(|mask| server.contains(mask))
        }),
    }
}

/// Whether a `Server` header is that of a product, or of one made from it.
fn is_of(server: &str, product: &str) -> bool {
    const OF_NGINX: [&str; 3] = ["openresty", "tengine", "angie"];
    server.contains(product) || product == "nginx" && OF_NGINX.iter().any(|name| server.contains(name))
}

/// Whether two families' first answers come from different servers, although both look healthy.
fn differs(v6: &Walk, v4: &Walk) -> bool {
    let (Some(v6), Some(v4)) = (v6.hops.first(), v4.hops.first()) else { return false };
    let (Some(_), Some(_)) = (v6.status, v4.status) else { return false };
    v6.status != v4.status || matches!((product(v6), product(v4)), (Some(a), Some(b)) if a != b)
}

/// `nginx` of `nginx/1.26.0`.
fn product(hop: &Hop) -> Option<String> {
    let server = hop.server.as_deref()?;
    server.split(['/', ' ']).next().filter(|p| !p.is_empty()).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://example.com/.well-known/acme-challenge/token";

    fn ended(server: &str, status: u16, fault: Fault) -> Walk {
        let hop =
            Hop { url: URL.into(), server: Some(server.into()), status: Some(status), ..Hop::default() };
        let (identifier, url) = ("example.com".into(), URL.into());
        let walk =
            Walk { identifier, url, expected: None, hops: vec![hop], fault: None, other: None, again: None };
        Walk { fault: Some(fault), ..walk }
    }

    fn answered(server: &str, status: u16) -> Walk {
        ended(server, status, Fault::Status { url: URL.into(), status })
    }

    #[test]
    fn what_was_planted_should_have_come() {
        let planted = |walk: Walk| Walk { expected: Some("token.thumbprint".into()), ..walk };
        for way in [Way::Files, Way::Own, Way::Inserts("nginx")] {
            let found = |walk: Walk| trouble(&planted(walk), way).unwrap();
            assert_eq!(found(answered("nginx", 404)), Some(Trouble::NotServed));
            assert_eq!(found(answered("nginx", 403)), Some(Trouble::Deny));
            let refused = Walk { fault: Some(Fault::Refused), ..answered("nginx", 200) };
            assert_eq!(found(refused), Some(Trouble::Refused));
        }
        assert_eq!(trouble(&answered("nginx", 404), Way::Files), Ok(None), "nobody planted it");
    }

    #[test]
    fn what_a_plugin_overrides_in_its_own_server_does_not_count() {
        let (nginx, apache) = (Way::Inserts("nginx"), Way::Inserts("apache"));
        for (walk, way, want) in [
            (answered("nginx/1.26", 401), Way::Files, Some(Trouble::Auth)),
            (answered("nginx/1.26", 401), nginx, None),
            (answered("openresty", 403), nginx, None),
            (answered("Apache/2.4", 403), nginx, Some(Trouble::Deny)),
            (answered("Apache/2.4", 403), apache, None),
            (answered("gunicorn", 403), apache, None),
            (answered("cloudflare", 401), nginx, None),
            (answered("cloudflare", 403), nginx, Some(Trouble::Challenge)),
            (answered("cloudflare", 403), Way::Own, Some(Trouble::Challenge)),
            (answered("cloudflare", 521), Way::Own, None),
            (answered("cloudflare", 521), apache, Some(Trouble::Challenge)),
            (answered("nginx", 403), Way::Own, None),
            (ended("nginx", 0, Fault::DialReset), Way::Files, Some(Trouble::Refused)),
            (ended("awselb/2.0", 301, Fault::BadPort(8443)), nginx, Some(Trouble::BadPort)),
            (ended("nginx", 301, Fault::BadPort(8443)), nginx, None),
        ] {
            assert_eq!(trouble(&walk, way), Ok(want), "{walk:?} {way:?}");
        }
    }
}
