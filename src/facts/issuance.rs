//! What an order for a lineage will be like: which CA is asked, by which names CAA records know it, and which challenge
//! proves a name.

use super::{HostFacts, Lineage, PathState, Setting};
use crate::ca;
use crate::check::Skip;

/// The challenge that is answered by a DNS record.
pub(crate) const DNS_01: &str = "dns-01";
/// The challenge that is answered by a web server.
pub(crate) const HTTP_01: &str = "http-01";
/// The challenge that is answered by a certificate on port 443; certbot has none of it.
pub(crate) const TLS_ALPN_01: &str = "tls-alpn-01";

/// The file with the credentials of a DNS plugin.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The conf's setting.
    pub setting: &'a Setting,
    /// The path that it names.
    pub path: &'a str,
    /// What stands there, where that was looked at.
    pub state: Option<&'a PathState>,
}

impl Lineage {
    /// The ACME directory that certbot asks: that of a `cli.ini`, else the conf's, else its default.
    pub fn asks<'a>(&'a self, host: &'a HostFacts) -> Option<&'a str> {
        host.cli("server").and_then(|(_, setting)| setting.text()).or_else(|| self.server())
    }

    /// The credentials file of the DNS plugin that proves the names; `None` where a `cli.ini` or a command line may name another.
    ///
    /// # Errors
    /// The conf could not be read.
    pub fn credentials(&self, host: &HostFacts) -> Result<Option<Credentials<'_>>, Skip> {
        let conf = self.conf.as_ref()?;
        let Some(plugin) = self.authenticator().filter(|plugin| plugin.starts_with("dns-")) else {
            return Ok(None);
        };
        let key = format!("{}_credentials", plugin.replace('-', "_"));
        let option = key.replace('_', "-");
        let named = conf.param(&key).and_then(|setting| Some((setting, setting.text()?)));
        let is_other = |path: &str| match host.cli(&option) {
            Some((_, said)) => said.text() != Some(path),
            None => host.given(&option).is_some(),
        };
        let named = named.filter(|(_, path)| !is_other(path) && !host.chooses_authenticator(self));
        Ok(named.map(|(setting, path)| Credentials { setting, path, state: self.paths.get(path) }))
    }

    /// The names by which CAA records let this lineage's CA issue, its main one first.
    ///
    /// # Errors
    /// The conf could not be read, or they are not known of this CA.
    pub fn caa_identities<'a>(&'a self, host: &'a HostFacts) -> Result<Vec<&'a str>, Skip> {
        self.conf.as_ref()?;
        // What the CA says of itself outranks what is known here.
        let said = self.ca.as_deref().and_then(|ca| ca.directory.as_ref().ok()?.caa_identities.as_ref());
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            return Ok(said.iter().map(String::as_str).collect());
        }
        match self.asks(host).and_then(ca::authority).map(|authority| authority.caa) {
            None | Some([]) => {
                Err(Skip::NotApplicable("the name of this CA in CAA records is not known here"))
            }
            Some(names) => Ok(names.to_vec()),
        }
    }

    /// The challenge by which certbot proves an identifier; `None` for a plugin of others, where the authenticator is
    /// chosen outside the conf, or where certbot has none to offer.
    pub fn validation_method(&self, host: &HostFacts, identifier: &str) -> Option<&'static str> {
        if host.chooses_authenticator(self) {
            return None;
        }
        let can = challenges(self.authenticator()?)?;
        // Of a wildcard the CA wants dns-01. <https://letsencrypt.org/docs/challenge-types/>
        let offered = |challenge: &str| challenge == DNS_01 || !identifier.starts_with("*.");
        let able = || can.iter().copied().filter(|challenge| offered(challenge));
        // certbot takes the first of the user's list that the plugin can do, else the plugin's own order.
        // <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/auth_handler.py>
        match self.wished(host) {
            Wished::Any => able().next(),
            Wished::Unread => only(able()),
            Wished::These(listed) => {
                listed.iter().find_map(|wish| able().find(|challenge| challenge == wish))
            }
        }
    }

    /// The challenges that prove the names of a standalone lineage, the one that is tried first in front. Beside what certbot's
    /// plugin does that is TLS-ALPN-01, as far as the preferred challenges leave it. Of a wildcard there is none.
    pub fn on_own_ports(&self, host: &HostFacts) -> Vec<&'static str> {
        const CAN: [&str; 2] = [HTTP_01, TLS_ALPN_01];
        let is_wild = self.names().iter().any(|name| name.starts_with("*."));
        if self.authenticator() != Some("standalone") || host.chooses_authenticator(self) || is_wild {
            return Vec::new();
        }
        match self.wished(host) {
            Wished::Any => CAN.to_vec(),
            Wished::Unread => vec![HTTP_01],
            Wished::These(listed) => {
                listed.iter().filter_map(|wish| CAN.iter().copied().find(|can| can == wish)).collect()
            }
        }
    }

    /// The preferred challenges. An empty list restricts nothing.
    fn wished<'a>(&'a self, host: &'a HostFacts) -> Wished<'a> {
        let setting = match host.cli("preferred-challenges") {
            Some((_, setting)) => Some(setting),
            None if host.given("preferred-challenges").is_some() => return Wished::Unread,
            None => self.conf.as_ref().ok().and_then(|conf| conf.param("pref_challs")),
        };
        let items = setting.iter().flat_map(|setting| setting.items());
        let listed = items.flat_map(|item| item.split(',')).map(|challenge| full_name(challenge.trim()));
        let listed: Vec<&str> = listed.filter(|challenge| !challenge.is_empty()).collect();
        match listed.is_empty() {
            true => Wished::Any,
            false => Wished::These(listed),
        }
    }
}

/// What a lineage's names may be proven by.
enum Wished<'a> {
    /// Nothing is said of it.
    Any,
    /// What a command line says is not known.
    Unread,
    /// By these, the first before the others.
    These(Vec<&'a str>),
}

/// The only one of several.
fn only<T>(mut several: impl Iterator<Item = T>) -> Option<T> {
    several.next().filter(|_| several.next().is_none())
}

/// certbot's short names of challenges in full.
pub(crate) fn full_name(challenge: &str) -> &str {
    match challenge {
        "dns" => DNS_01,
        "http" => HTTP_01,
        full => full,
    }
}

/// What an authenticator of certbot can do, in its own order; `None` for a plugin of others.
pub(crate) fn challenges(plugin: &str) -> Option<&'static [&'static str]> {
    match plugin {
        "webroot" | "standalone" | "nginx" | "apache" => Some(&[HTTP_01]),
        "manual" => Some(&[HTTP_01, DNS_01]),
        dns if dns.starts_with("dns-") => Some(&[DNS_01]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Skip;
    use crate::checks::testing::{cli_ini, denied, host, lineage_with, params, with_command};
    use crate::facts::Role;

    fn method(settings: &[(&str, &str)], identifier: &str) -> Option<&'static str> {
        params(settings).validation_method(&host(), identifier)
    }

    #[test]
    fn the_plugin_decides_on_the_challenge() {
        for plugin in ["webroot", "standalone", "nginx", "apache"] {
            assert_eq!(method(&[("authenticator", plugin)], "example.com"), Some("http-01"));
        }
        assert_eq!(method(&[("authenticator", "certbot-dns-x:dns-x")], "example.com"), Some("dns-01"));
        assert_eq!(method(&[("authenticator", "corp")], "example.com"), None);
        assert_eq!(method(&[("authenticator", "webroot")], "*.example.com"), None);
    }

    #[test]
    fn by_hand_it_is_http_unless_dns_is_preferred_or_needed() {
        let manual = ("authenticator", "manual");
        assert_eq!(method(&[manual], "example.com"), Some("http-01"));
        assert_eq!(method(&[manual], "*.example.com"), Some("dns-01"));
        assert_eq!(method(&[manual, ("pref_challs", "dns")], "example.com"), Some("dns-01"));
        assert_eq!(method(&[manual, ("pref_challs", "dns-01,")], "example.com"), Some("dns-01"));
        assert_eq!(method(&[manual, ("pref_challs", "http, dns")], "*.example.com"), Some("dns-01"));
        assert_eq!(method(&[manual, ("pref_challs", "tls-sni-01")], "example.com"), None);
        assert_eq!(method(&[manual, ("pref_challs", ",")], "example.com"), Some("http-01"));
        let host = cli_ini(&[("preferred-challenges", "dns-01")]);
        assert_eq!(params(&[manual]).validation_method(&host, "example.com"), Some("dns-01"));
    }

    #[test]
    fn a_standalone_lineage_may_be_proven_on_another_port_unless_that_is_ruled_out() {
        let standalone = ("authenticator", "standalone");
        let of = |settings: &[(&str, &str)]| params(settings).on_own_ports(&host());
        let both = ["http-01", "tls-alpn-01"];
        assert_eq!(of(&[standalone]), both);
        assert_eq!(of(&[standalone, ("pref_challs", "")]), both);
        assert_eq!(of(&[standalone, ("pref_challs", "http,")]), ["http-01"]);
        assert_eq!(of(&[standalone, ("pref_challs", "tls-alpn-01, http, dns")]), ["tls-alpn-01", "http-01"]);
        assert_eq!(of(&[standalone, ("pref_challs", "dns-01")]), [""; 0]);
        assert_eq!(of(&[("authenticator", "webroot")]), [""; 0]);
        let lineage = params(&[standalone]);
        assert_eq!(lineage.on_own_ports(&cli_ini(&[("preferred-challenges", "http")])), ["http-01"]);
        let host = with_command("certbot renew --preferred-challenges tls-alpn-01");
        assert_eq!(lineage.on_own_ports(&host), ["http-01"]);
        let mut wild = params(&[standalone]);
        wild.cert.as_mut().unwrap().names.push("*.example.com".into());
        assert_eq!(wild.on_own_ports(&super::super::super::checks::testing::host()), [""; 0]);
    }

    #[test]
    fn what_is_chosen_on_a_command_line_is_not_known() {
        let lineage = params(&[("authenticator", "manual")]);
        let host = with_command("certbot renew --preferred-challenges dns");
        assert_eq!(lineage.validation_method(&host, "example.com"), None);
        assert_eq!(lineage.validation_method(&with_command("certbot renew --nginx"), "example.com"), None);
    }

    #[test]
    fn a_ca_is_known_to_caa_records_by_its_directory() {
        let names =
            |server: &str| lineage_with("server", server).caa_identities(&host()).map(|n| n[0].to_owned());
        assert_eq!(names(crate::ca::LETS_ENCRYPT).unwrap(), "letsencrypt.org");
        assert_eq!(names(crate::ca::LETS_ENCRYPT_STAGING).unwrap(), "letsencrypt.org");
        assert_eq!(names("https://acme.zerossl.com/v2/DV90").unwrap(), "sectigo.com");
        assert!(matches!(names("https://ca.internal/acme"), Err(Skip::NotApplicable(_))));
        let mut lineage = lineage_with("server", crate::ca::LETS_ENCRYPT);
        lineage.conf = denied(Role::Conf);
        assert!(matches!(lineage.caa_identities(&host()), Err(Skip::Unknown(_))));
    }
}
