//! What is rehearsed, and through which way of answering.

use std::path::{Path, PathBuf};

use super::news::Name;
use crate::acme::Method;
use crate::facts::{DNS_01, HTTP_01, HostFacts, Lineage, StandaloneAt, TLS_ALPN_01};

/// What is tried.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The identifiers, each with its way.
    pub targets: Vec<Target>,
    /// What cannot be tried.
    pub untested: Vec<Untested>,
}

/// One identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its lineage; `None` where it was given on the command line.
    pub lineage: Option<String>,
    /// The identifier; without `*.`, unless it is proven by a DNS record.
    pub identifier: String,
    /// How its token is published.
    pub means: Means,
}

/// How a token is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// As a file below a web root.
    Webroot(PathBuf),
    /// By a listener of our own.
    Standalone(StandaloneAt),
    /// By the plugin of a web server, which is not run: our listener behind the server, or a file below its root.
    Behind {
        /// Which server.
        server: &'static str,
        /// Its document root for the name, by a plain reading of its configuration.
        root: Option<PathBuf>,
    },
    /// By the hooks of certbot's `manual`; only a renewal runs them.
    Manual(Method),
    /// By dynamic updates of a zone, as certbot's `dns-rfc2136`; only a renewal sends them.
    Rfc2136,
    /// By a certificate that a listener of our own shows on port 443; only a renewal does.
    TlsAlpn,
}

/// Something that was not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untested {
    /// The lineage, where it is about one.
    pub lineage: Option<String>,
    /// What, and why not.
    pub what: String,
    /// A renewal depends on it.
    pub matters: bool,
}

impl Target {
    /// The name that is rehearsed.
    pub fn name(&self) -> Name<'_> {
        Name { lineage: self.lineage.as_deref(), identifier: &self.identifier }
    }
}

impl std::fmt::Display for Untested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.lineage {
            Some(lineage) => write!(f, "{lineage}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Means {
    /// Whether files are put somewhere for it.
    pub fn needs_files(&self) -> bool {
        matches!(self, Means::Webroot(_)) || self.below().is_some()
    }

    /// Where files may be put for a name whose server does not pass challenges on.
    pub fn below(&self) -> Option<&Path> {
        match self {
            Means::Behind { root, .. } => root.as_deref(),
            Means::Webroot(_) | Means::Standalone(_) | Means::Manual(_) | Means::Rfc2136 | Means::TlsAlpn => {
                None
            }
        }
    }

    /// Where a listener of our own is.
    pub fn on_a_port(&self) -> Option<StandaloneAt> {
        match self {
            Means::Standalone(at) => Some(*at),
            _ => None,
        }
    }

    /// certbot's word for it; certbot has none for what it cannot do.
    pub fn word(&self) -> &'static str {
        match self {
            Means::Webroot(_) => "webroot",
            Means::Standalone(_) => "standalone",
            Means::Behind { server, .. } => server,
            Means::Manual(_) => "manual",
            Means::Rfc2136 => "dns-rfc2136",
            Means::TlsAlpn => TLS_ALPN_01,
        }
    }

    /// The challenge that is answered.
    pub fn method(&self) -> Method {
        match self {
            Means::Manual(method) => *method,
            Means::Rfc2136 => Method::Dns01,
            Means::TlsAlpn => Method::TlsAlpn01,
            Means::Webroot(_) | Means::Standalone(_) | Means::Behind { .. } => Method::Http01,
        }
    }
}

impl Plan {
    /// Names of the command line, all published in one way.
    pub fn of_names(names: &[String], means: &Means) -> Self {
        let target = |name: &String| Target {
            lineage: None,
            identifier: name.strip_prefix("*.").unwrap_or(name).to_owned(),
            means: means.clone(),
        };
        Self { targets: names.iter().map(target).collect(), untested: Vec::new() }
    }

    /// Adds a lineage's identifiers, as far as they can be tried without certbot's own plugins and hooks.
    pub fn lineage(&mut self, lineage: &Lineage, host: &HostFacts) {
        self.add(lineage, |identifier| match lineage.validation_method(host, identifier) {
            Some(HTTP_01) => means(lineage, host, identifier).map_err(str::to_owned),
            Some(DNS_01) => Err("dns-01 was looked at, and not solved".into()),
            _ => Err(unproven(lineage, host)),
        });
    }

    /// Adds a lineage's identifiers for its renewal, which does what certbot's hooks and plugins would do. On which port a
    /// standalone one is proven, what is free then decides.
    pub fn renewal(&mut self, lineage: &Lineage, host: &HostFacts) {
        let on_a_port = !lineage.on_own_ports(host).is_empty();
        self.add(lineage, |identifier| {
            let method = match lineage.validation_method(host, identifier) {
                _ if on_a_port => return Ok(Means::Standalone(host.standalone_at(lineage))),
                Some(HTTP_01) => Method::Http01,
                Some(DNS_01) => Method::Dns01,
                _ => return Err(unproven(lineage, host)),
            };
            match (lineage.authenticator(), method) {
                (Some("manual"), method) => Ok(Means::Manual(method)),
                (Some("dns-rfc2136"), Method::Dns01) => Ok(Means::Rfc2136),
                (_, Method::Http01) => means(lineage, host, identifier).map_err(str::to_owned),
                (plugin, _) => {
                    Err(format!("the DNS provider of {} is not known here", plugin.unwrap_or("its plugin")))
                }
            }
        });
    }

    fn add(&mut self, lineage: &Lineage, means: impl Fn(&str) -> Result<Means, String>) {
        let mut untested = |what: String| {
            self.untested.push(Untested { lineage: Some(lineage.name.clone()), what, matters: true });
        };
        if let Err(missing) = &lineage.conf {
            return untested(format!("its conf: {missing}"));
        }
        if let Err(missing) = &lineage.cert {
            return untested(format!("its names, which only its certificate tells: {missing}"));
        }
        for identifier in lineage.names() {
            match means(identifier) {
                Ok(means) => {
                    let (lineage, identifier) = (Some(lineage.name.clone()), identifier.clone());
                    self.targets.push(Target { lineage, identifier, means });
                }
                Err(why) => untested(format!("{identifier}: {why}")),
            }
        }
    }
}

/// Why it is not known how a name is proven.
fn unproven(lineage: &Lineage, host: &HostFacts) -> String {
    match host.chooses_authenticator(lineage) {
        true => "another authenticator than its conf's is chosen by a cli.ini or a command line".into(),
        false => "nothing here says how it is proven".into(),
    }
}

/// How certbot publishes the token of a name.
fn means(lineage: &Lineage, host: &HostFacts, identifier: &str) -> Result<Means, &'static str> {
    match lineage.authenticator() {
        Some("webroot") if host.cli("webroot-map").is_some() => {
            Err("the webroot-map of a cli.ini says where, and is not read here")
        }
        Some("webroot") => {
            let path = host.webroot(lineage, identifier).ok_or("the conf names no web root for it")?;
            Ok(Means::Webroot(PathBuf::from(path)))
        }
        Some("standalone") => Ok(Means::Standalone(host.standalone_at(lineage))),
        Some("nginx") => Ok(behind("nginx", lineage, host, identifier)),
        Some("apache") => Ok(behind("apache", lineage, host, identifier)),
        Some("manual") => Err("the hooks of manual publish its token, and were not run"),
        _ => Err("the plugin that publishes its token is not known here"),
    }
}

fn behind(server: &'static str, lineage: &Lineage, host: &HostFacts, identifier: &str) -> Means {
    let root = host.served_from(lineage, &[identifier], "").map(|(root, _)| PathBuf::from(root));
    Means::Behind { server, root }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{host, lineage_with, params, unset};

    fn plan(lineage: &Lineage) -> (Vec<Means>, Vec<String>) {
        let mut plan = Plan::default();
        plan.lineage(lineage, &host());
        (
            plan.targets.into_iter().map(|target| target.means).collect(),
            plan.untested.into_iter().map(|untested| untested.what).collect(),
        )
    }

    #[test]
    fn each_lineage_is_tried_through_its_own_way() {
        let of = |authenticator: &str| {
            let (means, untested) = plan(&lineage_with("authenticator", authenticator));
            assert_eq!(untested, Vec::<String>::new());
            means
        };
        assert_eq!(
            of("webroot"),
            [Means::Webroot("/var/www/html".into()), Means::Webroot("/var/www/html".into())]
        );
        assert_eq!(of("standalone")[0], Means::Standalone(StandaloneAt::default()));
        assert_eq!(of("apache")[0].word(), "apache");
    }

    #[test]
    fn a_renewal_does_what_hooks_and_updates_would_do() {
        let of = |pairs: &[(&str, &str)]| {
            let mut plan = Plan::default();
            plan.renewal(&params(pairs), &host());
            (plan.targets.first().map(|target| target.means.clone()), plan.untested.first().cloned())
        };
        let manual = ("authenticator", "manual");
        assert_eq!(of(&[manual]).0, Some(Means::Manual(Method::Http01)));
        assert_eq!(of(&[manual, ("pref_challs", "dns-01,")]).0, Some(Means::Manual(Method::Dns01)));
        assert_eq!(of(&[("authenticator", "dns-rfc2136")]).0, Some(Means::Rfc2136));
        let standalone = ("authenticator", "standalone");
        assert_eq!(of(&[standalone]).0, Some(Means::Standalone(StandaloneAt::default())));
        assert_eq!(
            of(&[standalone, ("http01_port", "8888")]).0,
            Some(Means::Standalone(StandaloneAt { port: Some(8888), ip: None }))
        );
        assert_eq!(
            of(&[standalone, ("pref_challs", "tls-alpn-01,")]).0,
            Some(Means::Standalone(StandaloneAt::default()))
        );
        let (none, untested) = of(&[("authenticator", "dns-ovh")]);
        assert!(none.is_none() && untested.unwrap().what.contains("dns-ovh is not known"));
    }

    #[test]
    fn what_cannot_be_tried_is_said() {
        let first = |lineage: &Lineage| {
            let (means, untested) = plan(lineage);
            assert_eq!(means, []);
            untested[0].clone()
        };
        assert!(first(&lineage_with("authenticator", "dns-ovh")).contains("not solved"));
        assert!(first(&lineage_with("authenticator", "manual")).contains("were not run"));
        let mut rootless = lineage_with("authenticator", "webroot");
        let conf = rootless.conf.as_mut().unwrap();
        for name in ["example.com", "www.example.com"] {
            unset(conf, "renewalparams/webroot_map", name);
        }
        unset(conf, "renewalparams", "webroot_path");
        assert!(first(&rootless).contains("no web root"));
    }
}
