//! ACME accounts as certbot stores them, without their private keys.

use serde::{Deserialize, Serialize};

use super::{Fact, HostFacts, Lineage, Missing, Why};
use crate::ca;
use crate::check::Skip;

/// One folder under `accounts/<server>/`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The folder's name, which certbot derives from the key.
    pub id: String,
    /// The folder of the server, such as `acme-v02.api.letsencrypt.org/directory`.
    pub server: String,
    /// The folder's path on the host.
    pub path: String,
    /// `private_key.json`: the id that its public key gives (MD5 hex of the PEM SubjectPublicKeyInfo).
    pub key: Fact<AccountFile>,
    /// `regr.json`: the account URI, which CAA `accounturi` names.
    pub uri: Fact<AccountFile>,
    /// `meta.json`: when the account was made.
    pub meta: Fact<AccountFile>,
}

/// What one of an account's three files says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountFile {
    /// The file's path.
    pub path: String,
    /// The derived id, the URI or the creation time.
    pub value: String,
}

impl Account {
    /// Whether certbot can load it: all three files are there and parse.
    pub fn loads(&self) -> bool {
        self.key.is_ok() && self.uri.is_ok() && self.meta.is_ok()
    }

    /// Its URI, where certbot can load it.
    pub fn usable_uri(&self) -> Option<&str> {
        self.uri.as_ref().ok().filter(|_| self.loads()).map(|file| file.value.as_str())
    }

    /// What is wrong with its first bad file, in the order in which certbot reads them.
    pub fn bad_file(&self) -> Option<&Missing> {
        [&self.uri, &self.key, &self.meta].into_iter().find_map(|file| file.as_ref().err())
    }
}

/// The account that certbot will use for a lineage.
#[derive(Clone, Debug)]
pub enum Choice<'a> {
    /// The conf, or `cli.ini`, names this id; the folder with it, where there is one.
    Named(&'a str, Option<&'a Account>),
    /// None is named, and certbot takes one of these that load, or registers where there is none.
    Any(Vec<&'a Account>),
}

impl Lineage {
    /// certbot's folder below `accounts/` for the server that this lineage renews at.
    pub fn account_folder(&self, host: &HostFacts) -> Option<String> {
        let cli = host.cli("server").and_then(|(_, s)| s.text());
        match cli.or(self.server())? {
            // Only a conf's own value is replaced; one from cli.ini stays.
            ca::LETS_ENCRYPT_V1 if cli.is_none() => Some(ca::account_folder(ca::LETS_ENCRYPT)),
            server => Some(ca::account_folder(server)),
        }
    }
}

impl HostFacts {
    /// How certbot chooses the account of a lineage; `None` where the conf cannot be read.
    ///
    /// # Errors
    /// The accounts could not be listed.
    pub fn account_of<'a>(&'a self, lineage: &'a Lineage) -> Result<Option<Choice<'a>>, &'a Missing> {
        let accounts = self.accounts.as_ref()?;
        let (Ok(conf), Some(folder)) = (&lineage.conf, lineage.account_folder(self)) else { return Ok(None) };
        let named = self.cli("account").and_then(|(_, s)| s.text()).or_else(|| conf.param_text("account"));
        if let Some(id) = named {
            let of = |folder: &str| accounts.iter().find(|a| a.server == folder && a.id == id);
            let found = of(&folder).or_else(|| of(ca::account_folder_before(&folder)?));
            return Ok(Some(Choice::Named(id, found)));
        }
        Ok(Some(Choice::Any(self.accounts_at(&folder)?)))
    }

    /// The URIs of the accounts that certbot may use for a lineage; none where it registers a new one.
    ///
    /// # Errors
    /// The account could not be read; where it is not on this host, a check of its own says so.
    pub fn account_uris<'a>(&'a self, lineage: &'a Lineage) -> Result<Vec<&'a str>, Skip> {
        lineage.conf.as_ref()?;
        match self.account_of(lineage)? {
            Some(Choice::Named(_, Some(account))) => Ok(vec![account.uri.as_ref()?.value.as_str()]),
            Some(Choice::Named(_, None)) => Err(Skip::NotApplicable("the account is not on this host")),
            Some(Choice::Any(accounts)) => {
                let uris: Vec<&str> = accounts.iter().filter_map(|account| account.usable_uri()).collect();
                match accounts.iter().find_map(|account| account.bad_file()) {
                    Some(missing) if uris.is_empty() => Err(Skip::from(missing)),
                    _ => Ok(uris),
                }
            }
            None => Err(Skip::NotApplicable("the lineage names no server")),
        }
    }

    /// The accounts that certbot finds for a server's folder: those of the v01 twin where it has none that load.
    /// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/account.py>
    ///
    /// # Errors
    /// The accounts could not be listed.
    pub fn accounts_at(&self, folder: &str) -> Result<Vec<&Account>, &Missing> {
        let accounts = self.accounts.as_ref()?;
        let of = |folder: &str| accounts.iter().filter(|a| a.server == folder).collect::<Vec<_>>();
        let found = of(folder);
        // A file that does not parse stops certbot, one that is not there makes it pass the account over.
        let stops =
            |a: &&Account| a.loads() || matches!(a.bad_file().map(|m| &m.why), Some(Why::Malformed(..)));
        match ca::account_folder_before(folder) {
            Some(before) if !found.iter().any(stops) && !of(before).is_empty() => Ok(of(before)),
            _ => Ok(found),
        }
    }
}
