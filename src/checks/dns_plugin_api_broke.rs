//! A DNS plugin and its provider's library, or certbot itself, do not fit together.

use super::plugin_not_installed::{named, pip};
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::dns_plugins;
use crate::facts::{DnsPlugin, HostFacts, Install, InstallKind, Lineage, Logged, release, try_it};

/// The plugin's code cannot use what is installed beside it.
pub static CHECK: Check = Check {
    id: "dns-plugin-api-broke",
    title: "a DNS plugin does not fit to the library or the certbot beside it",
    severity: Severity::WillFail,
    why: "a plugin that cannot be imported stops every certbot command, `renew` included, whatever it is to do: `The … \
          plugin errored while loading`; one that calls a library by its old interface stops when its turn comes",
    fix: "install certbot, the plugin and the library from one source and upgrade them together",
    cites: &[
        "https://github.com/cloudflare/python-cloudflare/issues/172",
        "https://github.com/certbot/certbot/blob/main/certbot-dns-cloudflare/pyproject.toml",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#dns-plugins",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Why another certbot makes it no certain failure.
const ELSEWHERE: &str = "another certbot on this host does not have this fault";

/// Why an error in the past is not certain to come again.
const ONCE: &str = "seen in certbot's log, and perhaps mended since";

/// Why a combination that nobody supports may still do.
const UNSUPPORTED: &str =
    "the plugin's own metadata does not allow that version, and parts of it may still work";

/// certbot 2.7 no longer checks what a plugin's metadata requires; before, pkg_resources refused to load it.
/// <https://github.com/certbot/certbot/blob/v2.7.0/certbot/certbot/_internal/plugins/disco.py>
const UNCHECKED: (u32, u32) = (2, 7);

/// dns-lexicon 3.14 brought the interface that certbot's plugins use since 2.7.
/// <https://github.com/certbot/certbot/blob/v2.7.0/certbot/certbot/plugins/dns_common_lexicon.py>
const LEXICON: (u32, u32) = (3, 14);
const BY_CLIENT: (u32, u32) = (2, 7);

/// certbot-dns-cloudflare 5.6 goes by version 4 of the library; older ones by version 2.
const CLOUDFLARE: (u32, u32) = (4, 0);
const BY_VERSION_4: (u32, u32) = (5, 6);

/// What does not fit.
struct Misfit<'a> {
    plugin: &'a DnsPlugin,
    says: String,
    saw: String,
    wanted: String,
    certain: bool,
}

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let authenticator = lineage.authenticator().filter(|_| !host.chooses_authenticator(lineage));
    let by_dns = authenticator.is_some_and(|plugin| plugin.starts_with("dns-"));
    let installs = match &host.installs {
        Ok(installs) => installs,
        Err(_) if !by_dns => return Err(Skip::NotApplicable("no DNS plugin renews it")),
        Err(missing) => return Err(Skip::from(missing)),
    };
    let broken: Vec<(&Install, Misfit<'_>)> =
        installs.iter().filter_map(|install| Some((install, misfit(install, authenticator)?))).collect();
    if broken.is_empty() {
        let failed = if by_dns { host.failed(lineage)? } else { None };
        return Ok(failed.and_then(|failed| of_log(lineage, installs, failed)).into_iter().collect());
    }
    let some = broken.len() < installs.len();
    Ok(broken.iter().map(|(install, misfit)| finding(lineage, install, misfit, some)).collect())
}

fn finding(lineage: &Lineage, install: &Install, misfit: &Misfit<'_>, some: bool) -> Finding {
    let Misfit { plugin, says, saw, wanted, certain } = misfit;
    let upgrade = match install.kind {
        InstallKind::Pip => {
            let library =
                dns_plugins::library(&plugin.plugin).map(|name| format!(" {name}")).unwrap_or_default();
            vec![format!("{} install --upgrade certbot certbot-{}{library}", pip(install), plugin.plugin)]
        }
        InstallKind::Package | InstallKind::Snap => vec![],
    };
    let finding =
        Finding::new(format!("the plugin {} {} of {} {says}", plugin.plugin, plugin.version, named(install)))
            .about(Subject::Plugin(format!("{} of {}", plugin.plugin, install.path)))
            .saw_wanted(&plugin.code, saw, wanted)
            .fix(
                "upgrade certbot, the plugin and the library together, from the source that they came from",
                upgrade.into_iter().chain([try_it(lineage)]),
            );
    match (some, certain) {
        (true, _) => finding.lowered(Severity::Note, ELSEWHERE),
        (false, false) => finding.lowered(Severity::MayFail, UNSUPPORTED),
        (false, true) => finding,
    }
}

/// The first plugin of a certbot that does not fit: any that cannot be loaded, else the one that is to renew.
fn misfit<'a>(install: &'a Install, authenticator: Option<&str>) -> Option<Misfit<'a>> {
    let mut all = install.dns_plugins.iter();
    let unloaded = all.find_map(|plugin| absent(plugin).or_else(|| refused(plugin)));
    unloaded.or_else(|| {
        let used = install.dns_plugins.iter().filter(|plugin| Some(plugin.plugin.as_str()) == authenticator);
        used.filter_map(|plugin| old_lexicon(plugin).or_else(|| old_cloudflare(plugin))).next()
    })
}

/// Its code imports what is not there.
fn absent(plugin: &DnsPlugin) -> Option<Misfit<'_>> {
    let module = plugin.absent.first()?;
    let library = dns_plugins::library(&plugin.plugin);
    let beside = library.and_then(|name| Some((name, plugin.beside.get(name)?)));
    let stands = match beside {
        Some((name, versions)) => format!("{name} {} does not have it", versions.join(" and ")),
        None => "nothing that is installed has it".to_owned(),
    };
    Some(Misfit {
        plugin,
        says: format!("cannot be loaded: it imports {module}, and {stands}"),
        saw: format!("import {module}"),
        wanted: format!("a package with the module {module}, or a plugin that does without"),
        certain: true,
    })
}

/// It wants a newer certbot, and that certbot refuses to load it for this.
fn refused(plugin: &DnsPlugin) -> Option<Misfit<'_>> {
    let needs = plugin.needs_certbot.as_deref()?;
    let least = release(needs)?;
    let too_old = |version: &String| release(version).is_some_and(|has| has < least && has < UNCHECKED);
    let certbots = plugin.beside.get("certbot").filter(|versions| versions.iter().all(too_old))?;
    Some(Misfit {
        plugin,
        says: format!(
            "cannot be loaded: it requires certbot {needs} or later, and this is {}",
            certbots.join(" and ")
        ),
        saw: format!("version {}", plugin.version),
        wanted: format!("certbot {needs} or later, or an older plugin"),
        certain: true,
    })
}

/// It goes by an interface of dns-lexicon that is not there yet.
fn old_lexicon(plugin: &DnsPlugin) -> Option<Misfit<'_>> {
    let by_lexicon = dns_plugins::find(&plugin.plugin).is_some_and(|known| known.by_lexicon);
    if !by_lexicon || release(&plugin.version)? < BY_CLIENT {
        return None;
    }
    let versions = older(plugin, "dns-lexicon", LEXICON)?;
    Some(Misfit {
        plugin,
        says: format!("cannot use dns-lexicon {versions}: it goes by an interface of 3.14"),
        saw: format!("version {}", plugin.version),
        wanted: "dns-lexicon 3.14 or later".to_owned(),
        certain: true,
    })
}

/// Version 3 of Cloudflare's library has the module, and another interface.
fn old_cloudflare(plugin: &DnsPlugin) -> Option<Misfit<'_>> {
    if plugin.plugin != "dns-cloudflare" || release(&plugin.version)? < BY_VERSION_4 {
        return None;
    }
    let versions = older(plugin, "cloudflare", CLOUDFLARE)?;
    Some(Misfit {
        plugin,
        says: format!("is not made for cloudflare {versions}: it goes by version 4"),
        saw: format!("version {}", plugin.version),
        wanted: "cloudflare 4.0 or later".to_owned(),
        certain: false,
    })
}

/// The versions of a library, where all that are installed are older than one.
fn older(plugin: &DnsPlugin, library: &str, than: (u32, u32)) -> Option<String> {
    let versions = plugin.beside.get(library)?;
    let all = versions.iter().all(|version| release(version).is_some_and(|has| has < than));
    all.then(|| versions.join(" and "))
}

/// Errors that a wrong interface leads to, by their class.
const CLASSES: [&str; 5] = ["AttributeError", "TypeError", "ImportError", "ModuleNotFoundError", "NameError"];

/// The same, where a plugin has put them into words of its own.
const WORDS: [&str; 5] = [
    "object has no attribute",
    "object is not callable",
    "unexpected keyword argument",
    "No module named",
    "cannot import name",
];

/// An error of Python's own in the last attempt, where nothing was installed since.
fn of_log(lineage: &Lineage, installs: &[Install], failed: &Logged) -> Option<Finding> {
    let class = failed.exception.as_deref().and_then(|class| class.rsplit('.').next()).unwrap_or_default();
    let in_certbot = failed.raised_in.as_deref().is_some_and(|file| file.contains("/certbot/_internal/"));
    let is_interface =
        CLASSES.contains(&class) && !in_certbot || WORDS.iter().any(|words| failed.error.contains(words));
    let changed = installs.iter().filter_map(|install| install.changed).max();
    if !is_interface || changed.is_some_and(|changed| changed > failed.at) {
        return None;
    }
    let plugin = lineage.authenticator()?;
    let class = if class.is_empty() { String::new() } else { format!("{class}: ") };
    let mut finding = Finding::new(format!(
        "on {} {plugin} stopped at an error in its own code or its library's",
        failed.at.strftime("%Y-%m-%d")
    ))
    .evidence(Evidence {
        kind: Source::Log,
        ..Evidence::file(&failed.place, format!("{class}{}", failed.error))
    });
    if let Some(file) = &failed.raised_in {
        finding = finding.saw(file, "raised it");
    }
    let summary =
        "upgrade certbot, the plugin and its library together, from the source that they came from, then try";
    Some(finding.fix(summary, [try_it(lineage)]).lowered(Severity::MayFail, ONCE))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{
        days, denied, failed, host, install, lineage, lineage_with, loud, only, silent, unknown,
    };
    use crate::facts::{DnsPlugin, HostFacts, Install, InstallKind, Role};

    fn plugin(name: &str, version: &str, beside: &[(&str, &str)]) -> DnsPlugin {
        let of = |(package, version): &(&str, &str)| ((*package).to_owned(), vec![(*version).to_owned()]);
        DnsPlugin {
            plugin: name.into(),
            version: version.into(),
            code: "/opt/certbot/lib/python3.11/site-packages/certbot_x/_internal/x.py".into(),
            absent: vec![],
            needs_certbot: Some(version.into()),
            beside: beside.iter().map(of).collect(),
        }
    }

    fn with(plugins: Vec<DnsPlugin>) -> HostFacts {
        let pip = Install {
            kind: InstallKind::Pip,
            path: "/opt/certbot/lib/python3.11/site-packages".into(),
            dns_plugins: plugins,
            ..install("5.8.0", &["nginx", "dns-cloudflare", "dns-ovh"])
        };
        HostFacts { installs: Ok(vec![pip]), ..host() }
    }

    fn unloadable() -> DnsPlugin {
        let plugin = plugin("dns-cloudflare", "5.4.0", &[("certbot", "5.4.0"), ("cloudflare", "4.3.1")]);
        DnsPlugin { absent: vec!["CloudFlare".into()], ..plugin }
    }

    #[test]
    fn a_plugin_that_cannot_be_loaded_fails_whatever_renews() {
        let (severity, finding) = only(&CHECK, &lineage(), &with(vec![unloadable()]));
        assert_eq!(severity, Severity::WillFail);
        assert!(
            finding
                .says
                .ends_with("cannot be loaded: it imports CloudFlare, and cloudflare 4.3.1 does not have it"),
            "{}",
            finding.says
        );
        assert!(
            matches!(&finding.subject, Subject::Plugin(name) if name.starts_with("dns-cloudflare of /opt"))
        );
        let commands = finding.fix.unwrap().commands;
        assert_eq!(
            commands[0],
            "/opt/certbot/bin/pip install --upgrade certbot certbot-dns-cloudflare cloudflare"
        );
        assert_eq!(loud(&[lineage()], &with(vec![unloadable()])), [CHECK.id]);
    }

    #[test]
    fn certbots_that_check_requirements_refuse_a_newer_plugin() {
        let newer = |certbot| {
            with(vec![plugin("dns-ovh", "2.9.0", &[("certbot", certbot), ("dns-lexicon", "3.20.1")])])
        };
        let (severity, finding) = only(&CHECK, &lineage(), &newer("2.1.0"));
        assert_eq!(severity, Severity::WillFail);
        assert!(
            finding.says.contains("requires certbot 2.9.0 or later, and this is 2.1.0"),
            "{}",
            finding.says
        );
        // Later ones do not check.
        silent(&CHECK, &lineage_with("authenticator", "dns-ovh"), &newer("2.8.0"));
        silent(&CHECK, &lineage(), &newer("2.9.0"));
    }

    #[test]
    fn an_old_lexicon_fails_only_what_it_is_to_renew() {
        let host = |plugin_version, lexicon| {
            let beside = [("certbot", "5.8.0"), ("dns-lexicon", lexicon)];
            with(vec![plugin("dns-ovh", plugin_version, &beside)])
        };
        let by_ovh = lineage_with("authenticator", "dns-ovh");
        let (severity, finding) = only(&CHECK, &by_ovh, &host("5.8.0", "3.11.7"));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("cannot use dns-lexicon 3.11.7"), "{}", finding.says);
        silent(&CHECK, &lineage(), &host("5.8.0", "3.11.7"));
        silent(&CHECK, &by_ovh, &host("5.8.0", "3.14.0"));
        silent(&CHECK, &by_ovh, &host("2.6.0", "3.11.7"));
    }

    #[test]
    fn a_library_that_the_plugin_does_not_allow_may_fail() {
        let by_cloudflare = lineage_with("authenticator", "dns-cloudflare");
        let host = |version, library| {
            with(vec![plugin("dns-cloudflare", version, &[("certbot", "5.8.0"), ("cloudflare", library)])])
        };
        assert_eq!(only(&CHECK, &by_cloudflare, &host("5.8.0", "3.1.1")).0, Severity::MayFail);
        silent(&CHECK, &by_cloudflare, &host("5.8.0", "4.3.1"));
        silent(&CHECK, &by_cloudflare, &host("5.4.0", "2.20.0"));
    }

    #[test]
    fn one_that_another_certbot_does_not_have_is_a_note() {
        let mut two = with(vec![unloadable()]);
        two.installs.as_mut().unwrap().push(install("2.1.0", &["nginx"]));
        assert_eq!(only(&CHECK, &lineage(), &two).0, Severity::Note);
        // Two certbots in one search path: nobody knows here which is loaded.
        let mut unclear = plugin("dns-ovh", "5.8.0", &[("dns-lexicon", "3.20.1")]);
        unclear.beside.insert("certbot".into(), vec!["2.1.0".into(), "5.8.0".into()]);
        silent(&CHECK, &lineage(), &with(vec![unclear]));
    }

    #[test]
    fn an_error_of_python_in_the_log_may_fail_until_something_is_installed() {
        let by_cloudflare = lineage_with("authenticator", "dns-cloudflare");
        let error = "'CloudFlare' object has no attribute 'zones'";
        let (severity, finding) = only(&CHECK, &by_cloudflare, &failed(-1, error, &[]));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.evidence[0].saw.ends_with(error));
        let mut upgraded = failed(-1, error, &[]);
        upgraded.installs.as_mut().unwrap()[0].changed = Some(days(0));
        silent(&CHECK, &by_cloudflare, &upgraded);
        silent(&CHECK, &by_cloudflare, &failed(-1, "Some challenges have failed.", &[]));
        silent(&CHECK, &lineage(), &failed(-1, error, &[]));
        let mut of_certbot = failed(-1, "'NoneType' is not subscriptable", &[]);
        let logged = &mut of_certbot.logged.as_mut().unwrap()[0];
        logged.exception = Some("TypeError".into());
        logged.raised_in = Some("/usr/lib/python3/dist-packages/certbot/_internal/client.py".into());
        silent(&CHECK, &by_cloudflare, &of_certbot);
    }

    #[test]
    fn what_cannot_be_read_is_unknown_only_for_dns_plugins() {
        let hidden = HostFacts { installs: denied(Role::Other), ..host() };
        unknown(&CHECK, &lineage_with("authenticator", "dns-ovh"), &hidden);
        silent(&CHECK, &lineage(), &hidden);
        let no_log = HostFacts { logged: denied(Role::Other), ..host() };
        unknown(&CHECK, &lineage_with("authenticator", "dns-ovh"), &no_log);
        silent(&CHECK, &lineage(), &no_log);
    }
}
