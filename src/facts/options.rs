//! Options given outside a lineage's conf: in a `cli.ini` or on the command line of a trigger. They win over the conf.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#configuration-file>

use std::sync::OnceLock;

use super::lineage::plugin_name;
use super::{BesideKind, Conf, HostFacts, Lineage, Missing, Role, Setting, TriggerKind, Usage, Why};

/// Why a finding about a lineage that nothing names is only a note.
pub const UNUSED: &str = "no server found on this host names this lineage";

/// The options that choose an authenticator; `--dns-…` apart.
const AUTHENTICATORS: [&str; 8] =
    ["authenticator", "a", "configurator", "webroot", "standalone", "nginx", "apache", "manual"];

/// The options given on command lines, computed once from the other facts; a copy, which may be changed, starts anew.
#[derive(Debug, Default)]
pub struct GivenOptions(OnceLock<Vec<(String, String)>>);

impl Clone for GivenOptions {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl HostFacts {
    /// Where a long option is given: `file:line` of a `cli.ini`, else the place of a trigger that really runs.
    pub fn given(&self, option: &str) -> Option<String> {
        if let Some((file, setting)) = self.cli(option) {
            return Some(format!("{}:{}", file.path, setting.line));
        }
        self.options().iter().find(|(name, _)| name == option).map(|(_, place)| place.clone())
    }

    /// Every option on the command line of a trigger that really runs, or among a package's arguments, with its place.
    fn options(&self) -> &[(String, String)] {
        self.given_options.0.get_or_init(|| {
            let triggers = self.effective_triggers().map(|t| (&t.command, &t.r#where));
            let arguments = self.beside.iter().flatten().filter(|b| b.runs == BesideKind::Arguments);
            let commands = triggers.chain(arguments.map(|b| (&b.command, &b.r#where)));
            commands
                .flat_map(|(command, place)| words(command).map(|word| (word.to_owned(), place.clone())))
                .collect()
        })
    }

    /// Whether another authenticator than that of its conf is chosen for a lineage, or one that is not known. What cli.ini names
    /// when a lineage is made gets into its conf, so that both mostly name the same one.
    pub fn chooses_authenticator(&self, lineage: &Lineage) -> bool {
        let own = lineage.authenticator();
        let said = self.cli_ini.iter().flatten().flat_map(|file| &file.settings).map(|s| s.key.as_str());
        let given = self.options().iter().map(|(option, _)| option.as_str());
        let dns = said.chain(given).filter(|option| is_dns_plugin(option));
        AUTHENTICATORS.into_iter().chain(dns).any(|option| match (option, self.cli(option)) {
            ("authenticator" | "a" | "configurator", Some((_, said))) => said.text().map(plugin_name) != own,
            ("authenticator" | "a" | "configurator", None) => self.given(option).is_some(),
            (flag, Some(_)) => self.cli_true(flag).is_some() && Some(flag) != own,
            (flag, None) => self.given(flag).is_some() && Some(flag) != own,
        })
    }

    /// An option's value as certbot takes it for a lineage, by the conf's key: that of a `cli.ini`, else that of the conf. certbot
    /// writes `None` where there is none.
    pub fn option<'a>(&'a self, lineage: &'a Lineage, key: &str) -> Option<&'a str> {
        let said = self.cli(&key.replace('_', "-")).and_then(|(_, setting)| setting.text());
        let value = said.or_else(|| lineage.conf.as_ref().ok()?.param_text(key));
        value.filter(|value| *value != "None")
    }

    /// Whether a flag is on for a lineage, by the conf's key: a `cli.ini` can switch it on, and not off.
    pub fn is_on(&self, lineage: &Lineage, key: &str) -> bool {
        let in_conf = || lineage.conf.as_ref().is_ok_and(|conf| conf.param_true(key));
        self.cli_true(&key.replace('_', "-")).is_some() || in_conf()
    }

    /// The folder that a lineage's `webroot` puts the token of a name into. Where a `cli.ini` names one, it is for all names.
    /// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/webroot.py>
    pub fn webroot<'a>(&'a self, lineage: &'a Lineage, name: &str) -> Option<&'a str> {
        let said = ["webroot-path", "w"].iter().find_map(|option| self.cli(option)?.1.text());
        let last = |all: &'a str| all.trim_matches(['[', ']']).rsplit(',').next().unwrap_or(all).trim();
        let of_conf = || lineage.webroot_of(name).or(lineage.webroot_for_all());
        said.map(last).or_else(|| of_conf().map(|(_, path)| path)).filter(|path| !path.is_empty())
    }

    /// A value that a `cli.ini` sets, else that of `[renewalparams]`: `file:line` and the setting.
    pub fn setting<'a>(&'a self, conf: &'a Conf, key: &str) -> Option<(String, &'a Setting)> {
        match self.cli(&key.replace('_', "-")) {
            Some((file, setting)) => Some((format!("{}:{}", file.path, setting.line), setting)),
            None => conf.param(key).map(|setting| (conf.at(setting), setting)),
        }
    }

    /// Whether the paths in confs are this host's own, and not those that a container sees.
    ///
    /// # Errors
    /// No certbot is installed here, and what renews starts a container's.
    pub fn sees_certbots_paths(&self) -> Result<(), Missing> {
        let installed = self.installs.as_ref().is_ok_and(|installs| !installs.is_empty());
        let engine = |word: &str| ["docker", "podman", "nerdctl", "docker-compose"].contains(&word);
        let contained = |t: &super::Trigger| {
            t.kind == TriggerKind::Container
                || t.command.split_whitespace().any(|word| engine(word.rsplit('/').next().unwrap_or(word)))
        };
        if installed || !self.effective_triggers().any(contained) {
            return Ok(());
        }
        let why = Why::Unclear("certbot runs in a container, whose paths are not this host's".into());
        Err(Missing::new("the paths in the confs", why, Role::Other))
    }

    /// Whether servers are configured here and neither they nor a hook of its own use the lineage.
    pub fn unused(&self, lineage: &Lineage) -> bool {
        let hooked = lineage.conf.as_ref().is_ok_and(|conf| {
            ["renew_hook", "deploy_hook", "post_hook", "installer"]
                .iter()
                .any(|key| conf.param(key).is_some())
        });
        !hooked && matches!(self.servers.usage(&lineage.name), Usage::NotNamed)
    }
}

/// The names of the options on a command line: `--post-hook`, also where it is quoted within a variable.
fn words(command: &str) -> impl Iterator<Item = &str> {
    // `test -x /usr/bin/certbot -a \! -d /run/systemd/system && certbot -q renew` has no option `-a` for certbot.
    let mut parts = command.split("&&").flat_map(|part| part.split(';'));
    let renews = |part: &&str| part.split_whitespace().any(|word| word == "renew");
    let part = parts.find(renews).unwrap_or(command);
    part.split_whitespace().filter_map(|word| {
        let word = word.trim_start_matches(['"', '\'']).trim_end_matches(['"', '\'', ';']);
        let quoted = ["=\"", "='"]
            .iter()
            .find_map(|sign| Some(word.split_once(sign)?.1))
            .filter(|w| w.starts_with('-'));
        let word = quoted.unwrap_or(word);
        let option = word.strip_prefix("--").or_else(|| word.strip_prefix('-').filter(|o| o.len() == 1))?;
        Some(option.split('=').next().unwrap_or(option))
    })
}

/// `dns-cloudflare`, and not `dns-cloudflare-credentials`.
fn is_dns_plugin(option: &str) -> bool {
    option.strip_prefix("dns-").is_some_and(|name| !name.is_empty() && !name.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_guard_is_no_option_of_certbot() {
        let line = "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'x' && certbot -q renew --nginx";
        assert_eq!(words(line).collect::<Vec<_>>(), ["q", "nginx"]);
    }

    #[test]
    fn a_hook_in_sysconfig_is_found_in_its_quotes() {
        let value = "POST_HOOK=\"--post-hook 'systemctl reload nginx'\"";
        assert!(words(value).any(|word| word == "post-hook"));
        assert!(words("CERTBOT_ARGS=\"--deploy-hook=/x --webroot\"").any(|word| word == "deploy-hook"));
    }

    #[test]
    fn a_dns_plugin_is_told_from_its_options() {
        assert!(
            is_dns_plugin("dns-rfc2136")
                && !is_dns_plugin("dns-rfc2136-credentials")
                && !is_dns_plugin("dns-")
        );
    }
}
