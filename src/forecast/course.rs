//! The rules by which one lineage becomes due, as certbot's installed version decides.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::interval::interval_seconds;
use crate::ca::{self, AriWindow, Authority, DAY, Profile};
use crate::facts::{Conf, HostFacts, Lineage};

/// The rules that make a lineage due, in certbot's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Because {
    Ari,
    RenewBeforeExpiry,
    Lifetime,
    #[serde(rename = "fixed-30-days")]
    Fixed30Days,
    Revoked,
    Expired,
    Forced,
    AutorenewOff,
}

/// A certificate's validity, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Its first second.
    pub from: i64,
    /// The second at which it has expired.
    pub to: i64,
}

impl Validity {
    /// How long it lives, in seconds.
    pub fn lifetime(self) -> i64 {
        // Both ends are included: RFC 5280, section 4.1.2.5.
        self.to.saturating_sub(self.from).saturating_add(1)
    }
}

/// When a certificate becomes due: at some moment between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The earliest.
    pub at: i64,
    /// The latest.
    pub by: i64,
    /// The rule that makes it due first.
    pub because: Because,
}

/// A window that the CA gave.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Given {
    /// The certificate that it is for.
    cert: Validity,
    open: i64,
    close: i64,
}

/// What decides of one lineage when each of its certificates becomes due, and how long the next one lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// `autorenew = False`.
    off: bool,
    /// `renew_before_expiry`, in seconds.
    before_expiry: Option<i64>,
    /// The CA's renewal information, predicted, where this certbot asks for it.
    ari: Option<AriWindow>,
    /// The CA's renewal information as it gave it, for this one certificate.
    given: Option<Given>,
    /// certbot 4 and newer: a fraction of the lifetime; before that thirty days.
    fraction: bool,
    authority: Option<&'static Authority>,
    profile: Option<&'static Profile>,
}

impl Course {
    /// The rules for a lineage with this conf on this host.
    ///
    /// The order is that of certbot's `should_autorenew`: autorenew, renewal information (RFC 9773; from 4.1),
    /// `renew_before_expiry`, then a fraction of the lifetime (from 4.0) or thirty days.
    /// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py>
    pub fn new(lineage: &Lineage, conf: &Conf, host: &HostFacts) -> Self {
        Self::of_release(certbot_release(lineage, conf, host), lineage, conf, host)
    }

    /// The same with a release of certbot; the newest where none is named.
    pub(super) fn of_release(
        release: Option<(u32, u32)>,
        lineage: &Lineage,
        conf: &Conf,
        host: &HostFacts,
    ) -> Self {
        let at_least = |wanted| release.is_none_or(|release| release >= wanted);
        let authority = lineage.server().and_then(ca::authority);
        let name = ["required_profile", "preferred_profile"]
            .iter()
            .find_map(|key| host.setting(conf, key).and_then(|(_, setting)| setting.text()));
        // A conf without `server` is renewed at the default CA, but certbot does not ask for renewal information then.
        let asks = at_least((4, 1)) && conf.param_text("server").is_some();
        Self {
            off: conf.param_text("autorenew").is_some_and(|text| text.eq_ignore_ascii_case("false")),
            before_expiry: conf.top("renew_before_expiry").and_then(|s| interval_seconds(s.text()?)),
            ari: authority.and_then(|ca| ca.ari).filter(|_| asks),
            given: given(lineage).filter(|_| asks),
            fraction: at_least((4, 0)),
            authority,
            profile: authority.and_then(|ca| ca.profile(name).or(ca.profile(None))),
        }
    }

    /// When a certificate becomes due; `None` where it never does.
    pub fn due(&self, cert: Validity) -> Option<Due> {
        if self.off {
            return None;
        }
        let lifetime = cert.lifetime();
        let before = self.before_expiry.map(|seconds| cert.to.saturating_sub(seconds));
        let by_rule = |at: i64, because| Due { at, by: at, because };
        let due = match (self.window(cert), before) {
            // Either makes it due: an early answer of the CA is not put off by a late wish, nor the reverse.
            (Some((open, _)), Some(at)) if at < open => by_rule(at, Because::RenewBeforeExpiry),
            (Some((open, close)), Some(at)) => Due { at: open, by: close.min(at), because: Because::Ari },
            (Some((open, close)), None) => Due { at: open, by: close, because: Because::Ari },
            (None, Some(at)) => by_rule(at, Because::RenewBeforeExpiry),
            (None, None) if self.fraction => {
                let left = if lifetime < 10 * DAY { lifetime / 2 } else { lifetime / 3 };
                by_rule(cert.to.saturating_sub(left), Because::Lifetime)
            }
            (None, None) => by_rule(cert.to.saturating_sub(30 * DAY), Because::Fixed30Days),
        };
        let (at, by) = (due.at.max(cert.from), due.by.max(cert.from));
        Some(Due { at, by, because: due.because })
    }

    /// The window in which the CA wants a certificate to be renewed, as it says or as it is known to choose it.
    fn window(&self, cert: Validity) -> Option<(i64, i64)> {
        let predicted = |window: AriWindow| {
            let (open, close) = window.of(cert.lifetime());
            (cert.from.saturating_add(open), cert.from.saturating_add(close))
        };
        let given = self.given.filter(|given| given.cert == cert);
        given.map(|given| (given.open, given.close)).or_else(|| self.ari.map(predicted))
    }

    /// Whether the window of a certificate is the CA's own word.
    pub fn is_given(&self, cert: Validity) -> bool {
        self.given.is_some_and(|given| given.cert == cert)
    }

    /// The validity of the certificate that is issued at a moment in place of this one, and what says how long it lives.
    pub fn next(&self, before: Validity, issued: i64) -> (Validity, Option<&'static str>) {
        let at = Timestamp::from_second(issued).unwrap_or(Timestamp::MAX);
        let (lifetime, source) = ca::lifetime(self.authority, self.profile, before.lifetime(), at);
        (Validity { from: issued, to: issued.saturating_add(lifetime).saturating_sub(1) }, source)
    }

    /// Whether the CA validates the names anew at a renewal, so many seconds after the one before; within its time of
    /// reuse an earlier validation counts, and a path that is broken by now goes unnoticed.
    pub fn validates(&self, at: i64, since: i64) -> bool {
        let reuse = self.profile.and_then(|profile| ca::at(profile.reuse, moment(at)));
        reuse.is_none_or(|reuse| since >= reuse.value)
    }

    /// The CA's limits, where they are known.
    pub fn limits(&self) -> Option<ca::Limits> {
        self.authority.and_then(|ca| ca.limits)
    }
}

/// The window that the CA gave for the certificate in use.
fn given(lineage: &Lineage) -> Option<Given> {
    let ari = lineage.ari.as_ref()?.as_ref().ok()?;
    let cert = lineage.cert.as_ref().ok()?;
    let cert = Validity { from: cert.not_before.as_second(), to: cert.not_after.as_second() };
    Some(Given { cert, open: ari.start.as_second(), close: ari.end.as_second() })
}

/// Validity of the certificate that `certbot renew` judges: of the newest complete version, which it links to first,
/// and else of the one that live points at.
pub fn judged(lineage: &Lineage) -> Option<Validity> {
    let newest = lineage.archive.as_ref().ok().and_then(|archive| archive.latest_complete()?.issued.as_ref());
    let (from, to) = match (newest, &lineage.cert) {
        (Some(issued), _) => (issued.not_before, issued.not_after),
        (None, Ok(cert)) => (cert.not_before, cert.not_after),
        (None, Err(_)) => return None,
    };
    Some(Validity { from: from.as_second(), to: to.as_second() })
}

/// The certbot that will judge this lineage: the newest on the host, else the one that wrote the conf; `None` where its rules are
/// those of the newest that there is, as for what this program renews.
pub fn certbot_release(lineage: &Lineage, conf: &Conf, host: &HostFacts) -> Option<(u32, u32)> {
    if host.is_renewed_by_us(lineage) {
        return None;
    }
    host.newest_certbot().or_else(|| crate::facts::release(conf.top("version")?.text()?))
}

/// A moment so many seconds after the epoch; the ends of time stand for what lies beyond them.
pub(crate) fn moment(second: i64) -> Timestamp {
    let beyond = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(beyond)
}
