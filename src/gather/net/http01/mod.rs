//! Walks the way of an HTTP-01 validation as Let's Encrypt's validation authority does, and records it.
//!
//! The rules are those of Boulder, not those of a browser: one address of each family, IPv4 only after a failure to
//! connect over IPv6 and then from the beginning, four kinds of redirect, two ports, any certificate, 128 bytes. URLs,
//! heads and bodies are read, and TLS is spoken, as Go does, in which Boulder is written. All of it is held against
//! Boulder's own VA at commit 2d00c8e27. <https://github.com/letsencrypt/boulder/blob/main/va/http.go>

mod body;
mod dial;
mod exchange;
mod first;
mod head;
mod redirect;
mod request;
mod source;
mod tls;
mod url;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use self::dial::{Nowhere, Target};
use self::exchange::{Answer, Asked, MAX_BODY, Means};
use self::redirect::Record;
use self::url::Url;
use crate::facts::net::{Fault, Hop, Walk, quoted};

pub use self::dial::{Addresses, Found};

/// From how many places more the CA looks. <https://letsencrypt.org/docs/faq/>
const PLACES: usize = 4;

/// What to walk to.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The identifier without `*.`: a DNS name or an IP address.
    pub identifier: &'a str,
    /// The token that ends the path.
    pub token: &'a str,
    /// The key authorization that was planted; `None` to see what a miss looks like.
    pub expected: Option<&'a str>,
    /// How to walk.
    pub options: &'a Options,
}

/// How to walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The port for http: 80 but with a test CA.
    pub http_port: u16,
    /// The port for https: 443 but with a test CA.
    pub https_port: u16,
    /// Whether reserved addresses are dialled: only a CA in the same network does.
    pub allow_private: bool,
    /// How long to wait for a connection.
    pub dial_timeout: Duration,
    /// How long to wait for the end of a TLS handshake.
    pub tls_timeout: Duration,
    /// How long the whole walk may take.
    pub total: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http_port: 80,
            https_port: 443,
            allow_private: false,
            dial_timeout: Duration::from_secs(10),
            tls_timeout: Duration::from_secs(10),
            total: Duration::from_secs(20),
        }
    }
}

/// A token that nobody planted, as random and as long as the CA's.
///
/// # Errors
/// The system gives no random bytes.
pub fn random_token() -> Result<String, aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// Walks to the challenge, and once more over IPv4 alone where the name has both families and IPv6 answered.
///
/// It never fails: what goes wrong is what it records. It takes no longer than twice [`Options::total`].
pub async fn walk(ask: &Ask<'_>, addresses: &impl Addresses) -> Walk {
    let tls = match tls::config() {
        Ok(tls) => tls,
        Err(error) => return unwalked(ask, Fault::Tls(error.to_string())),
    };
    let mut walk = over(ask, addresses, &tls, false).await;
    let both = walk.hops.first().is_some_and(|hop| {
        hop.used.is_some_and(|used| used.is_ipv6()) && hop.addresses.iter().any(IpAddr::is_ipv4)
    });
    if both && !walk.fell_back() {
        walk.other = Some(Box::new(over(ask, addresses, &tls, true).await))
            .filter(|other| other.hops.iter().any(|hop| hop.used.is_some()));
    }
    walk
}

/// The walk again and again, as the CA makes it from several places: the one that came to another end, if there is one.
///
/// Only where the first one ended with an answer.
pub async fn again(ask: &Ask<'_>, addresses: &impl Addresses, first: &Walk) -> Option<Walk> {
    let tls = tls::config().ok().filter(|_| first.answer().is_some())?;
    let walks = (0..PLACES).map(|_| over(ask, addresses, &tls, false));
    let walks = futures_util::future::join_all(walks).await.into_iter();
    let mut unlike = walks.filter(|walk| walk.fault.is_none() != first.fault.is_none());
    unlike.find(|walk| walk.answer().is_some())
}

/// A walk over both families, or over IPv4 wherever there is some.
async fn over(ask: &Ask<'_>, addresses: &impl Addresses, tls: &Arc<ClientConfig>, v4_only: bool) -> Walk {
    let means = Means { options: ask.options, tls: tls.clone(), deadline: dial::after(ask.options.total) };
    let mut course = Course {
        means,
        addresses,
        v4_only,
        expected: ask.expected,
        record: Record::default(),
        hops: Vec::new(),
    };
    let fault = course.run(ask).await.err();
    Walk { hops: course.hops, ..unwalked(ask, fault) }
}

fn unwalked(ask: &Ask<'_>, fault: impl Into<Option<Fault>>) -> Walk {
    Walk {
        identifier: ask.identifier.to_owned(),
        url: first_url(ask).to_string(),
        expected: ask.expected.map(str::to_owned),
        hops: Vec::new(),
        fault: fault.into(),
        other: None,
        again: None,
    }
}

fn first_url(ask: &Ask<'_>) -> Url {
    let host = match ask.identifier.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => ask.identifier.to_lowercase(),
    };
    Url::http(&host, &format!("/.well-known/acme-challenge/{}", ask.token))
}

/// A walk under way.
struct Course<'a, A> {
    means: Means<'a>,
    addresses: &'a A,
    v4_only: bool,
    expected: Option<&'a str>,
    record: Record,
    hops: Vec<Hop>,
}

/// Where to go next: a URL and what it resolves to.
struct Stage {
    url: Url,
    from: Option<Url>,
    host: String,
    port: u16,
    target: Target,
    started: Instant,
}

impl<A: Addresses> Course<'_, A> {
    async fn run(&mut self, ask: &Ask<'_>) -> Result<(), Fault> {
        let url = first_url(ask);
        let host = url.name().to_owned();
        let stage = self.resolve(url.clone(), None, host, self.means.options.http_port).await?;
        let (port, all, fallback) = (stage.port, stage.target.all.clone(), stage.target.fallback());
        self.record.fetched(&url);
        let fault = match self.follow(stage).await {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        // A failure to connect at whatever hop starts the first URL anew over the first host's IPv4. What was seen
        // and counted stays, so a redirect that was followed before is now a loop.
        let Some(v4) = fallback.filter(|_| fault.is_dial()) else { return Err(fault) };
        let (host, target) = (url.name().to_owned(), Target::only(all, v4));
        self.follow(Stage { url, from: None, host, port, target, started: Instant::now() }).await
    }

    /// Fetches a URL and what it redirects to, to the end.
    async fn follow(&mut self, mut stage: Stage) -> Result<(), Fault> {
        loop {
            let (status, location, body) = match self.ask(&stage).await? {
                Answer::Final { status, body } => return judge(&stage.url, status, &body, self.expected),
                Answer::Redirect { status, location, body } => (status, location, body),
            };
            let next = self.record.follow(&stage.url, status, &location, self.means.options)?;
            let url = next.url.clone();
            stage = self.resolve(next.url, Some(stage.url), next.host, next.port).await?;
            self.record.fetched(&url);
            if timeout_at(self.means.deadline, body.pass_over()).await.is_err() {
                let mut hop = stage.hop();
                hop.error = Some("no end of the redirect's body in time".into());
                self.hops.push(hop);
                return Err(Fault::AnswerTimeout);
            }
        }
    }

    async fn ask(&mut self, stage: &Stage) -> Result<Answer, Fault> {
        let mut hop = stage.hop();
        let to = SocketAddr::new(stage.target.address(), stage.port);
        let asked = Asked { url: &stage.url, from: stage.from.as_ref(), host: &stage.host, to };
        let answer = exchange::exchange(asked, &self.means, &mut hop).await;
        hop.millis = millis(stage.started);
        self.hops.push(hop);
        answer
    }

    /// The addresses of a host; a host without any is recorded as a hop that led nowhere.
    async fn resolve(
        &mut self,
        url: Url,
        from: Option<Url>,
        host: String,
        port: u16,
    ) -> Result<Stage, Fault> {
        let started = Instant::now();
        let Means { options, deadline, .. } = &self.means;
        let target =
            dial::target(&host, self.addresses, self.v4_only, options.allow_private, *deadline).await;
        match target {
            Ok(target) => Ok(Stage { url, from, host, port, target, started }),
            Err(Nowhere { fault, all }) => {
                let mut hop = hop(&url, &host, port, &all);
                (hop.error, hop.millis) = (Some(fault.to_string()), millis(started));
                self.hops.push(hop);
                Err(fault)
            }
        }
    }
}

impl Stage {
    /// The connection to it, not made yet.
    fn hop(&self) -> Hop {
        let hop = hop(&self.url, &self.host, self.port, &self.target.all);
        Hop { used: Some(self.target.address()), ..hop }
    }
}

fn hop(url: &Url, host: &str, port: u16, addresses: &[IpAddr]) -> Hop {
    Hop { url: url.shown(), host: host.into(), port, addresses: addresses.into(), ..Hop::default() }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Judges the answer that is no redirect.
fn judge(url: &Url, status: u16, body: &[u8], expected: Option<&str>) -> Result<(), Fault> {
    if status != 200 {
        return Err(Fault::Status { url: url.shown(), status });
    }
    if body.len() >= MAX_BODY {
        return Err(Fault::BodyTooLong { url: url.shown(), got: quoted(body) });
    }
    let got = trimmed(body);
    match expected {
        Some(expected) if expected.as_bytes() == got => Ok(()),
        _ => Err(Fault::WrongBody { expected: expected.map(str::to_owned), got: quoted(got) }),
    }
}

/// Without white space at the end, that of Unicode included.
fn trimmed(body: &[u8]) -> &[u8] {
    let blank = match body.utf8_chunks().last() {
        Some(last) if last.invalid().is_empty() => last.valid().len() - last.valid().trim_end().len(),
        _ => 0,
    };
    body.get(..body.len().saturating_sub(blank)).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_token_is_like_the_ca_s() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert!(one.len() == 43 && one != other);
    }

    #[test]
    fn the_first_url_of_each_kind_of_identifier() {
        let options = Options::default();
        for (identifier, url) in [
            ("Example.com", "http://example.com/.well-known/acme-challenge/t"),
            ("192.0.2.1", "http://192.0.2.1/.well-known/acme-challenge/t"),
            ("2001:DB8:0::1", "http://[2001:db8::1]/.well-known/acme-challenge/t"),
        ] {
            let ask = Ask { identifier, token: "t", expected: None, options: &options };
            assert_eq!(first_url(&ask).to_string(), url);
        }
    }
}
