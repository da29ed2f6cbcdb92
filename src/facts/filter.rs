//! Rules of this host that turn some visitors of port 80 away.

use serde::{Deserialize, Serialize};

use super::Missing;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// `file:line`.
    pub r#where: String,
    /// What stands there, secrets masked.
    pub rule: String,
    /// Whom it turns away.
    pub kind: FilterKind,
    /// The names of the sites that it stands before; empty for all of them.
    pub names: Vec<String>,
}

/// Whom a rule turns away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterKind {
    /// All but visitors from some countries or networks.
    Places,
    /// Addresses that behaved like attackers.
    Bans,
}

/// The rules found outside web servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// Those that may concern port 80.
    pub found: Vec<Filter>,
    /// The files that could not be read.
    pub unread: Vec<Missing>,
}

impl Filter {
    /// Whether it stands before a site of this name.
    pub fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let is_it = |pattern: &String| {
            let pattern = pattern.to_ascii_lowercase();
            match pattern.strip_prefix("*.").or_else(|| pattern.strip_prefix('.')) {
                Some(end) => name.strip_suffix(end).is_some_and(|before| {
                    before.ends_with('.') || before.is_empty() && pattern.starts_with('.')
                }),
                None => pattern == name,
            }
        };
        self.names.is_empty() || self.names.iter().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_nginx_matches_them() {
        let of = |names: &[&str]| Filter {
            r#where: String::new(),
            rule: String::new(),
            kind: FilterKind::Places,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert!(of(&[]).covers("a.example"));
        assert!(of(&["x", "A.example"]).covers("a.example"));
        assert!(of(&["*.example"]).covers("a.example") && !of(&["*.example"]).covers("example"));
        assert!(of(&[".example"]).covers("a.example") && of(&[".example"]).covers("example"));
        assert!(!of(&["_", "~^a", "b.example", "*.xample"]).covers("a.example"));
    }
}
