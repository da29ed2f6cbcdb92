//! The variables that decide how a client's https requests leave this host, and what they decide.
//!
//! certbot asks through Python's requests, so its rules hold: a lower-case name outranks an upper-case one,
//! `https_proxy` outranks `all_proxy`, and `no_proxy` lists ends of host names.
//! <https://requests.readthedocs.io/en/latest/user/advanced/#proxies>

use serde::{Deserialize, Serialize};

use super::MASK;

/// The variables of one environment, as far as they decide how a request leaves the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Egress {
    /// Those that are set; of two settings of one name the later one.
    pub set: Vec<Variable>,
    /// Why other variables may be set as well; `None` where all are known.
    pub unclear: Option<String>,
}

/// One of these variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Variable {
    /// Its name, as it is spelled.
    pub name: String,
    /// Its value; a password in it is `***`.
    pub value: String,
    /// The file that sets it, with the line where it is known.
    pub r#where: String,
    /// The user and the password of a proxy.
    #[serde(skip)]
    pub login: Login,
}

/// A user and a password: for use, and never shown or written.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(Option<String>);

/// The proxy that a request goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy<'a> {
    /// Its `host:port`.
    pub address: &'a str,
    /// `user:password`, as the URL has it.
    pub login: Option<&'a str>,
    /// What sets it.
    pub by: &'a Variable,
}

/// The names that count, in lower case.
const PROXIES: [&str; 3] = ["https_proxy", "all_proxy", "no_proxy"];
/// The files of CA certificates that requests takes instead of its own, in their order.
/// <https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification>
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

impl Egress {
    /// Whether a variable of this name counts.
    pub fn counts(name: &str) -> bool {
        PROXIES.contains(&name.to_ascii_lowercase().as_str()) || BUNDLES.contains(&name)
    }

    /// Sets a variable, where it is one that counts; an earlier value of it is gone.
    pub fn set(&mut self, name: &str, value: &str, place: &str) {
        if !Self::counts(name) {
            return;
        }
        self.set.retain(|variable| variable.name != name);
        let login = value.rsplit_once('@').map(|(before, _)| match before.split_once("://") {
            Some((_, login)) => login,
            None => before,
        });
        let shown = match login {
            Some(login) if !login.is_empty() => value.replacen(login, MASK, 1),
            _ => value.to_owned(),
        };
        self.set.push(Variable {
            name: name.to_owned(),
            value: shown,
            r#where: place.to_owned(),
            login: Login(login.map(str::to_owned)),
        });
    }

    /// Puts the variables of another environment over these.
    pub fn over(mut self, above: Egress) -> Egress {
        self.set.retain(|below| above.set.iter().all(|variable| variable.name != below.name));
        self.set.extend(above.set);
        self.unclear = above.unclear.or(self.unclear);
        self
    }

    /// The proxy for https requests to a host; `None` where they go out directly.
    ///
    /// # Errors
    /// A proxy of a kind that is not spoken here: SOCKS, or one behind TLS.
    pub fn proxy(&self, host: &str) -> Result<Option<Proxy<'_>>, String> {
        let by = ["https_proxy", "all_proxy"].iter().find_map(|name| self.get(name));
        let Some(by) = by.filter(|_| !self.passes(host)) else { return Ok(None) };
        let (scheme, rest) = by.value.split_once("://").unwrap_or(("http", &by.value));
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(format!("{}={} ({}) is no plain http proxy", by.name, by.value, by.r#where));
        }
        let rest = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
        let address = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Ok(Some(Proxy { address, login: by.login.0.as_deref(), by }))
    }

    /// The file of CA certificates that is trusted instead of certbot's own.
    pub fn bundle(&self) -> Option<&Variable> {
        let named = |name: &&str| self.set.iter().find(|variable| variable.name == **name);
        BUNDLES.iter().find_map(|name| named(name).filter(|variable| !variable.value.is_empty()))
    }

    /// The variable of a name in lower case; an empty lower-case one takes the upper-case one's effect away.
    fn get(&self, name: &str) -> Option<&Variable> {
        let lower = self.set.iter().find(|variable| variable.name == name);
        let other = || self.set.iter().find(|variable| variable.name.eq_ignore_ascii_case(name));
        lower.or_else(other).filter(|variable| !variable.value.is_empty())
    }

    /// Whether `no_proxy` lets requests to a host out directly.
    fn passes(&self, host: &str) -> bool {
        let list = self.get("no_proxy").map_or("", |variable| &variable.value);
        let host = host.to_ascii_lowercase();
        list.split(',').map(str::trim).filter(|end| !end.is_empty()).any(|end| {
            let end = end.to_ascii_lowercase();
            // Addresses are compared as a whole, names from their end.
            let address = host.parse::<std::net::IpAddr>().is_ok();
            end == "*" || host == end.trim_start_matches('.') || !address && host.ends_with(&end)
        })
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { MASK } else { "none" })
    }
}

impl std::fmt::Display for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(pairs: &[(&str, &str)]) -> Egress {
        let mut egress = Egress::default();
        for (name, value) in pairs {
            egress.set(name, value, "/etc/environment");
        }
        egress
    }

    fn proxy(pairs: &[(&str, &str)], host: &str) -> Option<String> {
        let egress = egress(pairs);
        egress.proxy(host).expect("a plain proxy").map(|proxy| proxy.address.to_owned())
    }

    #[test]
    fn the_proxy_is_chosen_as_certbot_chooses_it() {
        let one = |pairs| proxy(pairs, "acme.example");
        assert_eq!(one(&[]), None);
        assert_eq!(one(&[("http_proxy", "http://p:1")]), None, "for http URLs");
        assert_eq!(one(&[("HTTPS_PROXY", "http://p:1/")]).as_deref(), Some("p:1"));
        assert_eq!(one(&[("HTTPS_PROXY", "p:1")]).as_deref(), Some("p:1"));
        assert_eq!(
            one(&[("ALL_PROXY", "http://a:1"), ("https_proxy", "http://b:2")]).as_deref(),
            Some("b:2")
        );
        assert_eq!(
            one(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")]).as_deref(),
            Some("b:2")
        );
        assert_eq!(one(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "")]), None, "emptied");
        assert!(egress(&[("https_proxy", "socks5h://p:1")]).proxy("acme.example").is_err());
        assert!(egress(&[("https_proxy", "https://p:1")]).proxy("acme.example").is_err());
    }

    #[test]
    fn no_proxy_lists_ends_of_names() {
        let one = |list, host| proxy(&[("https_proxy", "http://p:1"), ("NO_PROXY", list)], host).is_some();
        assert!(one("internal.example, 10.0.0.0/8", "acme.example"));
        for list in ["*", "acme.example", ".example", "example", "a, ACME.example"] {
            assert!(!one(list, "acme.example"), "{list}");
        }
        assert!(one("2.2.2.2", "12.2.2.2") && !one("12.2.2.2", "12.2.2.2"));
    }

    #[test]
    fn a_password_is_kept_for_use_and_not_shown() {
        let egress = egress(&[("https_proxy", "http://me:s3cret@p.example:3128")]);
        let found = egress.proxy("acme.example").unwrap().unwrap();
        assert_eq!((found.address, found.login), ("p.example:3128", Some("me:s3cret")));
        let shown = format!("{egress:?} {} {}", found.by, serde_json::to_string(&egress).unwrap());
        assert!(!shown.contains("s3cret") && shown.contains("http://***@p.example:3128"), "{shown}");
    }

    #[test]
    fn the_inner_environment_outranks_the_outer_one() {
        let outer = egress(&[("https_proxy", "http://a:1"), ("no_proxy", "x")]);
        let inner =
            egress(&[("https_proxy", "http://b:1"), ("REQUESTS_CA_BUNDLE", "/ca.pem"), ("PATH", "/bin")]);
        let both = outer.over(inner);
        let shown: Vec<String> = both.set.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["no_proxy=x", "https_proxy=http://b:1", "REQUESTS_CA_BUNDLE=/ca.pem"]);
        assert_eq!(both.bundle().unwrap().value, "/ca.pem");
    }
}
