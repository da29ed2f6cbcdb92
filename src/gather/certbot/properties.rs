//! The credentials file of a DNS plugin, read for the names of its properties alone.

use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;

use crate::configobj::{self, Document, Value};
use crate::dns_plugins::{self, Format};
use crate::facts::{Conf, Fact, MASK, Missing, Properties, Property, Role, Shape, Why};
use crate::gather::fs::{Root, show};

/// The largest file that is read, in bytes; a key file of Google's has two kilobytes.
const MAX_CREDENTIALS: u64 = 64 << 10;

/// What certbot calls the algorithms of RFC 8945 that it knows, in any case.
/// <https://github.com/certbot/certbot/blob/main/certbot-dns-rfc2136/src/certbot_dns_rfc2136/_internal/dns_rfc2136.py>
const HMACS: [&str; 6] =
    ["HMAC-MD5", "HMAC-SHA1", "HMAC-SHA224", "HMAC-SHA256", "HMAC-SHA384", "HMAC-SHA512"];

/// What the file holds that the conf's authenticator reads; `None` for a plugin of others, and where it names none.
///
/// # Errors
/// The file cannot be read, or certbot could not parse it: then the reason holds nothing of it but a name.
pub fn properties(root: &Root, conf: &Conf) -> Option<Fact<Properties>> {
    let plugin = dns_plugins::find(conf.param_text("authenticator")?)?;
    let file = conf.param_text(&plugin.property("credentials")).filter(|file| file.starts_with('/'))?;
    let path = Path::new(file);
    let read = || {
        let content = root.read(path, MAX_CREDENTIALS, Role::Other)?;
        let malformed = |(line, what)| Missing::new(show(path), Why::Malformed(line, what), Role::Other);
        let held = match plugin.format {
            Format::Ini => ini(&content.bytes),
            Format::Json => json(&content.bytes),
            Format::None => Ok(Vec::new()),
        };
        let modified = Timestamp::from_second(content.meta.modified).ok();
        Ok(Properties { path: show(path), modified, held: held.map_err(malformed)? })
    };
    (plugin.format != Format::None).then(read)
}

/// The properties above the first section: a plugin looks at no other.
fn ini(bytes: &[u8]) -> Result<Vec<Property>, (u32, String)> {
    // The parser's own words may name a key, which may be a token in the wrong place.
    let document = configobj::parse(bytes).map_err(|e| (e.line, "is no NAME = VALUE".to_owned()))?;
    let entries = document.root().entries().iter();
    let property = |entry: &configobj::Entry| Property {
        name: name(&entry.key),
        line: entry.line,
        shape: of_ini(&document, &entry.key),
    };
    Ok(entries.map(property).collect())
}

fn of_ini(document: &Document, key: &str) -> Shape {
    match document.value(&[], key).map(|value| value.map(std::borrow::Cow::into_owned)) {
        Err(_) => Shape::Unresolved,
        Ok(None) => Shape::Empty,
        Ok(Some(Value::List(items))) if items.is_empty() => Shape::Empty,
        Ok(Some(Value::List(_))) => Shape::List,
        Ok(Some(Value::Scalar(text))) => of_text(&text),
    }
}

fn of_text(text: &str) -> Shape {
    match text {
        "" => Shape::Empty,
        "service_account" => Shape::ServiceAccount,
        _ if text.parse::<IpAddr>().is_ok() => Shape::Address,
        _ if HMACS.iter().any(|hmac| text.eq_ignore_ascii_case(hmac)) => Shape::Hmac,
        _ => Shape::Text,
    }
}

/// The members of the object.
fn json(bytes: &[u8]) -> Result<Vec<Property>, (u32, String)> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes)
        .map_err(|e| (u32::try_from(e.line()).unwrap_or(0), "is no JSON object".to_owned()))?;
    let shape = |value: &serde_json::Value| match value {
        serde_json::Value::Null => Shape::Empty,
        serde_json::Value::String(text) => of_text(text),
        _ => Shape::Text,
    };
    Ok(object.iter().map(|(key, value)| Property { name: name(key), line: 0, shape: shape(value) }).collect())
}

/// Words that names of properties are made of.
const WORDS: [&str; 36] = [
    "account",
    "access",
    "algorithm",
    "api",
    "app",
    "application",
    "auth",
    "cert",
    "client",
    "consumer",
    "credentials",
    "domain",
    "email",
    "endpoint",
    "id",
    "key",
    "name",
    "password",
    "port",
    "private",
    "project",
    "provider",
    "query",
    "secret",
    "server",
    "sign",
    "token",
    "type",
    "universe",
    "uri",
    "url",
    "user",
    "username",
    "version",
    "x509",
    "zone",
];

/// A property's name, where it is made of words: a token that stands in the wrong place must not get out.
fn name(key: &str) -> String {
    let own = dns_plugins::PLUGINS.iter().find_map(|plugin| key.strip_prefix(&plugin.property("")));
    let is_name = own.unwrap_or(key).split(['_', '-']).all(|word| WORDS.contains(&word));
    if is_name { key.to_owned() } else { MASK.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::params;

    fn read(plugin: &str, text: &str) -> Option<Fact<Properties>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("c.ini"), text).unwrap();
        let key = format!("{}_credentials", plugin.replace('-', "_"));
        let lineage = params(&[("authenticator", plugin), (&key, "/c.ini")]);
        properties(&Root::below(dir.path()).unwrap(), lineage.conf.as_ref().unwrap())
    }

    fn held(plugin: &str, text: &str) -> Vec<(String, u32, Shape)> {
        let properties = read(plugin, text).unwrap().unwrap();
        properties.held.into_iter().map(|p| (p.name, p.line, p.shape)).collect()
    }

    #[test]
    fn names_lines_and_shapes_are_kept_and_no_value() {
        let text = "# mine\ndns_rfc2136_server = 192.0.2.53\ndns_rfc2136_secret = hush-hush\n\
                    dns_rfc2136_algorithm = hmac-sha256\ndns_rfc2136_port =\n[section]\ninner = hush\n";
        let properties = read("dns-rfc2136", text).unwrap().unwrap();
        assert!(!serde_json::to_string(&properties).unwrap().contains("hush"));
        let name = |name: &str| format!("dns_rfc2136_{name}");
        assert_eq!(
            held("dns-rfc2136", text),
            [
                (name("server"), 2, Shape::Address),
                (name("secret"), 3, Shape::Text),
                (name("algorithm"), 4, Shape::Hmac),
                (name("port"), 5, Shape::Empty),
            ]
        );
        assert_eq!(held("dns-linode", "dns_linode_key = a, b\n")[0].2, Shape::List);
        assert_eq!(held("dns-linode", "dns_linode_key = a%(b)s\n")[0].2, Shape::Unresolved);
    }

    #[test]
    fn a_token_in_the_place_of_a_name_does_not_get_out() {
        for token in ["Zx81kDq", "hush", "dns_linode_hush", "dop_v1_0123abcd", "hush:hush"] {
            assert_eq!(held("dns-linode", &format!("{token} = x\n"))[0].0, MASK, "{token}");
        }
        for name in ["dns_linode_key", "dns_ovh_application_key", "api_token"] {
            assert_eq!(held("dns-linode", &format!("{name} = x\n"))[0].0, name);
        }
        let error = read("dns-linode", "hush-hush\n").unwrap().unwrap_err();
        assert!(matches!(&error.why, Why::Malformed(1, what) if !what.contains("hush")), "{error:?}");
        let error = read("dns-google", "hush-hush\n").unwrap().unwrap_err();
        assert!(matches!(&error.why, Why::Malformed(1, what) if !what.contains("hush")), "{error:?}");
    }

    #[test]
    fn googles_key_is_json() {
        let text = r#"{"type": "service_account", "private_key": "hush", "project_id": null}"#;
        let shapes: Vec<_> =
            held("dns-google", text).into_iter().map(|(name, _, shape)| (name, shape)).collect();
        assert!(shapes.contains(&("type".into(), Shape::ServiceAccount)));
        assert!(shapes.contains(&("project_id".into(), Shape::Empty)));
    }

    #[test]
    fn a_plugin_of_others_and_one_without_a_file_are_not_read() {
        assert!(read("dns-hetzner", "x = y\n").is_none());
        assert!(read("dns-route53", "x = y\n").is_none());
        let lineage = params(&[("authenticator", "dns-ovh")]);
        assert!(properties(&Root::live(), lineage.conf.as_ref().unwrap()).is_none());
        let gone = params(&[("authenticator", "dns-ovh"), ("dns_ovh_credentials", "/nowhere/c.ini")]);
        let error = properties(&Root::live(), gone.conf.as_ref().unwrap()).unwrap().unwrap_err();
        assert_eq!(error.why, Why::NotFound);
    }
}
