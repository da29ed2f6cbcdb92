//! What a lineage will ask of its CA, as CAA records look at it.

use super::{Caa, Request, Ruling, judge};
use crate::ca;
use crate::check::Skip;
use crate::facts::{Account, HostFacts, Lineage};

/// A lineage's CA and accounts.
#[derive(Clone, Debug)]
pub struct Parties<'a> {
    /// The names of the CA in CAA records, its main one first.
    pub issuers: Vec<&'a str>,
    /// The URIs of the accounts that certbot may use, or why they are not known.
    pub accounts: Result<Vec<&'a str>, Skip>,
    lineage: &'a Lineage,
    host: &'a HostFacts,
}

impl<'a> Parties<'a> {
    /// Those of a lineage.
    ///
    /// # Errors
    /// The network was not asked, the conf could not be read, or the CA's names are not known.
    pub fn of(lineage: &'a Lineage, host: &'a HostFacts) -> Result<Self, Skip> {
        lineage.seen()?;
        let issuers = lineage.caa_identities(host)?;
        Ok(Self { issuers, accounts: host.account_uris(lineage), lineage, host })
    }

    /// Those of a lineage whose CA goes by a name that is not known: what no CA may issue for, it may not either.
    ///
    /// # Errors
    /// The network was not asked.
    pub fn of_any(lineage: &'a Lineage, host: &'a HostFacts) -> Result<Self, Skip> {
        lineage.seen()?;
        Ok(Self { issuers: Vec::new(), accounts: host.account_uris(lineage), lineage, host })
    }

    /// Those of a rehearsal with `certbot renew --dry-run`: Let's Encrypt's staging, which goes by the same name.
    ///
    /// # Errors
    /// The lineage is not rehearsed at another server than it renews at, or the accounts could not be listed.
    pub fn of_rehearsal(lineage: &'a Lineage, host: &'a HostFacts) -> Result<Self, Skip> {
        let production = Self::of(lineage, host)?;
        if host.cli("server").is_some() || !lineage.asks(host).is_some_and(ca::is_lets_encrypt) {
            return Err(Skip::NotApplicable("it is not rehearsed at the staging server of its own CA"));
        }
        let accounts = host.accounts_at(&ca::account_folder(ca::LETS_ENCRYPT_STAGING))?;
        let accounts = Ok(accounts.into_iter().filter_map(Account::usable_uri).collect());
        Ok(Self { accounts, ..production })
    }

    /// Rules on one identifier.
    pub fn judge<'c>(&self, identifier: &str, caa: &'c Caa) -> Ruling<'c> {
        let request = Request {
            identifier,
            issuers: &self.issuers,
            accounts: self.accounts.as_deref().ok(),
            method: self.method(identifier),
        };
        judge(caa, &request)
    }

    /// The challenge for one identifier, where it is known.
    pub fn method(&self, identifier: &str) -> Option<&'static str> {
        self.lineage.validation_method(self.host, identifier)
    }

    /// The CA's main name.
    pub fn issuer(&self) -> &'a str {
        self.issuers.first().copied().unwrap_or_default()
    }
}
