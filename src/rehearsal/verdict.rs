//! The cause of a failed attempt, by the id of the check that explains it.

use super::Means;
use crate::facts::net::{Fault, Trouble, Walk, Way, trouble};

/// The id of a fault that a walk to a planted token shows; `None` where it shows none, or none that is known.
///
/// `asked` says that the request arrived at our own listener, `None` where there was none; `shut` that others may not
/// reach the web root.
pub(super) fn cause(walk: &Walk, means: &Means, asked: Option<bool>, shut: bool) -> Option<&'static str> {
    let redirected = walk.last().is_some_and(|hop| hop.url != walk.url);
    match walk.fault.as_ref()? {
        Fault::Reserved { .. } if !redirected => return Some("private-or-reserved-address"),
        Fault::NoAddress { problem, .. } if !redirected => {
            return Some(of_look_up(problem.as_deref()));
        }
        _ => {}
    }
    let found = trouble(walk, Way::Files).ok()??;
    let elsewhere = matches!(found, Trouble::NotServed | Trouble::CatchAll | Trouble::Auth | Trouble::Deny);
    Some(match (found, means) {
        // What answers is not what we planted into: the request never came here.
        (_, Means::Standalone(_)) if elsewhere && asked == Some(false) => "dns-points-elsewhere",
        (Trouble::Deny, Means::Webroot(_)) if shut => "webroot-permissions",
        (Trouble::NotServed, Means::Webroot(_)) => "webroot-moved-or-deleted",
        (found, _) => id(found)?,
    })
}

/// The check that speaks of a look-up by what the CA says of it.
fn of_look_up(problem: Option<&str>) -> &'static str {
    let Some(words) = problem.filter(|words| !words.contains("NXDOMAIN")) else { return "nxdomain-san" };
    match words.contains("SERVFAIL") || words.contains("DNSSEC") {
        true => "servfail-dnssec",
        false => "nameserver-unreachable-or-blocked",
    }
}

/// The check that speaks of a trouble.
fn id(trouble: Trouble) -> Option<&'static str> {
    Some(match trouble {
        Trouble::Blocked => "port80-blocked",
        Trouble::Refused => "connection-refused",
        Trouble::BadPort => "redirect-bad-port",
        Trouble::MissingSlash => "redirect-missing-slash",
        Trouble::Redirect => "redirect-other",
        Trouble::Slow => "slow-server",
        Trouble::Challenge => "cdn-waf-bot-challenge",
        Trouble::Device => "nat-forwarding-gone",
        Trouble::CatchAll => "catch-all-app-answers",
        Trouble::Auth => "auth-on-site",
        Trouble::Deny => "dotfile-deny",
        Trouble::RedirectAll => "redirect-all-before-challenge",
        Trouble::OtherClient => "other-acme-client-owns-path",
        Trouble::Family => "aaaa-wrong-host",
        Trouble::Backends => "multi-backend-token-missing",
        Trouble::NotServed => return None,
    })
}
