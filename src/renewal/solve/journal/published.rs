//! Something that was published, as a journal has it: to be believed only as far as the lineage bears it out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The name below which records stand.
const RECORD: &str = "_acme-challenge.";

/// The length of a record's text: a SHA-256 digest in base64url.
/// <https://www.rfc-editor.org/rfc/rfc8555#section-8.4>
const DIGEST: usize = 43;

/// As much of a hook's output is given to the other one; a variable cannot hold much more.
pub const MAX_OUTPUT: usize = 64 << 10;

/// Something that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Published {
    /// A TXT record, made by an update.
    Record {
        /// The server that took the update.
        server: SocketAddr,
        /// The file that has the key.
        credentials: PathBuf,
        /// The zone.
        zone: String,
        /// The record's name.
        name: String,
        /// Its text.
        text: String,
    },
    /// What an auth hook was begun for.
    Hook {
        /// The variables that the cleanup hook is given.
        variables: BTreeMap<String, String>,
    },
}

impl Published {
    /// Whether it can be of a lineage with these names.
    ///
    /// # Errors
    /// What of it cannot.
    pub fn is_of(&self, names: &[String]) -> Result<(), String> {
        match self {
            Published::Record { zone, name, text, .. } => {
                let bare = name.trim_end_matches('.').to_ascii_lowercase();
                if !bare.strip_prefix(RECORD).is_some_and(|domain| is_one(domain, names)) {
                    return Err(format!("{name} is no record of its names"));
                }
                let zone = zone.trim_end_matches('.').to_ascii_lowercase();
                let above =
                    bare.strip_suffix(&zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                if zone.is_empty() || !above {
                    return Err(format!("{zone} is no zone of {name}"));
                }
                match text.len() == DIGEST && is_base64url(text) {
                    true => Ok(()),
                    false => Err(format!("the text of {name} is none of a challenge")),
                }
            }
            Published::Hook { variables } => {
                if !variables.contains_key("CERTBOT_DOMAIN") {
                    return Err("CERTBOT_DOMAIN is missing".into());
                }
                match variables.iter().find(|(name, value)| !fits(name, value, names)) {
                    Some((name, _)) => Err(format!("{name} is not as it can be")),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::fmt::Display for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Published::Record { name, server, .. } => {
                write!(f, "the record {} at {server}", name.trim_end_matches('.'))
            }
            Published::Hook { variables } => {
                let domain = variables.get("CERTBOT_DOMAIN").map(String::as_str).unwrap_or_default();
                write!(f, "what the manual_auth_hook made for {domain}")
            }
        }
    }
}

/// Whether a hook's variable is one that certbot sets, with a value that it can have.
fn fits(name: &str, value: &str, names: &[String]) -> bool {
    match name {
        "CERTBOT_DOMAIN" | "CERTBOT_IDENTIFIER" => is_one(value, names),
        "CERTBOT_ALL_DOMAINS" | "CERTBOT_ALL_IDENTIFIERS" => {
            value.split(',').all(|domain| is_one(domain, names))
        }
        "CERTBOT_TOKEN" => is_base64url(value),
        "CERTBOT_VALIDATION" => value.split('.').all(is_base64url),
        "CERTBOT_REMAINING_CHALLENGES" => !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()),
        "CERTBOT_AUTH_OUTPUT" => value.len() <= MAX_OUTPUT && !value.contains('\0'),
        _ => false,
    }
}

fn is_one(domain: &str, names: &[String]) -> bool {
    names.iter().any(|name| name.strip_prefix("*.").unwrap_or(name).eq_ignore_ascii_case(domain))
}

fn is_base64url(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["w.test", "*.w.test", "deep.a.w.test"].map(str::to_owned).to_vec()
    }

    #[test]
    fn only_records_of_challenges_of_its_names_are_believed() {
        let record = |zone: &str, name: &str, text: &str| Published::Record {
            server: "192.0.2.1:53".parse().unwrap(),
            credentials: "/c".into(),
            zone: zone.into(),
            name: name.into(),
            text: text.into(),
        };
        let text = "x".repeat(DIGEST);
        assert_eq!(record("w.test.", "_acme-challenge.w.test.", &text).is_of(&names()), Ok(()));
        assert_eq!(record("a.w.test", "_acme-challenge.deep.A.w.test", &text).is_of(&names()), Ok(()));
        for (zone, name, text) in [
            ("w.test.", "w.test.", text.as_str()),
            ("w.test.", "_acme-challenge.other.test.", &text),
            ("est.", "_acme-challenge.w.test.", &text),
            ("other.test.", "_acme-challenge.w.test.", &text),
            (".", "_acme-challenge.w.test.", &text),
            ("w.test.", "_acme-challenge.w.test.", "v=spf1 -all"),
        ] {
            assert!(record(zone, name, text).is_of(&names()).is_err(), "{zone} {name} {text}");
        }
    }

    #[test]
    fn only_variables_that_certbot_sets_are_believed() {
        let good = [
            ("CERTBOT_DOMAIN", "w.test"),
            ("CERTBOT_ALL_DOMAINS", "w.test,w.test,deep.a.w.test"),
            ("CERTBOT_VALIDATION", "abc.d-f_"),
            ("CERTBOT_TOKEN", "abc"),
            ("CERTBOT_REMAINING_CHALLENGES", "2"),
            ("CERTBOT_AUTH_OUTPUT", "any $thing"),
        ];
        let hook = |more: &[(&str, &str)]| Published::Hook {
            variables: good.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        assert_eq!(hook(&[]).is_of(&names()), Ok(()));
        for bad in [
            ("LD_PRELOAD", "/tmp/evil.so"),
            ("PATH", "/tmp"),
            ("CERTBOT_DOMAIN", "$(reboot)"),
            ("CERTBOT_DOMAIN", "other.test"),
            ("CERTBOT_ALL_DOMAINS", "w.test,`x`"),
            ("CERTBOT_VALIDATION", "a;b"),
            ("CERTBOT_TOKEN", "../../etc/passwd"),
            ("CERTBOT_REMAINING_CHALLENGES", "-1"),
            ("CERTBOT_AUTH_OUTPUT", "\0"),
        ] {
            assert!(hook(&[bad]).is_of(&names()).is_err(), "{bad:?}");
        }
        assert!(Published::Hook { variables: BTreeMap::new() }.is_of(&names()).is_err());
    }
}
