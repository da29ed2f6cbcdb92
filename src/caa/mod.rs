//! Whether CAA records let a CA issue for an identifier, judged from what climbing its labels showed.
//!
//! The rules are those of [RFC 8659](https://www.rfc-editor.org/rfc/rfc8659) and
//! [RFC 8657](https://www.rfc-editor.org/rfc/rfc8657) as
//! [Boulder](https://github.com/letsencrypt/boulder/blob/main/va/caa.go) applies them. [`judge`] rules on one
//! identifier; [`Refusal::cause`] says which fault is to be reported; [`refused`] gives a lineage's refusals of one cause.

mod account;
mod cause;
mod property;
mod refused;
mod request;

#[cfg(test)]
mod tests;

pub use account::same_account;
pub use cause::Cause;
pub use property::{Given, Malformed, Property};
pub use refused::{Refused, is_theirs, look, not_answered, refused, zone_line};
pub use request::Parties;

use crate::facts::net::{Caa, CaaRecord, CaaStep, Failure, Outcome};

/// Who wants to issue what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The identifier, `*.` and all.
    pub identifier: &'a str,
    /// The names by which the CA is known in CAA records.
    pub issuers: &'a [&'a str],
    /// The URIs of the accounts that may ask, any of which will do; empty where a new one will be made, `None` where
    /// that is not known.
    pub accounts: Option<&'a [&'a str]>,
    /// The challenge by which the identifier is proved, such as `http-01`; `None` where that is not known.
    pub method: Option<&'a str>,
}

/// What the records mean for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling<'a> {
    /// It may be issued.
    Allowed,
    /// It may not.
    Forbidden(Refusal<'a>),
    /// It may or may not: this is not known of the request.
    Depends(Open),
    /// A look-up failed before any record was found, which hides records: nothing is issued.
    Failed(&'a CaaStep, &'a Failure),
    /// The top-level domain does not exist: nothing is issued.
    NoTop(&'a CaaStep),
}

/// What a ruling depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// The account's URI.
    Account,
    /// The challenge.
    Method,
}

/// Why nothing may be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The closest name with records.
    pub step: &'a CaaStep,
    /// The identifier is a wildcard.
    pub wildcard: bool,
    /// What refuses it.
    pub because: Because<'a>,
}

/// What refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because<'a> {
    /// A record that must be understood and is not.
    Critical(&'a CaaRecord),
    /// None of these relevant records permits it.
    Unmatched(Vec<(&'a CaaRecord, Fault)>),
}

/// Why one relevant record does not permit a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It names no CA: `;`.
    Nobody,
    /// It names another CA.
    Other(String),
    /// It means this CA, but not letter for letter: a final dot, capitals, quotes.
    Misspelt(String),
    /// It means this CA, and its value does not parse.
    Malformed(Malformed),
    /// It names this CA, and another account or challenge.
    Bound(Property, Bound),
}

/// How the two parameters of a record that names this CA fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// `accounturi`.
    pub account: Fit,
    /// `validationmethods`.
    pub method: Fit,
}

/// How one parameter fits the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is not there, or it fits.
    Yes,
    /// It says something else, or is there twice.
    No,
    /// That depends on what is not known.
    Unknown,
}

/// Whether the records allow a request: the closest name with records decides.
pub fn judge<'a>(caa: &'a Caa, request: &Request<'_>) -> Ruling<'a> {
    // The Baseline Requirements ask for CAA of domain names only.
    if request.identifier.parse::<std::net::IpAddr>().is_ok() {
        return Ruling::Allowed;
    }
    for step in &caa.steps {
        match &step.records {
            Outcome::Failed(failure) => return Ruling::Failed(step, failure),
            // https://github.com/letsencrypt/boulder/blob/main/bdns/dns.go
            Outcome::NoSuchName if !step.name.trim_end_matches('.').contains('.') => {
                return Ruling::NoTop(step);
            }
            Outcome::Found(records) if !records.is_empty() => return judge_set(step, records, request),
            Outcome::Found(_) | Outcome::Nothing | Outcome::NoSuchName => {}
        }
    }
    Ruling::Allowed
}

fn judge_set<'a>(step: &'a CaaStep, records: &'a [CaaRecord], request: &Request<'_>) -> Ruling<'a> {
    let wildcard = request.identifier.starts_with("*.");
    let forbidden = |because| Ruling::Forbidden(Refusal { step, wildcard, because });
    if let Some(record) = records.iter().find(|record| is_critical(record)) {
        return forbidden(Because::Critical(record));
    }
    let tagged = |tag: &str| records.iter().filter(|r| r.tag.eq_ignore_ascii_case(tag)).collect::<Vec<_>>();
    let wild = if wildcard { tagged("issuewild") } else { Vec::new() };
    // Before any is parsed: a set whose only `issue` is malformed forbids.
    let relevant = if wild.is_empty() { tagged("issue") } else { wild };
    if relevant.is_empty() {
        return Ruling::Allowed;
    }
    let mut faults = Vec::new();
    let mut open = None;
    for record in relevant {
        match judge_record(record, request) {
            Ok(Bound { account: Fit::Yes, method: Fit::Yes }) => return Ruling::Allowed,
            Ok(Bound { account: Fit::Unknown, .. }) => open = Some(Open::Account),
            Ok(_) => open = open.or(Some(Open::Method)),
            Err(fault) => faults.push((record, fault)),
        }
    }
    match open {
        Some(open) => Ruling::Depends(open),
        None => forbidden(Because::Unmatched(faults)),
    }
}

/// Whether a record must be understood and is not. The bit is 128; that 1 was often taken for it, CAs honour.
fn is_critical(record: &CaaRecord) -> bool {
    const KNOWN: [&str; 5] = ["issue", "issuewild", "iodef", "issuemail", "issuevmc"];
    record.flags & (128 | 1) != 0 && !KNOWN.iter().any(|tag| record.tag.eq_ignore_ascii_case(tag))
}

/// Whether one record fits, as far as that is known: both of its parameters must.
fn judge_record(record: &CaaRecord, request: &Request<'_>) -> Result<Bound, Fault> {
    let value = record.bytes();
    let named = Property::issuer(&value);
    if named.is_empty() {
        return Err(Fault::Nobody);
    }
    if !request.issuers.contains(&named.as_str()) {
        let meant = request.issuers.iter().any(|issuer| issuer.eq_ignore_ascii_case(plain(&named)));
        return Err(if meant { Fault::Misspelt(named) } else { Fault::Other(named) });
    }
    let property = Property::parse(&value).map_err(Fault::Malformed)?;
    let account = account_fits(property.given("accounturi"), request.accounts);
    let method = method_fits(property.given("validationmethods"), request.method);
    let bound = Bound { account, method };
    if account == Fit::No || method == Fit::No { Err(Fault::Bound(property, bound)) } else { Ok(bound) }
}

/// An issuer without what people put around it by mistake.
fn plain(issuer: &str) -> &str {
    let name = issuer.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
    let name = ["https://", "http://"].iter().find_map(|scheme| name.strip_prefix(scheme)).unwrap_or(name);
    let name = name.split([' ', '\t', ',', '/']).next().unwrap_or(name);
    name.trim_end_matches('.')
}

fn account_fits(given: Given<'_>, accounts: Option<&[&str]>) -> Fit {
    match (given, accounts) {
        (Given::Never, _) => Fit::Yes,
        (Given::Repeated, _) => Fit::No,
        (Given::Once(_), None) => Fit::Unknown,
        (Given::Once(uri), Some(accounts)) if accounts.iter().any(|own| same_account(uri, own)) => Fit::Yes,
        (Given::Once(_), Some(_)) => Fit::No,
    }
}

fn method_fits(given: Given<'_>, method: Option<&str>) -> Fit {
    let methods = match given {
        Given::Never => return Fit::Yes,
        Given::Repeated => return Fit::No,
        Given::Once(methods) => methods,
    };
    for listed in methods.split(',') {
        // One that is malformed spoils all that come after it.
        if !property::is_method(listed) {
            return Fit::No;
        }
        match method {
            Some(method) if method == listed => return Fit::Yes,
            Some(_) => {}
            None if KNOWN_METHODS.contains(&listed) => return Fit::Unknown,
            None => {}
        }
    }
    Fit::No
}

/// The challenges by which a name can be proved.
/// <https://github.com/letsencrypt/boulder/blob/main/core/objects.go>
const KNOWN_METHODS: [&str; 5] = ["http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01"];
