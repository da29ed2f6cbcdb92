//! Options given outside a lineage's conf: in a `cli.ini` or on the command line of a trigger. They win over the conf.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#configuration-file>

use std::sync::OnceLock;

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

    /// Whether the authenticator is chosen outside the conf, for whatever lineage.
    pub fn chooses_authenticator(&self) -> bool {
        AUTHENTICATORS.iter().any(|option| match *option {
            "authenticator" | "a" | "configurator" => self.given(option).is_some(),
            flag => self.cli_true(flag).is_some() || (self.cli(flag).is_none() && self.given(flag).is_some()),
        }) || self.cli_ini.iter().flatten().flat_map(|file| &file.settings).any(|s| is_dns_plugin(&s.key))
            || self.options().iter().any(|(option, _)| is_dns_plugin(option))
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
