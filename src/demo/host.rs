//! Obeys a manifest, line by line.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::Error;
use super::accounts::AccountKey;
use super::lineages::Built;
use super::manifest::{self, Ca, Step, Verb};
use super::mint::Authority;
use super::place::Place;
use super::tree::{AccountFiles, Tree};
use super::{authorities, packages, words};

/// Where certbot keeps its state unless told otherwise.
pub(super) const CONFIG_DIR: &str = "/etc/letsencrypt";

pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A host under construction.
pub(super) struct Host {
    pub(super) place: Place,
    pub(super) at: Timestamp,
    pub(super) config_dir: String,
    pub(super) cas: Vec<Ca>,
    pub(super) authorities: BTreeMap<String, Authority>,
    accounts: Vec<Account>,
    pub(super) lineages: BTreeMap<String, Built>,
    pub(super) packaged: Vec<String>,
    pub(super) csrs: usize,
}

struct Account {
    alias: String,
    server: String,
    id: String,
}

impl Host {
    /// Starts with an empty folder.
    pub(super) fn new(root: &Path, at: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            place: Place::new(root, after(at, DAY * -90)?)?,
            at,
            config_dir: CONFIG_DIR.to_owned(),
            cas: Vec::new(),
            authorities: BTreeMap::new(),
            accounts: Vec::new(),
            lineages: BTreeMap::new(),
            packaged: Vec::new(),
            csrs: 0,
        })
    }

    /// Does what the lines say; an error carries its line.
    pub(super) fn obey(&mut self, steps: &[Step]) -> Result<(), Error> {
        for step in steps {
            self.step(&step.verb).map_err(|e| e.at(step.line))?;
        }
        Ok(())
    }

    fn step(&mut self, verb: &Verb) -> Result<(), Error> {
        match verb {
            Verb::Packaged { name, scheduled } => packages::install(self, name, *scheduled),
            Verb::Plugin { name, packaged } => packages::plugin(self, name, packaged.as_deref()),
            Verb::ConfigDir(path) => {
                self.config_dir = path.trim_end_matches('/').to_owned();
                self.place.dir_if_missing(path, 0o755)
            }
            Verb::Ca(ca) => self.ca(ca),
            Verb::Account(account) => self.account(account),
            Verb::Lineage(lineage) => self.lineage(lineage),
            Verb::Version { n, linked, of } => self.version(*n, *linked, of),
            Verb::Pair { cert, key, of } => self.pair(cert, key, of),
            Verb::NginxSite(site) => self.nginx_site(site),
            Verb::Ran(when) => self.ran(*when),
            Verb::Relink { name, versions } => {
                let when = self.when(-DAY)?;
                versions.iter().try_for_each(|(kind, n)| self.tree().point(name, kind, *n, when))
            }
            other => self.edit(other),
        }
    }

    /// The moment `span` away from the one the host is built for.
    pub(super) fn when(&self, span: SignedDuration) -> Result<Timestamp, Error> {
        after(self.at, span)
    }

    pub(super) fn tree(&self) -> Tree<'_> {
        Tree { place: &self.place, dir: &self.config_dir }
    }

    fn ca(&mut self, ca: &Ca) -> Result<(), Error> {
        if self.authorities.contains_key(&ca.name) {
            return Err(Error::new(format!("`{}` has already signed something", ca.name)));
        }
        self.cas.push(ca.clone());
        if let Some(path) = &ca.root {
            let pem = self.authority(&ca.name)?.root_pem().to_owned();
            self.place.write(path, pem.as_bytes(), 0o644)?;
        }
        Ok(())
    }

    pub(super) fn authority(&mut self, name: &str) -> Result<&Authority, Error> {
        if !self.authorities.contains_key(name) {
            let style = authorities::style(name, &self.cas).ok_or_else(|| {
                Error::new(format!("no CA is called `{name}`; a line `ca {name}` would make one"))
            })?;
            let own = self.cas.iter().find(|ca| ca.name == name);
            let from = own.and_then(|ca| ca.from).unwrap_or(DAY * -730);
            let until = own.and_then(|ca| ca.until).unwrap_or(DAY * 730);
            let made = Authority::new(&style, self.when(from)?, self.when(until)?)?;
            self.authorities.insert(name.to_owned(), made);
        }
        self.authorities.get(name).ok_or_else(|| Error::new(format!("no CA is called `{name}`")))
    }

    pub(super) fn server(&self, name: &str) -> Result<String, Error> {
        authorities::server(name, &self.cas)
            .ok_or_else(|| Error::new(format!("`{name}` is neither a CA nor a URL")))
    }

    fn account(&mut self, account: &manifest::Account) -> Result<(), Error> {
        let server = self.server(account.server.as_deref().unwrap_or("letsencrypt"))?;
        let key = AccountKey::generate(account.key)?;
        let uri = account.uri.clone().unwrap_or_else(|| {
            let number = u32::from_str_radix(&key.id[..8], 16).unwrap_or(1);
            let (scheme, rest) = server.split_once("://").unwrap_or(("https", &server));
            let host = rest.split('/').next().unwrap_or(rest);
            format!("{scheme}://{host}/acme/acct/{number}")
        });
        let tree = self.tree();
        tree.skeleton()?;
        tree.account(&AccountFiles {
            server: &server,
            id: &key.id,
            jwk: &key.jwk,
            uri: &uri,
            host: "web1",
            created: self.when(account.created)?,
        })?;
        self.accounts.push(Account { alias: account.alias.clone(), server, id: key.id });
        Ok(())
    }

    /// The id for a conf's `account`: of an alias, of the only account at this server, a literal one, or none.
    pub(super) fn account_id(&self, wanted: Option<&str>, server: &str) -> Result<Option<String>, Error> {
        let Some(name) = wanted else {
            let mut here = self.accounts.iter().filter(|account| account.server == server);
            return match (here.next(), here.next()) {
                (Some(account), None) => Ok(Some(account.id.clone())),
                (None, _) => Err(Error::new(format!(
                    "no account at {server}: an `account` line above makes one, account=none does without"
                ))),
                _ => Err(Error::new(format!("several accounts at {server}: say account=NAME"))),
            };
        };
        if name == "none" {
            return Ok(None);
        }
        if let Some(account) = self.accounts.iter().find(|account| account.alias == name) {
            return Ok(Some(account.id.clone()));
        }
        if name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Some(name.to_owned()));
        }
        Err(Error::new(format!("no account is called `{name}`")))
    }

    /// Fills `{{account NAME}}`, `{{time SPAN}}` and `{{iso SPAN}}`; any other braces stay.
    pub(super) fn expand(&self, text: &str) -> Result<String, Error> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            let inside = after.split_once("}}");
            let value = match inside.and_then(|(inside, _)| inside.split_once(' ')) {
                Some(("account", name)) => self.account_id(Some(name), "")?,
                Some(("time", span)) => {
                    let when = self.when(words::duration(span)?)?;
                    Some(when.strftime("%Y-%m-%d %H:%M:%S").to_string())
                }
                Some(("iso", span)) => {
                    let when = self.when(words::duration(span)?)?;
                    Some(when.strftime("%Y-%m-%dT%H:%M:%S").to_string())
                }
                _ => None,
            };
            match (value, inside) {
                (Some(value), Some((_, after))) => {
                    filled.push_str(&value);
                    rest = after;
                }
                _ => {
                    filled.push_str("{{");
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The moment `span` after `at`.
pub(super) fn after(at: Timestamp, span: SignedDuration) -> Result<Timestamp, Error> {
    at.checked_add(span).map_err(|_| Error::new(format!("{span:#} from {at} is out of the calendar")))
}
