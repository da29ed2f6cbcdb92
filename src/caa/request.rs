//! What a lineage will ask of its CA, as CAA records look at it.

use super::{Caa, Request, Ruling, judge};
use crate::check::Skip;
use crate::facts::{HostFacts, Lineage};

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
    /// The conf could not be read, or the CA's names are not known.
    pub fn of(lineage: &'a Lineage, host: &'a HostFacts) -> Result<Self, Skip> {
        let issuers = lineage.caa_identities(host)?;
        Ok(Self { issuers, accounts: host.account_uris(lineage), lineage, host })
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
