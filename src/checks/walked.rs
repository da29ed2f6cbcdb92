//! What the checks of HTTP-01 walks share: the walks that show one trouble, and how it is put. No check by itself.

use crate::check::{Evidence, Finding, Severity, Skip, Source, Subject, listed};
use crate::facts::net::{Hop, Trouble, Walk, Way, trouble};
use crate::facts::{HostFacts, Lineage, Missing, Role, Why, try_it};

/// Why a failure to connect is no certain one.
pub(super) const HAIRPIN: &str = "seen from this host alone, which many routers do not lead back to itself (hairpin NAT): \
                                  the dry run asks the CA";

/// Why what an application answers to a miss is no certain failure.
pub(super) const MAY_BE_SERVED: &str =
    "nobody planted that token: a file that is there may be served all the same, and the dry run tells";

/// Evidence of so many names is shown.
const EXAMPLES: usize = 3;

/// Walks, each with the identifier of its certificate.
type Named<'a> = Vec<(&'a str, &'a Walk)>;

/// The names of a lineage that show one trouble, each with its walk.
pub(super) struct Shown<'a> {
    /// The lineage.
    lineage: &'a Lineage,
    /// Never empty where a check looks at it.
    walks: Named<'a>,
}

/// How the lineage's authenticator answers the CA; unknown where it is chosen outside the conf.
pub(super) fn way(lineage: &Lineage, host: &HostFacts) -> Way {
    match lineage.authenticator() {
        _ if host.chooses_authenticator(lineage) => Way::Own,
        Some("webroot") => Way::Files,
        Some("nginx") => Way::Inserts("nginx"),
        Some("apache") => Way::Inserts("apache"),
        _ => Way::Own,
    }
}

/// The walks of a lineage, without those that could not be made, and why they could not.
///
/// # Errors
/// The network was not asked, or no name is validated over HTTP.
pub(super) fn walks(lineage: &Lineage) -> Result<(Named<'_>, Option<Missing>), Skip> {
    let (mut walks, mut missing, mut any) = (Vec::new(), None, false);
    for name in lineage.seen()? {
        match &name.walk {
            None => continue,
            Some(Ok(walk)) => walks.push((name.identifier.as_str(), walk)),
            Some(Err(why)) => missing = Some(why.clone()),
        }
        any = true;
    }
    if any { Ok((walks, missing)) } else { Err(Skip::NotApplicable("it is not validated over HTTP")) }
}

/// The names that show this trouble.
///
/// # Errors
/// There is none, and some walk could not be made or tells nothing.
pub(super) fn shown<'a>(lineage: &'a Lineage, host: &HostFacts, wanted: Trouble) -> Result<Shown<'a>, Skip> {
    let (all, mut missing) = walks(lineage)?;
    let way = way(lineage, host);
    let mut walks = Vec::new();
    for (name, walk) in all {
        match trouble(walk, way) {
            Ok(Some(found)) if found == wanted => walks.push((name, walk)),
            Ok(_) => {}
            Err(why) => {
                missing = Some(Missing::new(&walk.url, Why::Unclear(why.into()), Role::Other));
            }
        }
    }
    match missing {
        Some(missing) if walks.is_empty() => Err(Skip::from(missing)),
        _ => Ok(Shown { lineage, walks }),
    }
}

impl<'a> Shown<'a> {
    /// These walks.
    pub fn of(lineage: &'a Lineage, walks: Named<'a>) -> Self {
        Self { lineage, walks }
    }

    /// Those of them that a condition holds for.
    pub fn only(mut self, holds: impl Fn(&Walk) -> bool) -> Self {
        self.walks.retain(|(_, walk)| holds(walk));
        self
    }

    /// No name shows the trouble.
    pub fn is_empty(&self) -> bool {
        self.walks.is_empty()
    }

    /// One finding for all names with the same fault, said of them and of the first walk.
    pub fn finding(&self, says: impl Fn(&str, &'a Walk) -> String, wanted: &str, fix: &str) -> Vec<Finding> {
        self.findings(says, wanted, fix).into_iter().map(|(finding, _)| finding).collect()
    }

    /// The same, each with the first walk that it is about.
    pub fn findings(
        &self,
        says: impl Fn(&str, &'a Walk) -> String,
        wanted: &str,
        fix: &str,
    ) -> Vec<(Finding, &'a Walk)> {
        let same = |a: &Walk, b: &Walk| {
            let status = |walk: &Walk| walk.last().and_then(|hop| hop.status);
            a.fault.as_ref().map(std::mem::discriminant) == b.fault.as_ref().map(std::mem::discriminant)
                && status(a) == status(b)
        };
        let mut groups: Vec<(&'a Walk, Named<'a>)> = Vec::new();
        for (name, walk) in &self.walks {
            match groups.iter_mut().find(|(first, _)| same(first, walk)) {
                Some((_, walks)) => walks.push((name, walk)),
                None => groups.push((walk, vec![(name, walk)])),
            }
        }
        let of_group = |(first, walks): (&'a Walk, Named<'a>)| {
            let names: Vec<&str> = walks.iter().map(|(name, _)| *name).collect();
            let mut finding = Finding::new(says(&listed(&names), first)).identifiers(names);
            for (_, walk) in walks.iter().take(EXAMPLES) {
                finding = finding.evidence(evidence(walk, wanted));
            }
            (finding.fix(fix, [try_it(self.lineage)]), first)
        };
        groups.into_iter().map(of_group).collect()
    }

    /// One finding for each address that could not be connected to, shared by the lineages that need it.
    pub fn by_address(&self, says: impl Fn(&str) -> String, wanted: &str, fix: &str) -> Vec<Finding> {
        let mut groups: Vec<(String, Named<'_>)> = Vec::new();
        for (name, walk) in &self.walks {
            let address = walk.last().and_then(|hop| hop.used).map(|a| a.to_string()).unwrap_or_default();
            match groups.iter_mut().find(|(known, _)| *known == address) {
                Some((_, walks)) => walks.push((name, walk)),
                None => groups.push((address, vec![(name, walk)])),
            }
        }
        let of_group = |(address, walks): (String, Named<'a>)| {
            let first = walks.first().map(|(_, walk)| *walk);
            let shown = Shown { lineage: self.lineage, walks };
            shown.finding(|_, _| says(&address), wanted, fix).into_iter().map(move |mut finding| {
                let place = format!("port 80 of {address}");
                // The same for every name, so that the names of many lineages are still one line.
                finding.evidence = first.map(|walk| of_address(walk, &place, wanted)).into_iter().collect();
                finding.about(Subject::Process(place)).lowered(Severity::MayFail, HAIRPIN)
            })
        };
        groups.into_iter().flat_map(of_group).collect()
    }
}

/// Adds the lines of the servers' configurations that may be to blame.
pub(super) fn with_suspects(finding: Finding, host: &HostFacts, id: &str) -> Finding {
    const SHOWN: usize = 3;
    let lines = host.servers.suspects.iter().filter(|suspect| suspect.id == id).take(SHOWN);
    lines.fold(finding, |finding, line| {
        finding.saw(&line.r#where, format!("{}: may be what does it", line.text))
    })
}

/// What a walk ended with, as evidence.
fn evidence(walk: &Walk, wanted: &str) -> Evidence {
    let end = walk.last();
    let seen = end.map(seen).unwrap_or_default();
    let saw = match walk.fault.as_ref().filter(|_| walk.answer().is_none()) {
        Some(fault) => format!("{seen}; the CA says `{fault}`"),
        None => seen,
    };
    of_http(end.map_or(&walk.url, |hop| &hop.url), saw, wanted)
}

/// What came of a connection, as evidence that names the address alone.
fn of_address(walk: &Walk, place: &str, wanted: &str) -> Evidence {
    let error = walk.last().and_then(|hop| hop.error.as_deref()).unwrap_or("no answer");
    let fault = walk.fault.as_ref().map(|fault| format!("; the CA says `{fault}`"));
    of_http(place, format!("{error}{}", fault.unwrap_or_default()), wanted)
}

/// Evidence over HTTP from this host.
fn of_http(place: &str, saw: String, wanted: &str) -> Evidence {
    Evidence {
        kind: Source::Http,
        r#where: place.to_owned(),
        vantage: "this host".into(),
        saw,
        wanted: Some(wanted.to_owned()),
    }
}

/// An answer, or its lack, in a few words: `301 to https://example.com/ from nginx at 203.0.113.7`.
pub(super) fn seen(hop: &Hop) -> String {
    let mut text = match (hop.status, &hop.error) {
        (Some(status), _) => status.to_string(),
        (None, Some(error)) => error.clone(),
        (None, None) => "no answer".to_owned(),
    };
    if let Some(location) = &hop.location {
        text += &format!(" to {}", start(location));
    }
    if let Some(server) = &hop.server {
        text += &format!(" from {}", start(server));
    }
    if let Some(address) = hop.used {
        text += &format!(" at {address}");
    }
    text
}

/// No more of a foreign text than helps, without control characters.
pub(super) fn start(text: &str) -> String {
    const MAX: usize = 120;
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut start: String = clean.take(MAX).collect();
    if text.chars().count() > MAX {
        start.push('…');
    }
    start
}

#[cfg(test)]
pub(super) mod fixture {
    use super::*;
    use crate::check::Check;
    use crate::checks::testing::{denied, host, lineage_with, name_seen, only, run, silent, unknown};
    use crate::facts::net::{Fault, NameSeen};

    /// The first URL of the tests.
    pub const URL: &str = "http://example.com/.well-known/acme-challenge/token";

    /// A hop to a URL at 203.0.113.7 that got no answer.
    pub fn hop(url: &str) -> Hop {
        let address = Some("203.0.113.7".parse().unwrap());
        let host = url.split('/').nth(2).unwrap_or_default().into();
        Hop {
            url: url.into(),
            host,
            port: 80,
            addresses: address.into_iter().collect(),
            used: address,
            ..Hop::default()
        }
    }

    /// A hop with an answer.
    pub fn answered(url: &str, status: u16, server: &str, body: &str) -> Hop {
        Hop { status: Some(status), server: Some(server.into()), body: Some(body.into()), ..hop(url) }
    }

    /// A redirect of nginx.
    pub fn moved(url: &str, to: &str) -> Hop {
        Hop { location: Some(to.into()), body: None, ..answered(url, 301, "nginx", "") }
    }

    /// A walk of example.com with these hops that ends in this fault.
    pub fn ended(hops: Vec<Hop>, fault: Fault) -> Walk {
        Walk {
            identifier: "example.com".into(),
            url: URL.into(),
            expected: None,
            hops,
            fault: Some(fault),
            other: None,
            again: None,
        }
    }

    /// A walk that ends with the answer of its last hop.
    pub fn miss(hops: Vec<Hop>) -> Walk {
        let last = hops.last().unwrap();
        let (url, status) = (last.url.clone(), last.status.unwrap());
        let fault = match status {
            200 => Fault::WrongBody { expected: None, got: last.body.clone().unwrap_or_default() },
            status => Fault::Status { url, status },
        };
        ended(hops, fault)
    }

    /// A healthy walk: the server looks and finds nothing.
    pub fn healthy() -> Walk {
        miss(vec![answered(URL, 404, "nginx", "<html>404 Not Found")])
    }

    /// The healthy lineage with another authenticator and a walk for each of its two names.
    pub fn lineage(authenticator: &str, walk: Option<Result<Walk, Missing>>) -> Lineage {
        let mut lineage = lineage_with("authenticator", authenticator);
        let seen = |name: &String| NameSeen { walk: walk.clone(), ..name_seen(name) };
        lineage.seen = Some(lineage.names().iter().map(seen).collect());
        lineage
    }

    /// One finding with these words for both names of a webroot lineage; silence where all is well, where the network was
    /// not asked and where DNS validates; unknown without a walk.
    pub fn fails(check: &Check, walk: Walk, says: &str) -> (Severity, Finding) {
        let (severity, finding) = only(check, &lineage("webroot", Some(Ok(walk))), &host());
        assert!(finding.says.contains(says), "{}", finding.says);
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        assert!(finding.evidence.iter().all(|e| e.kind == Source::Http && e.vantage == "this host"));
        silent(check, &lineage("webroot", Some(Ok(healthy()))), &host());
        silent(check, &lineage("dns-cloudflare", None), &host());
        let mut offline = lineage("webroot", None);
        offline.seen = None;
        assert!(matches!(run(check, &offline, &host()), Err(Skip::NotAsked(_))));
        unknown(check, &lineage("webroot", Some(denied(Role::Other))), &host());
        (severity, finding)
    }

    /// No finding for a lineage of that authenticator.
    pub fn passes(check: &Check, authenticator: &str, walk: Walk) {
        silent(check, &lineage(authenticator, Some(Ok(walk))), &host());
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{URL, answered, ended, healthy, hop, lineage, miss, moved};
    use crate::checks::testing::loud;
    use crate::facts::net::{Fault, Walk};

    const TO: &str = "https://example.com/x";

    #[test]
    fn one_check_speaks_loudly_of_each_fault() {
        let host = crate::checks::testing::host();
        let key = format!("token.{}", "a".repeat(43));
        let v6_denied =
            Walk { other: Some(Box::new(healthy())), ..miss(vec![answered(URL, 403, "nginx", "")]) };
        for (walk, id) in [
            (ended(vec![hop(URL)], Fault::ConnectTimeout), "port80-blocked"),
            (ended(vec![hop(URL)], Fault::Refused), "connection-refused"),
            (ended(vec![moved(URL, "http://h:81/")], Fault::BadPort(81)), "redirect-bad-port"),
            (
                ended(vec![moved(URL, TO)], Fault::MissingSlash("x.well-known".into())),
                "redirect-missing-slash",
            ),
            (ended(vec![moved(URL, TO)], Fault::Loop), "redirect-other"),
            (ended(vec![moved(URL, TO), hop(TO)], Fault::NotTls), "redirect-other"),
            (ended(vec![hop(URL)], Fault::AnswerTimeout), "slow-server"),
            (miss(vec![answered(URL, 403, "cloudflare", "")]), "cdn-waf-bot-challenge"),
            (miss(vec![answered(URL, 404, "RomPager", "")]), "nat-forwarding-gone"),
            (ended(vec![hop(URL)], Fault::Http2), "catch-all-app-answers"),
            (miss(vec![answered(URL, 401, "nginx", "")]), "auth-on-site"),
            (miss(vec![answered(URL, 403, "nginx", "")]), "dotfile-deny"),
            (ended(vec![moved(URL, TO), hop(TO)], Fault::Refused), "redirect-all-before-challenge"),
            (miss(vec![answered(URL, 200, "Caddy", &key)]), "other-acme-client-owns-path"),
            (v6_denied, "aaaa-wrong-host"),
        ] {
            let loud = loud(&[lineage("webroot", Some(Ok(walk)))], &host);
            assert_eq!(loud, [id]);
        }
    }
}
