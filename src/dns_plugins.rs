//! What is known of the DNS plugins of certbot's own project, as data: how long each waits, which properties its
//! credentials need, and in which words a provider refuses them.
//!
//! Read from their sources, certbot 0.22 to 5.8. Plugins of others are not judged.
//! <https://github.com/certbot/certbot>

use crate::facts::{Properties, Shape};

/// A plugin.
#[derive(Debug)]
pub struct Plugin {
    /// Its name: `dns-cloudflare`.
    pub name: &'static str,
    /// The seconds that it waits where nothing else is set; `None` for one that asks its provider instead.
    pub waits: Option<u32>,
    /// The properties without which it stops; for `dns-cloudflare` see [`Plugin::fault`].
    pub needs: &'static [&'static str],
    /// What its credentials are written in.
    pub format: Format,
    /// It speaks to its provider through dns-lexicon.
    pub by_lexicon: bool,
    /// Parts of what certbot says where the provider refuses the credentials, or does not show them the zone.
    pub refusals: &'static [&'static str],
}

/// What credentials are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ConfigObj, as a renewal configuration.
    Ini,
    /// A key file of Google's.
    Json,
    /// There are none: the library finds its own.
    None,
}

/// Of those that ask through dns-lexicon: the provider's 401 or 403, or no zone of any of the names.
const BY_LEXICON: &[&str] =
    &["401 Client Error", "403 Client Error", "Unable to determine zone identifier for"];

const INI: Plugin =
    Plugin { name: "", waits: Some(10), needs: &[], format: Format::Ini, by_lexicon: false, refusals: &[] };
const LEXICON: Plugin = Plugin { waits: Some(30), by_lexicon: true, refusals: BY_LEXICON, ..INI };

/// All of them.
pub const PLUGINS: &[Plugin] = &[
    Plugin {
        name: "dns-cloudflare",
        // <https://developers.cloudflare.com/api/> has the codes.
        refusals: &[
            "Error determining zone_id: 6003",
            "Error determining zone_id: 9103",
            "Error determining zone_id: 9109",
            "Unable to determine zone_id for",
            "Authentication error",
            "Invalid request headers",
            "permissions?",
        ],
        ..INI
    },
    Plugin {
        name: "dns-digitalocean",
        needs: &["token"],
        refusals: &["Unable to authenticate", "Unable to determine base domain for"],
        ..INI
    },
    Plugin { name: "dns-dnsimple", needs: &["token"], ..LEXICON },
    Plugin { name: "dns-dnsmadeeasy", waits: Some(60), needs: &["api_key", "secret_key"], ..LEXICON },
    Plugin { name: "dns-gehirn", needs: &["api_token", "api_secret"], ..LEXICON },
    Plugin {
        name: "dns-google",
        waits: Some(60),
        format: Format::Json,
        refusals: &[
            "HttpError 401",
            "HttpError 403",
            "invalid_grant",
            "Unable to determine managed zone for",
        ],
        ..INI
    },
    // 1200 seconds before certbot 1.7.
    Plugin { name: "dns-linode", waits: Some(120), needs: &["key"], ..LEXICON },
    Plugin { name: "dns-luadns", needs: &["email", "token"], ..LEXICON },
    Plugin { name: "dns-nsone", needs: &["api_key"], ..LEXICON },
    Plugin {
        name: "dns-ovh",
        // 30 seconds before certbot 1.26.
        waits: Some(120),
        needs: &["endpoint", "application_key", "application_secret", "consumer_key"],
        refusals: &[
            "400 Client Error",
            "401 Client Error",
            "403 Client Error",
            "Unable to determine zone identifier for",
        ],
        ..LEXICON
    },
    Plugin {
        name: "dns-rfc2136",
        waits: Some(60),
        needs: &["name", "secret", "server"],
        refusals: &[
            "Received response from server: REFUSED",
            "Received response from server: NOTAUTH",
            "Received response from server: NOTZONE",
            "Unable to determine base domain for",
            // dnspython's words for BADKEY, BADSIG and their kin (RFC 8945).
            "The peer didn't know the key we used",
            "The peer didn't like the signature we sent",
        ],
        ..INI
    },
    Plugin {
        name: "dns-route53",
        waits: None,
        format: Format::None,
        refusals: &[
            "AccessDenied",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "UnrecognizedClientException",
            "Unable to locate credentials",
            "Unable to find a Route53 hosted zone for",
        ],
        ..INI
    },
    Plugin { name: "dns-sakuracloud", waits: Some(90), needs: &["api_token", "api_secret"], ..LEXICON },
];

/// The plugin of that name.
pub fn find(name: &str) -> Option<&'static Plugin> {
    PLUGINS.iter().find(|plugin| plugin.name == name)
}

/// The Python package through which a plugin speaks to its provider, where versions of it differ.
pub fn library(plugin: &str) -> Option<&'static str> {
    match find(plugin)? {
        Plugin { name: "dns-cloudflare", .. } => Some("cloudflare"),
        Plugin { by_lexicon: true, .. } => Some("dns-lexicon"),
        _ => None,
    }
}

impl Plugin {
    /// A property's full name: `dns_cloudflare_api_token`.
    pub fn property(&self, name: &str) -> String {
        format!("{}_{name}", self.name.replace('-', "_"))
    }

    /// Why the plugin itself stops at these credentials, before it asks anybody; `names_project` says that the conf
    /// names Google's project.
    pub fn fault(&self, properties: &Properties, names_project: bool) -> Option<String> {
        match self.name {
            "dns-cloudflare" => self.fault_of_cloudflare(properties),
            "dns-google" => return fault_of_google(properties, names_project),
            _ => self.lacks(properties, self.needs).or_else(|| self.fault_of_values(properties)),
        }
        .or_else(|| self.unresolved(properties))
    }

    /// ConfigObj stops at a `%(name)s` whose name is not there.
    fn unresolved(&self, properties: &Properties) -> Option<String> {
        let read =
            self.needs.iter().chain(&["api_token", "email", "api_key"]).map(|name| self.property(name));
        let mut unresolved = read.filter(|name| properties.shape(name) == Some(Shape::Unresolved));
        Some(format!("has a `%(…)s` in {} that refers to nothing", unresolved.next()?))
    }

    /// A token alone, or an e-mail address with the account's key: never both, never half.
    /// <https://github.com/certbot/certbot/blob/main/certbot-dns-cloudflare/src/certbot_dns_cloudflare/_internal/dns_cloudflare.py>
    fn fault_of_cloudflare(&self, properties: &Properties) -> Option<String> {
        let set = |name: &str| properties.is_set(&self.property(name));
        let [token, email, key] = ["api_token", "email", "api_key"].map(|name| self.property(name));
        match (set("api_token"), set("email"), set("api_key")) {
            (true, false, false) | (false, true, true) => None,
            (true, true, true) => Some(format!("has {token} together with {email} and {key}")),
            (true, true, false) => Some(format!("has {token} together with {email}")),
            (true, false, true) => Some(format!("has {token} together with {key}")),
            (false, true, false) => Some(format!("has {email} and no {key}")),
            (false, false, true) => Some(format!("has {key} and no {email}")),
            (false, false, false) => Some(format!("has neither {token}, nor {email} with {key}")),
        }
    }

    fn lacks(&self, properties: &Properties, needs: &[&str]) -> Option<String> {
        let full = needs.iter().map(|name| self.property(name));
        let (mut absent, mut empty) = (Vec::new(), Vec::new());
        for name in full.filter(|name| !properties.is_set(name)) {
            if properties.shape(&name).is_some() { empty.push(name) } else { absent.push(name) }
        }
        match (absent.as_slice(), empty.as_slice()) {
            ([], []) => None,
            ([], _) => Some(format!("has no value for {}", empty.join(", "))),
            _ => Some(format!("has no {}", absent.into_iter().chain(empty).collect::<Vec<_>>().join(", "))),
        }
    }

    /// `dns_rfc2136_server` is an address, and `dns_rfc2136_algorithm` one of six.
    fn fault_of_values(&self, properties: &Properties) -> Option<String> {
        if self.name != "dns-rfc2136" {
            return None;
        }
        let (server, algorithm) = (self.property("server"), self.property("algorithm"));
        if properties.shape(&server).is_some_and(|shape| shape != Shape::Address) {
            return Some(format!("has a {server} that is no address: a name is not allowed"));
        }
        let unknown = |shape| !matches!(shape, Shape::Empty | Shape::Hmac);
        properties
            .shape(&algorithm)
            .is_some_and(unknown)
            .then(|| format!("has a {algorithm} that certbot does not know"))
    }
}

/// What google-auth, and oauth2client before it, ask of a key file.
/// <https://github.com/googleapis/google-auth-library-python/blob/main/google/auth/_default.py>
fn fault_of_google(properties: &Properties, names_project: bool) -> Option<String> {
    match properties.shape("type") {
        None | Some(Shape::Empty) => Some("has no \"type\", so it is no key of a service account".into()),
        Some(Shape::ServiceAccount) => {
            let lacks: Vec<&str> = ["client_email", "private_key", "token_uri"]
                .into_iter()
                .filter(|name| properties.shape(name).is_none())
                .collect();
            match lacks.as_slice() {
                [] if !names_project && !properties.is_set("project_id") => {
                    Some("has no \"project_id\", and dns_google_project is not set".into())
                }
                [] => None,
                _ => Some(format!("has no \"{}\"", lacks.join("\", \""))),
            }
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Property;

    fn properties(held: &[(&str, Shape)]) -> Properties {
        let property =
            |(name, shape): &(&str, Shape)| Property { name: (*name).into(), line: 1, shape: *shape };
        Properties { path: "/root/x.ini".into(), modified: None, held: held.iter().map(property).collect() }
    }

    fn fault(plugin: &str, held: &[(&str, Shape)]) -> Option<String> {
        find(plugin).unwrap().fault(&properties(held), false)
    }

    #[test]
    fn cloudflare_wants_a_token_or_an_address_with_a_key() {
        let said = |names: &[&str]| {
            let held: Vec<(String, Shape)> =
                names.iter().map(|name| (format!("dns_cloudflare_{name}"), Shape::Text)).collect();
            let held: Vec<(&str, Shape)> = held.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
            fault("dns-cloudflare", &held)
        };
        assert_eq!(said(&["api_token"]), None);
        assert_eq!(said(&["email", "api_key"]), None);
        for half in
            [&["email"][..], &["api_key"], &["api_token", "email"], &["api_token", "email", "api_key"], &[]]
        {
            assert!(said(half).is_some(), "{half:?}");
        }
        let empty = [("dns_cloudflare_api_token", Shape::Empty)];
        assert!(fault("dns-cloudflare", &empty).unwrap().starts_with("has neither"));
    }

    #[test]
    fn every_property_that_is_required_must_be_there_and_have_a_value() {
        let named = [("dns_ovh_endpoint", Shape::Text), ("dns_ovh_application_key", Shape::Text)];
        let lacks = fault("dns-ovh", &named).unwrap();
        assert_eq!(lacks, "has no dns_ovh_application_secret, dns_ovh_consumer_key");
        assert_eq!(
            fault("dns-linode", &[("dns_linode_key", Shape::Empty)]).unwrap(),
            "has no value for dns_linode_key"
        );
        // certbot takes a list for a value.
        assert_eq!(fault("dns-linode", &[("dns_linode_key", Shape::List)]), None);
        assert!(fault("dns-linode", &[("key", Shape::Text)]).is_some());
        assert!(
            fault("dns-linode", &[("dns_linode_key", Shape::Unresolved)])
                .unwrap()
                .contains("refers to nothing")
        );
    }

    #[test]
    fn an_update_goes_to_an_address_with_a_known_algorithm() {
        let held = |server, algorithm| {
            [
                ("dns_rfc2136_server", server),
                ("dns_rfc2136_name", Shape::Text),
                ("dns_rfc2136_secret", Shape::Text),
                ("dns_rfc2136_algorithm", algorithm),
            ]
        };
        let said = |server, algorithm| fault("dns-rfc2136", &held(server, algorithm));
        assert_eq!(said(Shape::Address, Shape::Hmac), None);
        assert_eq!(said(Shape::Address, Shape::Empty), None);
        assert!(said(Shape::Text, Shape::Hmac).unwrap().contains("no address"));
        assert!(said(Shape::Address, Shape::Text).unwrap().contains("does not know"));
    }

    #[test]
    fn a_key_of_google_s_says_what_it_is_and_of_which_project() {
        let key = [
            ("type", Shape::ServiceAccount),
            ("client_email", Shape::Text),
            ("private_key", Shape::Text),
            ("token_uri", Shape::Text),
        ];
        let google = find("dns-google").unwrap();
        assert!(google.fault(&properties(&key), true).is_none());
        assert!(google.fault(&properties(&key), false).unwrap().contains("project_id"));
        assert_eq!(fault("dns-google", &key[..2]).unwrap(), "has no \"private_key\", \"token_uri\"");
        assert!(fault("dns-google", &[]).unwrap().contains("\"type\""));
        assert_eq!(fault("dns-google", &[("type", Shape::Text)]), None, "other kinds are not judged");
    }

    #[test]
    fn each_plugin_has_one_name_and_what_it_needs() {
        for (at, plugin) in PLUGINS.iter().enumerate() {
            assert!(plugin.name.starts_with("dns-"));
            assert!(PLUGINS.iter().skip(at + 1).all(|other| other.name != plugin.name));
            let judged_otherwise = ["dns-cloudflare", "dns-google", "dns-route53"].contains(&plugin.name);
            assert_eq!(plugin.needs.is_empty(), judged_otherwise, "{}", plugin.name);
        }
    }
}
