//! The ACME services that are known by the hosts of their directories.

use jiff::Timestamp;
use jiff::civil::date;

use super::{AriWindow, DAY, Dated, Limits, Profile, dated, host, letsencrypt};

/// What is known of an ACME service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    /// What people call it.
    pub name: &'static str,
    /// The hosts of its directories.
    pub hosts: &'static [&'static str],
    /// Its certificate profiles; the first is the one of an order that names none. Empty where they are not known.
    pub profiles: &'static [Profile],
    /// Where its renewal information (RFC 9773) suggests to renew, where it has any and that is known.
    pub ari: Option<AriWindow>,
    /// Its limits, where they are known.
    pub limits: Option<Limits>,
    /// The names by which CAA records (RFC 8659) let it issue, its main one first. Empty where they are not known.
    pub caa: &'static [&'static str],
}

/// Production and staging alike. <https://letsencrypt.org/docs/caa/>
const CAA_LETS_ENCRYPT: &[&str] = &["letsencrypt.org"];
/// Sectigo's names from the time when it was Comodo count on; ZeroSSL's certificates are Sectigo's.
/// <https://ssl247.com/knowledge-base/detail/internal-caa-records/ka01n000000xnreqao>
/// <https://help.zerossl.com/hc/en-us/articles/360060119753-Invalid-CAA-Records>
const CAA_SECTIGO: &[&str] =
    &["sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"];
/// <https://developers.google.com/public-key-infrastructure/dns-debugging>
const CAA_GOOGLE: &[&str] = &["pki.goog"];
/// <https://www.ssl.com/how-to/configure-caa-records-to-authorize-ssl-com/>
const CAA_SSL_COM: &[&str] = &["ssl.com"];
/// The brands that DigiCert took over count as its own.
/// <https://docs.digicert.com/en/certcentral/manage-certificates/dns-caa-resource-record-check.html>
const CAA_DIGICERT: &[&str] = &["digicert.com", "symantec.com", "thawte.com", "geotrust.com", "rapidssl.com"];

/// The services whose certificates browsers trust, and Let's Encrypt's staging, which behaves as its production does.
const PUBLIC: &[Authority] = &[
    Authority {
        name: "Let's Encrypt",
        hosts: &["acme-v02.api.letsencrypt.org", "acme-v01.api.letsencrypt.org"],
        profiles: letsencrypt::PROFILES,
        ari: Some(letsencrypt::ARI),
        limits: Some(letsencrypt::LIMITS),
        caa: CAA_LETS_ENCRYPT,
    },
    Authority {
        name: "Let's Encrypt's staging",
        hosts: &["acme-staging-v02.api.letsencrypt.org", "acme-staging.api.letsencrypt.org"],
        profiles: letsencrypt::PROFILES,
        ari: Some(letsencrypt::ARI),
        limits: None,
        caa: CAA_LETS_ENCRYPT,
    },
    public("ZeroSSL", &["acme.zerossl.com"], CAA_SECTIGO),
    public("Google Trust Services", &["dv.acme-v02.api.pki.goog"], CAA_GOOGLE),
    public("SSL.com", &["acme.ssl.com"], CAA_SSL_COM),
    public("Sectigo", &["acme.sectigo.com", "acme-ov.sectigo.com", "acme-ev.sectigo.com"], CAA_SECTIGO),
    public("DigiCert", &["acme.digicert.com"], CAA_DIGICERT),
    public("Actalis", &["acme-api.actalis.com"], &[]),
];

const fn public(
    name: &'static str,
    hosts: &'static [&'static str],
    caa: &'static [&'static str],
) -> Authority {
    Authority { name, hosts, profiles: &[], ari: None, limits: None, caa }
}

const BALLOT: &str = "https://cabforum.org/2025/04/11/ballot-sc081v3-introduce-schedule-of-reducing-validity-and-data-reuse-periods/";

/// The longest lifetime that the CA/Browser Forum lets any public CA give.
const LONGEST: &[Dated<i64>] = &[
    Dated {
        since: date(2020, 9, 1),
        value: 398 * DAY,
        source: "https://cabforum.org/working-groups/server/baseline-requirements/",
    },
    Dated { since: date(2026, 3, 15), value: 200 * DAY, source: BALLOT },
    Dated { since: date(2027, 3, 15), value: 100 * DAY, source: BALLOT },
    Dated { since: date(2029, 3, 15), value: 47 * DAY, source: BALLOT },
];

/// The organizations behind the certificates of public CAs' own servers.
const ISSUERS: [&str; 14] = [
    "Let's Encrypt",
    "Internet Security Research Group",
    "O=ISRG",
    "Sectigo",
    "ZeroSSL",
    "COMODO",
    "USERTRUST",
    "Google Trust Services",
    "GlobalSign",
    "SSL Corp",
    "DigiCert",
    "Actalis",
    "Amazon",
    "Entrust",
];

/// Whether the name of an issuer is that of an organization which certifies public CAs' servers.
pub fn issues_for_cas(issuer: &str) -> bool {
    ISSUERS.iter().any(|name| issuer.contains(name))
}

/// The service that a directory URL belongs to; `None` for a private or unknown one.
pub fn authority(server: &str) -> Option<&'static Authority> {
    let host = host(server)?;
    PUBLIC.iter().find(|ca| ca.hosts.contains(&host))
}

impl Authority {
    /// A profile by its name, or the default one.
    pub fn profile(&self, name: Option<&str>) -> Option<&'static Profile> {
        match name {
            Some(name) => self.profiles.iter().find(|p| p.name == name),
            None => self.profiles.first(),
        }
    }
}

/// How long a certificate will live that is issued at a moment, in seconds, and where that is written: by its profile,
/// else as long as the one before, within what public CAs may give; a private CA is taken to go on as before.
pub fn lifetime(
    authority: Option<&Authority>,
    profile: Option<&Profile>,
    before: i64,
    issued: Timestamp,
) -> (i64, Option<&'static str>) {
    if let Some(entry) = profile.and_then(|p| dated::at(p.lifetimes, issued)) {
        return (entry.value, Some(entry.source));
    }
    match authority.and_then(|_| dated::at(LONGEST, issued)) {
        Some(most) if most.value < before => (most.value, Some(most.source)),
        _ => (before, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::{HOUR, LETS_ENCRYPT};

    fn days(server: &str, profile: Option<&str>, before: i64, at: &str) -> i64 {
        let ca = authority(server);
        let profile = ca.and_then(|ca| ca.profile(profile));
        lifetime(ca, profile, before * DAY, at.parse().unwrap()).0 / DAY
    }

    #[test]
    fn lets_encrypts_default_shrinks_on_its_two_days() {
        let default = |at| days(LETS_ENCRYPT, None, 90, at);
        assert_eq!(default("2027-02-09T12:00:00Z"), 90);
        assert_eq!(default("2027-02-10T00:00:00Z"), 64);
        assert_eq!(default("2028-02-16T00:00:00Z"), 45);
        assert_eq!(days(LETS_ENCRYPT, Some("tlsserver"), 90, "2026-11-24T00:00:00Z"), 45);
        let short = authority(LETS_ENCRYPT).and_then(|ca| ca.profile(Some("shortlived")));
        assert_eq!(
            lifetime(None, short, 0, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(DAY * 20_000)).0,
            160 * HOUR
        );
    }

    #[test]
    fn another_public_ca_keeps_within_the_forums_limits_and_a_private_one_goes_on() {
        let zerossl = "https://acme.zerossl.com/v2/DV90";
        assert_eq!(days(zerossl, None, 90, "2027-06-01T00:00:00Z"), 90);
        assert_eq!(days(zerossl, None, 90, "2029-03-15T00:00:00Z"), 47);
        assert_eq!(days("https://step.corp.example/acme", None, 365, "2029-03-15T00:00:00Z"), 365);
    }
}
