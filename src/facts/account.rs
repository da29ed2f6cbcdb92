//! ACME accounts as certbot stores them, without their private keys.

use serde::{Deserialize, Serialize};

use super::Fact;

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
}
