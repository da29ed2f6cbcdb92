//! The certificate is renewed on disk, and nothing tells the server to read it again.

use std::collections::BTreeSet;

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{BesideKind, CertRef, HookStage, HostFacts, Lineage, ServerKind, TriggerKind, Usage};

/// A server holds the certificate in memory, and no hook of any kind reloads it.
pub static CHECK: Check = Check {
    id: "no-reload-at-all",
    title: "nothing reloads the server after a renewal",
    severity: Severity::MayFail,
    why: "the new certificate lies on disk while the server goes on serving the old one from memory until it expires",
    fix: "put an executable script with `systemctl reload SERVER` into /etc/letsencrypt/renewal-hooks/deploy/",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates"],
    explains: &[],
    run: Run::Lineage(run),
};

/// Options that run a command after a renewal, in `cli.ini` or on a trigger's command line.
const OPTIONS: [&str; 5] = ["deploy-hook", "renew-hook", "post-hook", "installer", "configurator"];
/// Their keys in a conf; deploy_hook under the wrong key is deploy-hook-wrong-key.
const KEYS: [&str; 4] = ["renew_hook", "deploy_hook", "post_hook", "installer"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if lineage.authenticator().is_none() {
        // A conf that certbot refuses is renewed by nobody, and its hooks may be what was lost.
        return Ok(vec![]);
    }
    let Usage::Named(refs) = host.servers.usage(&lineage.name) else { return Ok(vec![]) };
    let mut held: Vec<&CertRef> = refs.into_iter().filter(|r| holds(r)).collect();
    if held.is_empty() || KEYS.iter().any(|key| conf.param(key).is_some_and(|s| s.text() != Some(""))) {
        return Ok(vec![]);
    }
    if OPTIONS.iter().any(|option| host.given(option).is_some())
        || ["nginx", "apache"].iter().any(|f| host.cli_true(f).is_some())
    {
        return Ok(vec![]);
    }
    let has_folders = host.given("no-directory-hooks").is_none();
    let after = |stage: HookStage| matches!(stage, HookStage::Deploy | HookStage::Post);
    if has_folders && host.hooks.as_ref()?.iter().any(|hook| hook.runs && after(hook.stage)) {
        return Ok(vec![]);
    }
    if host.effective_triggers().any(|t| t.kind == TriggerKind::Container || does_more(&t.command)) {
        return Ok(vec![]);
    }
    let beside = host.beside.as_ref()?;
    // What stands beside certbot's own unit does not run where another program renews.
    if !host.is_renewed_by_us(lineage) && beside.iter().any(|b| b.runs == BesideKind::Renewal) {
        return Ok(vec![]);
    }
    let routine = || beside.iter().filter(|b| b.runs == BesideKind::Routine);
    held.retain(|r| !routine().any(|b| names(r.server).iter().any(|name| b.command.contains(name))));
    let Some(first) = held.first() else { return Ok(vec![]) };
    let kinds: BTreeSet<&str> = held.iter().map(|r| r.server.word()).collect();
    let servers = kinds.into_iter().collect::<Vec<_>>().join(" and ");
    let unit = names(first.server).first().copied().unwrap_or("SERVER");
    let script = format!("{}/renewal-hooks/deploy/reload-{unit}", host.dirs.config);
    let finding = Finding::new(format!("nothing reloads {servers} after a renewal of {}", lineage.name))
        .about(Subject::Process(servers))
        .saw(&first.r#where, format!("{} {}", first.directive, first.path))
        .saw_wanted(&conf.path, "no installer, renew_hook or post_hook", "a hook that reloads the server")
        .saw(format!("{}/renewal-hooks", host.dirs.config), "no executable file in deploy or post")
        .fix(
            "reload it after each renewal",
            [
                format!("printf '#!/bin/sh\\nsystemctl reload {unit}\\n' > {script}"),
                format!("chmod 755 {script}"),
            ],
        );
    Ok(vec![finding])
}

/// Whether the server keeps the certificate from its start; Postfix's and Exim's short-lived processes read it anew,
/// and nginx does so for each connection where the path holds a variable.
/// <https://www.postfix.org/postconf.5.html#max_use> <https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_certificate>
fn holds(reference: &CertRef) -> bool {
    let forgets = matches!(reference.server, ServerKind::Postfix | ServerKind::Exim | ServerKind::Other);
    !forgets && !reference.path.contains('$')
}

/// What a server is called in commands, its unit on Debian first.
fn names(server: ServerKind) -> &'static [&'static str] {
    match server {
        ServerKind::Nginx => &["nginx", "angie", "openresty"],
        ServerKind::Apache => &["apache2", "apache", "httpd"],
        ServerKind::Dovecot => &["dovecot", "doveadm"],
        ServerKind::Haproxy => &["haproxy"],
        ServerKind::Caddy => &["caddy"],
        ServerKind::Lighttpd => &["lighttpd"],
        ServerKind::Postfix | ServerKind::Exim | ServerKind::Other => &[],
    }
}

/// Whether a trigger may do more than call certbot or this program: another command follows, or it is a script that was not read here.
fn does_more(command: &str) -> bool {
    // The last one: contrib's cron line first asks for a timer that has it in its name.
    let of = command.rsplit_once("renew ").or_else(|| command.rsplit_once("renew"));
    let Some((_, after)) = of else { return true };
    let after = after.trim_end_matches([' ', ';', '}']);
    let calls = command.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word)).any(|name| {
        ["certbot", "letsencrypt", "acme-audit"].iter().any(|client| name.starts_with(client))
            && !name.ends_with("sh")
    });
    !calls || ["&&", ";", "reload", "restart", "-s "].iter().any(|sign| after.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{
        beside, cert_ref, cli_ini, denied, host, lineage, only, set, silent, timer, unknown, unset,
        with_command, with_triggers,
    };
    use crate::facts::{
        BesideKind, CertRef, Client, HookFile, HookStage, HostFacts, Lineage, Role, ServerKind, Servers,
        Trigger,
    };

    fn bare() -> Lineage {
        let mut lineage = lineage();
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "renew_hook");
        lineage
    }

    fn named_by(server: ServerKind) -> HostFacts {
        let refs = vec![CertRef {
            server,
            ..cert_ref("example.com", "/etc/letsencrypt/live/example.com/fullchain.pem")
        }];
        HostFacts { servers: Servers { refs, ..Servers::default() }.indexed(), ..host() }
    }

    fn hook(stage: HookStage, runs: bool) -> HostFacts {
        let file = HookFile {
            stage,
            path: "/etc/letsencrypt/renewal-hooks/x".into(),
            runs,
            shebang: true,
            mode: 0o755,
        };
        HostFacts { hooks: Ok(vec![file]), ..host() }
    }

    #[test]
    fn a_server_that_nobody_reloads_may_fail_its_users() {
        let (severity, finding) = only(&CHECK, &bare(), &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.subject, Subject::Process("nginx".into()));
        only(&CHECK, &bare(), &hook(HookStage::Deploy, false));
        only(&CHECK, &bare(), &hook(HookStage::Pre, true));
    }

    #[test]
    fn a_hook_in_the_conf_or_an_installer_is_silent() {
        for (key, value) in
            [("post_hook", "x"), ("renew_hook", "x"), ("installer", "nginx"), ("deploy_hook", "x")]
        {
            let mut lineage = bare();
            set(lineage.conf.as_mut().unwrap(), "renewalparams", key, value);
            silent(&CHECK, &lineage, &host());
        }
    }

    #[test]
    fn an_executable_file_in_deploy_or_post_is_silent() {
        silent(&CHECK, &bare(), &hook(HookStage::Deploy, true));
        silent(&CHECK, &bare(), &hook(HookStage::Post, true));
    }

    #[test]
    fn a_hook_of_cli_ini_of_the_timer_or_of_rhels_sysconfig_is_silent() {
        silent(&CHECK, &bare(), &cli_ini(&[("deploy-hook", "systemctl reload nginx")]));
        silent(&CHECK, &bare(), &with_command("certbot renew --post-hook 'systemctl reload nginx'"));
        silent(&CHECK, &bare(), &with_command("certbot renew -q && systemctl reload nginx"));
        silent(&CHECK, &bare(), &with_command("/usr/local/bin/renew-everything"));
        let mut host = host();
        host.beside =
            Ok(vec![beside("POST_HOOK=\"--post-hook 'systemctl reload nginx'\"", BesideKind::Arguments)]);
        silent(&CHECK, &bare(), &host);
    }

    #[test]
    fn a_nightly_reload_of_that_server_is_silent_and_one_of_another_is_not() {
        let mut host = host();
        host.beside = Ok(vec![beside("0 4 * * * root systemctl reload nginx", BesideKind::Routine)]);
        silent(&CHECK, &bare(), &host);
        host.beside = Ok(vec![beside("invoke-rc.d rsyslog reload", BesideKind::Routine)]);
        only(&CHECK, &bare(), &host);
    }

    #[test]
    fn a_plain_command_of_any_packaging_reloads_nothing() {
        for command in [
            "/usr/bin/certbot -q renew",
            "/usr/bin/snap run --timer=\"00:00~24:00/2\" certbot.renew",
            "certbot -q renew || logger x",
        ] {
            only(&CHECK, &bare(), &with_command(command));
        }
        let mut host = host();
        host.beside = Ok(vec![beside("CERTBOT_ARGS=\"--quiet\"", BesideKind::Arguments)]);
        only(&CHECK, &bare(), &host);
        host.beside = Ok(vec![beside("ExecStartPost=/usr/local/bin/push-certs", BesideKind::Renewal)]);
        silent(&CHECK, &bare(), &host);
    }

    #[test]
    fn what_hangs_on_certbots_unit_does_not_run_where_we_renew() {
        let command = "/usr/bin/acme-audit renew -q".into();
        let ours = with_triggers(vec![Trigger { client: Client::AcmeAudit, command, ..timer(None) }]);
        only(&CHECK, &bare(), &ours);
        let line = "systemctl -q is-active acme-audit-renew.timer || { sleep 99 && acme-audit renew -q; }";
        let cron = Trigger { client: Client::AcmeAudit, command: line.into(), ..timer(None) };
        only(&CHECK, &bare(), &with_triggers(vec![cron]));
        let beside = Ok(vec![beside("ExecStartPost=systemctl reload nginx", BesideKind::Renewal)]);
        only(&CHECK, &bare(), &HostFacts { beside, ..ours });
    }

    #[test]
    fn postfix_alone_needs_no_reload() {
        silent(&CHECK, &bare(), &named_by(ServerKind::Postfix));
        only(&CHECK, &bare(), &named_by(ServerKind::Dovecot));
    }

    #[test]
    fn a_lineage_that_no_server_names_is_silent() {
        let mut host = host();
        host.servers = Servers { refs: vec![cert_ref("other", "/x")], ..Servers::default() }.indexed();
        silent(&CHECK, &bare(), &host);
        host.servers = Servers::default();
        silent(&CHECK, &bare(), &host);
    }

    #[test]
    fn a_conf_that_lost_its_parameters_is_silent() {
        let mut lineage = bare();
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "authenticator");
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn hooks_that_cannot_be_listed_are_unknown() {
        let mut host = host();
        host.hooks = denied(Role::Other);
        unknown(&CHECK, &bare(), &host);
    }
}
