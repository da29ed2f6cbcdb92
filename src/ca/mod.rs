//! What is known of each CA, as data with its source.

mod authorities;
mod dated;
mod letsencrypt;
mod retired;
mod staging;

pub use authorities::{Authority, authority, issues_for_cas, lifetime};
pub use dated::{Dated, at};
pub use letsencrypt::{LIMITS, PROFILES};
pub use retired::{Retired, retired};
pub use staging::{is_production, staging};

/// certbot's default server: Let's Encrypt's production directory.
/// <https://letsencrypt.org/docs/acme-protocol-updates/>
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Let's Encrypt's staging directory. <https://letsencrypt.org/docs/staging-environment/>
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// Let's Encrypt's ACMEv1 directory, which certbot replaces by [`LETS_ENCRYPT`] when it reads a conf.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/constants.py>
pub const LETS_ENCRYPT_V1: &str = "https://acme-v01.api.letsencrypt.org/directory";

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Seconds of an hour.
pub const HOUR: i64 = 3_600;

/// A certificate profile that a CA offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name in an order.
    pub name: &'static str,
    /// How many identifiers one certificate may have.
    pub max_names: usize,
    /// When it was withdrawn (RFC 3339 date), and what the CA then says.
    pub gone_since: Option<&'static str>,
    /// Where that is written.
    pub source: &'static str,
    /// Seconds that a certificate lives, by the day of its issue.
    pub lifetimes: &'static [Dated<i64>],
    /// Seconds for which a validated authorization is used again, by day.
    pub reuse: &'static [Dated<i64>],
}

/// Where in a lifetime a CA's renewal information (RFC 9773) suggests to renew, as fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AriWindow {
    /// The window's middle.
    pub centre: (i64, i64),
    /// Below this lifetime, in seconds, the middle is another one.
    pub short_below: i64,
    /// The middle for short lifetimes.
    pub short_centre: (i64, i64),
    /// From the middle to either end.
    pub margin: (i64, i64),
}

impl AriWindow {
    /// Seconds after the begin of a lifetime at which the window opens and closes.
    pub fn of(&self, lifetime: i64) -> (i64, i64) {
        let part = |(n, of): (i64, i64)| lifetime.saturating_mul(n) / of.max(1);
        let centre = part(if lifetime < self.short_below { self.short_centre } else { self.centre });
        let margin = part(self.margin);
        (centre.saturating_sub(margin), centre.saturating_add(margin))
    }
}

/// What a CA allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Certificates for one exact set of identifiers.
    pub same_names: usize,
    /// Within so many seconds.
    pub same_names_within: i64,
    /// Certificates for names below one registered domain; renewals with the same names do not count.
    pub per_domain: usize,
    /// Within so many seconds.
    pub per_domain_within: i64,
    /// Failed validations of a name and an account that are let through in an hour.
    pub failures_per_hour: u32,
    /// Failures in a row after which a name is paused until a person unpauses it.
    pub failures_until_paused: u32,
    /// How many of those are forgotten each day.
    pub failures_forgiven_per_day: u32,
    /// Where that is written.
    pub source: &'static str,
}

/// Whether a directory URL is Let's Encrypt's production server, in the v2 form or the v1 form that certbot maps to it.
pub fn is_lets_encrypt(server: &str) -> bool {
    matches!(host(server), Some("acme-v02.api.letsencrypt.org" | "acme-v01.api.letsencrypt.org"))
}

/// Whether a directory URL is Let's Encrypt's, production or staging.
pub fn is_lets_encrypt_any(server: &str) -> bool {
    host(server).is_some_and(|h| h.ends_with(".api.letsencrypt.org"))
}

/// Whether a directory URL is a known staging or test service whose certificates no browser trusts.
pub fn is_staging(server: &str) -> bool {
    let Some(host) = host(server) else { return false };
    host.starts_with("acme-staging")
        || host == "dv.acme-v02.test-api.pki.goog"
        || host == "api.test4.buypass.no"
        || (host.ends_with(".sectigo.com") && host.contains("staging"))
}

/// The host of a URL, without port.
pub fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next();
    }
    authority.split(':').next().filter(|h| !h.is_empty())
}

/// certbot's folder below `accounts/` for a server: network location and path.
pub fn account_folder(server: &str) -> String {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/').to_owned()
}

/// The ACMEv1 folder whose accounts certbot goes on using where a v2 folder lacks one (its LE_REUSE_SERVERS).
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/constants.py>
pub fn account_folder_before(folder: &str) -> Option<&'static str> {
    match folder {
        "acme-v02.api.letsencrypt.org/directory" => Some("acme-v01.api.letsencrypt.org/directory"),
        "acme-staging-v02.api.letsencrypt.org/directory" => {
            Some("acme-staging.api.letsencrypt.org/directory")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_apart_by_host() {
        assert!(is_lets_encrypt(LETS_ENCRYPT) && !is_staging(LETS_ENCRYPT));
        assert!(is_staging(LETS_ENCRYPT_STAGING) && is_lets_encrypt_any(LETS_ENCRYPT_STAGING));
        assert!(!is_lets_encrypt("https://acme-v02.api.letsencrypt.org.evil.example/directory"));
        assert!(!is_staging("https://ca.example/staging"));
    }

    #[test]
    fn an_account_folder_keeps_the_port_and_the_path() {
        assert_eq!(account_folder(LETS_ENCRYPT), "acme-v02.api.letsencrypt.org/directory");
        assert_eq!(account_folder("https://localhost:14000/dir"), "localhost:14000/dir");
    }
}
