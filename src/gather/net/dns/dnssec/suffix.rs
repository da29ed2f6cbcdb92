//! Registries and the domains below them, by the first part of the public suffix list: those of its second part, such as
//! `github.io`, are domains as others are, whose operator may sign wrongly.

use hickory_proto::rr::Name;
use psl::Type;

use crate::gather::net::dns::names::name;
use crate::gather::net::dns::outcome::text;

/// Whether a zone is the root or a registry's.
pub fn is_registry(zone: &Name) -> bool {
    zone.is_root() || registry(&text(zone)).is_some_and(|suffix| suffix == text(zone))
}

/// The domain that a name was registered with; `None` for a registry's own.
pub fn registered(owner: &Name) -> Option<Name> {
    let text = text(owner);
    let below = text.strip_suffix(registry(&text)?)?.strip_suffix('.')?;
    let labels = below.rfind('.').map_or(0, |dot| dot + 1);
    name(text.get(labels..)?)
}

/// The registry's part of a name.
fn registry(text: &str) -> Option<&str> {
    let mut at = text;
    loop {
        let suffix = psl::suffix(at.as_bytes())?;
        let from = at.len().checked_sub(suffix.as_bytes().len())?;
        let suffix_text = at.get(from..)?;
        match suffix.typ() {
            Some(Type::Private) => at = suffix_text.split_once('.')?.1,
            _ => return Some(suffix_text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_those_of_registries() {
        let of = |text: &str| registered(&name(text).unwrap()).map(|domain| super::text(&domain));
        for (name, domain) in [
            ("www.example.com", Some("example.com")),
            ("example.com", Some("example.com")),
            ("a.b.example.co.uk", Some("example.co.uk")),
            ("www.signed.test", Some("signed.test")),
            ("someone.github.io", Some("github.io")),
            ("host.duckdns.org", Some("duckdns.org")),
            ("com", None),
            ("co.uk", None),
        ] {
            assert_eq!(of(name).as_deref(), domain, "{name}");
        }
    }

    #[test]
    fn registries_are_the_first_part_of_the_list() {
        let is = |text: &str| is_registry(&name(text).unwrap());
        assert!(is("com") && is("co.uk") && is("test") && is_registry(&Name::root()));
        assert!(!is("example.com") && !is("github.io") && !is("duckdns.org"));
    }
}
