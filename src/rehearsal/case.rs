//! The order that the renewal of a lineage is: its names, the profile, and the kind of key.

use super::Target;
use super::news::Name;
use crate::acme::{Client, KeyType};
use crate::facts::{HostFacts, Lineage};

/// The order of one lineage, or of names of the command line.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The names with their means.
    pub targets: Vec<Target>,
    /// All identifiers of the order: those that nothing here can answer for as well.
    pub identifiers: Vec<String>,
    /// The profile without which nothing is to be ordered.
    pub required_profile: Option<String>,
    /// The profile that is taken where the CA offers it.
    pub preferred_profile: Option<String>,
    /// The issuer that the chain is to end with, where the CA has several.
    pub preferred_chain: Option<String>,
    /// The kind of the certificate's key.
    pub key: KeyType,
    /// The key is the one before.
    pub reuse_key: bool,
    /// The certificate is to ask for a stapled OCSP answer.
    pub must_staple: bool,
}

impl Case {
    /// The order that a renewal of a lineage would be.
    ///
    /// # Errors
    /// It is to have a key that certbot does not make.
    pub fn of(lineage: &Lineage, host: &HostFacts, targets: Vec<Target>) -> Result<Self, String> {
        let text = |key: &str| host.option(lineage, key).map(str::to_owned);
        let reuse_key = reuses_key(lineage, host);
        Ok(Self {
            targets,
            identifiers: lineage.names().to_vec(),
            required_profile: text("required_profile"),
            preferred_profile: text("preferred_profile"),
            preferred_chain: text("preferred_chain"),
            key: if reuse_key { before(lineage) } else { wanted(lineage, host)? },
            reuse_key,
            must_staple: host.is_on(lineage, "must_staple"),
        })
    }

    /// The order of names that have no lineage.
    pub fn of_names(targets: Vec<Target>) -> Self {
        let identifiers = targets.iter().map(|target| target.identifier.clone()).collect();
        Self { targets, identifiers, ..Self::default() }
    }

    /// The profile that a CA is asked for. <https://eff-certbot.readthedocs.io/en/stable/using.html#certbot-command-line-options>
    pub fn profile(&self, client: &Client) -> Option<&str> {
        let preferred = self.preferred_profile.as_deref().filter(|_| self.not_offered(client).is_none());
        self.required_profile.as_deref().or(preferred)
    }

    /// The preferred profile, where the CA does not offer it and its default is taken.
    pub fn not_offered(&self, client: &Client) -> Option<&str> {
        let offered = client.directory().profiles.as_deref().unwrap_or_default();
        let preferred = self.preferred_profile.as_deref().filter(|_| self.required_profile.is_none());
        preferred.filter(|name| offered.iter().all(|offered| offered != name))
    }

    pub(crate) fn name<'a>(&'a self, identifier: &'a str) -> Name<'a> {
        Name { lineage: self.lineage().map(String::as_str), identifier }
    }

    pub(super) fn lineage(&self) -> Option<&String> {
        self.targets.first()?.lineage.as_ref()
    }
}

/// Whether the key of the certificate before is used again.
fn reuses_key(lineage: &Lineage, host: &HostFacts) -> bool {
    let anew = ["no-reuse-key", "new-key"].iter().any(|option| host.cli_true(option).is_some());
    host.is_on(lineage, "reuse_key") && !anew
}

/// The kind of the key before.
fn before(lineage: &Lineage) -> KeyType {
    let kind = lineage.cert.as_ref().ok().and_then(|cert| KeyType::named(&cert.key.to_string()));
    kind.unwrap_or_default()
}

/// The kind of key that is asked for; certbot's defaults where its size is not, and the kind of the key before where no kind is
/// named at all.
fn wanted(lineage: &Lineage, host: &HostFacts) -> Result<KeyType, String> {
    let said = |key: &str| host.option(lineage, key);
    let unknown =
        |what: &str, value: &str, known: &str| Err(format!("{what} is {value}, and may be {known}"));
    match said("key_type") {
        Some("rsa") => match said("rsa_key_size").unwrap_or("2048") {
            "2048" => Ok(KeyType::Rsa2048),
            "3072" => Ok(KeyType::Rsa3072),
            "4096" => Ok(KeyType::Rsa4096),
            other => unknown("rsa_key_size", other, "2048, 3072 or 4096"),
        },
        Some("ecdsa") => match said("elliptic_curve").unwrap_or("secp256r1").to_ascii_lowercase().as_str() {
            "secp256r1" => Ok(KeyType::P256),
            "secp384r1" => Ok(KeyType::P384),
            "secp521r1" => Ok(KeyType::P521),
            other => unknown("elliptic_curve", other, "secp256r1, secp384r1 or secp521r1"),
        },
        Some(other) => unknown("key_type", other, "rsa or ecdsa"),
        None => Ok(before(lineage)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{cli_ini, host, params};

    fn key(conf: &[(&str, &str)], said: &[(&str, &str)]) -> Result<KeyType, String> {
        Case::of(&params(conf), &cli_ini(said), Vec::new()).map(|case| case.key)
    }

    #[test]
    fn the_key_is_what_the_conf_asks_for() {
        let ecdsa = ("key_type", "ecdsa");
        assert_eq!(key(&[ecdsa], &[]), Ok(KeyType::P256));
        assert_eq!(key(&[ecdsa, ("elliptic_curve", "SECP384R1")], &[]), Ok(KeyType::P384));
        assert_eq!(key(&[("key_type", "rsa"), ("rsa_key_size", "3072")], &[]), Ok(KeyType::Rsa3072));
        assert_eq!(key(&[("key_type", "rsa"), ("elliptic_curve", "None")], &[]), Ok(KeyType::Rsa2048));
    }

    #[test]
    fn a_cli_ini_counts_before_the_conf() {
        let ecdsa = ("key_type", "ecdsa");
        assert_eq!(key(&[ecdsa], &[("key-type", "rsa"), ("rsa-key-size", "4096")]), Ok(KeyType::Rsa4096));
        assert_eq!(key(&[ecdsa], &[("elliptic-curve", "secp384r1")]), Ok(KeyType::P384));
        let of = |conf: &[(&str, &str)], said: &[(&str, &str)]| {
            Case::of(&params(conf), &cli_ini(said), Vec::new()).unwrap()
        };
        assert!(of(&[], &[("reuse-key", "true")]).reuse_key);
        assert!(of(&[("reuse_key", "True")], &[("reuse-key", "false")]).reuse_key);
        assert!(!of(&[("reuse_key", "True")], &[("new-key", "true")]).reuse_key);
        assert!(of(&[], &[("must-staple", "true")]).must_staple);
        let case = of(&[("preferred_chain", "A"), ("required_profile", "None")], &[("preferred-chain", "B")]);
        assert_eq!((case.preferred_chain.as_deref(), case.required_profile), (Some("B"), None));
    }

    #[test]
    fn a_key_that_nobody_makes_is_not_replaced_by_another() {
        for (conf, words) in [
            (vec![("key_type", "ecdsa"), ("elliptic_curve", "secp999")], "elliptic_curve is secp999"),
            (vec![("key_type", "rsa"), ("rsa_key_size", "1024")], "rsa_key_size is 1024"),
            (vec![("key_type", "rot13")], "key_type is rot13"),
        ] {
            let why = key(&conf, &[]).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        assert!(Case::of(&params(&[]), &host(), Vec::new()).is_ok());
    }
}
