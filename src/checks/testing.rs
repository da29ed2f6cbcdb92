//! A healthy host and lineage that each test then breaks in one place.

use jiff::{SignedDuration, Timestamp};

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict, cap};
use crate::facts::*;
use crate::index::{Index, Words};

/// The time of all tests: 2026-11-23T12:00:00Z.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_435_200).unwrap()
}

/// A time some days from [`now`], negative for the past.
pub fn days(n: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * n)
}

/// A Debian host with certbot 5.8 and nginx, a working timer, one account and nginx naming the lineage.
pub fn host() -> HostFacts {
    let config = "/etc/letsencrypt";
    let account = format!("{config}/accounts/acme-v02.api.letsencrypt.org/directory/{ACCOUNT}");
    let file =
        |name: &str, value: &str| Ok(AccountFile { path: format!("{account}/{name}"), value: value.into() });
    HostFacts {
        schema: crate::gather::SCHEMA.into(),
        version: "0.0.0".into(),
        host: "web1".into(),
        now: now(),
        gathered_at: now(),
        terms: Terms::default(),
        zone: Ok(Zone::default()),
        alive: Some(now()),
        log: Ok(Some(now())),
        live: false,
        dirs: Dirs {
            config: config.into(),
            work: "/var/lib/letsencrypt".into(),
            logs: "/var/log/letsencrypt".into(),
        },
        os: Os { id: "debian".into(), systemd: true, has_etc: true, ..Os::default() },
        renewal: Ok(Renewal { path: format!("{config}/renewal"), confs: 1, strays: vec![] }),
        orphans: Ok(vec![]),
        accounts: Ok(vec![Account {
            id: ACCOUNT.into(),
            server: "acme-v02.api.letsencrypt.org/directory".into(),
            path: account.clone(),
            key: file("private_key.json", ACCOUNT),
            uri: file("regr.json", "https://acme-v02.api.letsencrypt.org/acme/acct/1"),
            meta: file("meta.json", "2026-01-01T00:00:00Z"),
        }]),
        hooks: Ok(vec![]),
        cli_ini: vec![],
        installs: Ok(vec![install("5.8.0", &["nginx"])]),
        triggers: Ok(vec![timer(None)]),
        hook_programs: vec![],
        beside: Ok(vec![]),
        servers: Servers {
            refs: vec![cert_ref("example.com", "/etc/letsencrypt/live/example.com/fullchain.pem")],
            ..Servers::default()
        }
        .indexed(),
        locked_by: None,
        plans: Default::default(),
        given_options: Default::default(),
    }
}

/// The account that the healthy lineage uses.
pub const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

/// A certbot with the built-in plugins and some more.
pub fn install(version: &str, more: &[&str]) -> Install {
    let plugins =
        ["manual", "null", "standalone", "webroot"].iter().chain(more).map(|p| (*p).to_owned()).collect();
    Install {
        kind: InstallKind::Package,
        path: "/usr/lib/python3/dist-packages".into(),
        version: Some(version.into()),
        plugins: Ok(plugins),
    }
}

/// Debian's timer, effective or not.
pub fn timer(ineffective: Option<Ineffective>) -> Trigger {
    Trigger {
        kind: TriggerKind::SystemdTimer,
        r#where: "/lib/systemd/system/certbot.timer".into(),
        unit: Some("certbot.timer".into()),
        user: None,
        command: "/usr/bin/certbot -q renew".into(),
        ineffective,
        client: Client::Certbot,
        when: Ok(When {
            rules: vec![Rule::OnCalendar(
                "*-*-* 00,12:00:00".into(),
                "/lib/systemd/system/certbot.timer:5".into(),
            )],
            delay: 43_200,
            catches_up: true,
            zone: None,
        }),
        task: Task::default(),
        last_run: None,
        unit_state: Some(UnitState { service: "certbot.service".into(), ..UnitState::default() }),
    }
}

/// A line of /etc/cron.d/certbot with these times.
pub fn cron(times: &str) -> Trigger {
    Trigger {
        kind: TriggerKind::Cron,
        r#where: "/etc/cron.d/certbot:3".into(),
        unit: None,
        user: Some("root".into()),
        command: "certbot renew -q".into(),
        when: Ok(When { rules: vec![Rule::Cron(times.into())], ..When::default() }),
        unit_state: None,
        ..timer(None)
    }
}

/// Gives a lineage's certificate another validity, in days from now, also as the newest version.
pub fn lives(lineage: &mut Lineage, from: i64, to: i64) {
    let cert = lineage.cert.as_mut().unwrap();
    (cert.not_before, cert.not_after) = (days(from), days(to));
    let issued = issued(cert);
    lineage.archive.as_mut().unwrap().versions.last_mut().unwrap().issued = Some(issued);
}

/// A line of nginx.
pub fn cert_ref(lineage: &str, path: &str) -> CertRef {
    CertRef {
        server: ServerKind::Nginx,
        r#where: "/etc/nginx/sites-enabled/site:7".into(),
        directive: "ssl_certificate".into(),
        path: path.into(),
        via: None,
        resolved: None,
        lineage: Some(lineage.into()),
    }
}

/// A certificate of 90 days, 30 of them past.
pub fn cert(names: &[&str]) -> Cert {
    Cert {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        not_before: days(-30),
        not_after: days(60),
        issuer: "YE1".into(),
        issuer_org: Some("Let's Encrypt".into()),
        subject: None,
        serial: "04a1".into(),
        key: KeyAlgorithm("ecdsa-p256".into()),
        spki_sha256: "aa".into(),
        aki: None,
        must_staple: false,
        eku: vec!["serverAuth".into()],
        self_issued: false,
    }
}

/// A healthy webroot lineage `example.com` with two versions.
pub fn lineage() -> Lineage {
    let name = "example.com";
    let leaf = cert(&["example.com", "www.example.com"]);
    let mut older = issued(&leaf);
    (older.not_before, older.not_after) = (days(-90), days(0));
    let version = |number, issued| Version { number, present: [true; 4], issued: Some(issued) };
    Lineage {
        name: name.into(),
        conf: Ok(conf(&[
            ("", "version", "5.8.0"),
            ("", "archive_dir", "/etc/letsencrypt/archive/example.com"),
            ("", "cert", "/etc/letsencrypt/live/example.com/cert.pem"),
            ("", "privkey", "/etc/letsencrypt/live/example.com/privkey.pem"),
            ("", "chain", "/etc/letsencrypt/live/example.com/chain.pem"),
            ("", "fullchain", "/etc/letsencrypt/live/example.com/fullchain.pem"),
            ("renewalparams", "account", ACCOUNT),
            ("renewalparams", "server", crate::ca::LETS_ENCRYPT),
            ("renewalparams", "authenticator", "webroot"),
            ("renewalparams", "key_type", "ecdsa"),
            ("renewalparams", "renew_hook", "systemctl reload nginx"),
            ("renewalparams/webroot_map", "example.com", "/var/www/html"),
            ("renewalparams/webroot_map", "www.example.com", "/var/www/html"),
        ])),
        live: Kind::ALL.map(|kind| LiveLink {
            kind,
            path: format!("/etc/letsencrypt/live/{name}/{}.pem", kind.word()),
            line: Some(3),
            state: link(kind, 2),
        }),
        archive: Ok(Archive {
            path: format!("/etc/letsencrypt/archive/{name}"),
            versions: vec![version(1, older), version(2, issued(&leaf))],
        }),
        chain: Ok(vec![Cert { names: vec![], subject: Some("YE1".into()), ..cert(&[]) }]),
        fullchain: Ok(true),
        key: Ok(PrivateKey { key: leaf.key.clone(), spki_sha256: Some(leaf.spki_sha256.clone()) }),
        signed: SignatureState::Valid,
        cert: Ok(leaf),
        previous_links: vec![],
        paths: [
            ("/var/www/html".to_owned(), PathState::Folder),
            ("systemctl".to_owned(), PathState::File { executable: true, readable_by_all: false }),
        ]
        .into(),
        key_exposed: None,
        seen: None,
        ca: None,
        ari: None,
        forecast: None,
    }
}

/// A good link to a version.
pub fn link(kind: Kind, n: u32) -> LinkState {
    LinkState::Link {
        text: format!("../../archive/example.com/{}{n}.pem", kind.word()),
        target: format!("/etc/letsencrypt/archive/example.com/{}{n}.pem", kind.word()),
        version: Some(n),
        mode: Some(if kind == Kind::Privkey { 0o600 } else { 0o644 }),
    }
}

/// The little that is kept of a certificate.
pub fn issued(cert: &Cert) -> Issued {
    Issued {
        not_before: cert.not_before,
        not_after: cert.not_after,
        names: cert.names.clone(),
        serial: cert.serial.clone(),
        key: cert.key.clone(),
    }
}

/// A conf with these (section, key, value), each on its own line.
pub fn conf(settings: &[(&str, &str, &str)]) -> Conf {
    let mut conf = Conf {
        path: "/etc/letsencrypt/renewal/example.com.conf".into(),
        size: 700,
        modified: None,
        sections: vec![],
        settings: vec![],
    };
    for (section, key, value) in settings {
        set(&mut conf, section, key, value);
    }
    conf
}

/// Sets or adds one value of a conf, and its section.
pub fn set(conf: &mut Conf, section: &str, key: &str, value: &str) {
    let line = u32::try_from(conf.settings.len()).unwrap() + 1;
    if !section.is_empty() && !conf.has_section(section) {
        conf.sections.push(SectionHead { path: section.into(), line });
    }
    let value = SettingValue::Text(value.into());
    match conf.settings.iter_mut().find(|s| s.section == section && s.key == key) {
        Some(known) => known.value = value,
        None => conf.settings.push(Setting {
            section: section.into(),
            key: key.into(),
            value,
            line,
            unresolved: None,
        }),
    }
}

/// Removes one value of a conf.
pub fn unset(conf: &mut Conf, section: &str, key: &str) {
    conf.settings.retain(|s| !(s.section == section && s.key == key));
}

/// The healthy lineage with one `[renewalparams]` value set.
pub fn lineage_with(key: &str, value: &str) -> Lineage {
    let mut lineage = lineage();
    set(lineage.conf.as_mut().unwrap(), "renewalparams", key, value);
    lineage
}

/// The healthy lineage with some `[renewalparams]` values set.
pub fn params(settings: &[(&str, &str)]) -> Lineage {
    let mut lineage = lineage();
    for (key, value) in settings {
        set(lineage.conf.as_mut().unwrap(), "renewalparams", key, value);
    }
    lineage
}

/// The healthy host with these lines in `/etc/letsencrypt/cli.ini`.
pub fn cli_ini(settings: &[(&str, &str)]) -> HostFacts {
    let lines = (1..).zip(settings).map(|(line, (key, value))| Setting {
        section: String::new(),
        key: (*key).into(),
        value: SettingValue::Text((*value).into()),
        line,
        unresolved: None,
    });
    let file = IniFile { path: "/etc/letsencrypt/cli.ini".into(), settings: lines.collect() };
    HostFacts { cli_ini: vec![Ok(file)], ..host() }
}

/// The healthy host whose timer runs this command.
pub fn with_command(command: &str) -> HostFacts {
    HostFacts { triggers: Ok(vec![Trigger { command: command.into(), ..timer(None) }]), ..host() }
}

/// The healthy host with only these triggers.
pub fn with_triggers(triggers: Vec<Trigger>) -> HostFacts {
    HostFacts { triggers: Ok(triggers), ..host() }
}

/// The healthy host with these certbots.
pub fn with_certbots(versions: &[&str]) -> HostFacts {
    HostFacts { installs: Ok(versions.iter().map(|v| install(v, &["nginx"])).collect()), ..host() }
}

/// Something that may reload a service beside certbot's hooks.
pub fn beside(command: &str, runs: BesideKind) -> Beside {
    Beside { r#where: "/etc/systemd/system/x:3".into(), command: command.into(), runs }
}

/// A fact that our own lack of rights hides.
pub fn denied<T>(role: Role) -> Fact<T> {
    Err(Missing::new("/etc/letsencrypt", Why::Denied, role))
}

/// What the network shows of a name in good order: an address, and no CAA record up to its top-level domain.
pub fn name_seen(identifier: &str) -> net::NameSeen {
    let name = identifier.strip_prefix("*.").unwrap_or(identifier);
    let dns = net::Dns {
        resolver: RESOLVER.into(),
        a: net::Outcome::Found(vec![[45, 45, 45, 10].into()]),
        aaaa: net::Outcome::Nothing,
        aliases: vec![],
        authenticated: false,
        zone: None,
        direct: None,
        challenge: None,
    };
    let parents = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
    let steps = [name].into_iter().chain(parents).map(|name| caa_step(name, &[])).collect();
    let caa = net::Caa { resolver: RESOLVER.into(), steps };
    net::NameSeen { identifier: identifier.into(), dns: Ok(dns), caa: Ok(caa), walk: None }
}

/// The resolver of all tests.
pub const RESOLVER: &str = "192.0.2.53";

/// The CAA records of a name: flags, tag and value.
pub fn caa_step(name: &str, records: &[(u8, &str, &str)]) -> net::CaaStep {
    let record = |(flags, tag, value): &(u8, &str, &str)| net::CaaRecord::new(*flags, *tag, value.as_bytes());
    let records = match records {
        [] => net::Outcome::Nothing,
        some => net::Outcome::Found(some.iter().map(record).collect()),
    };
    net::CaaStep { name: name.into(), aliases: vec![], records }
}

/// The lineage with these names, as the network shows them in good order.
pub fn seen(mut lineage: Lineage, names: &[&str]) -> Lineage {
    lineage.cert.as_mut().unwrap().names = names.iter().map(|name| (*name).to_owned()).collect();
    lineage.seen = Some(names.iter().map(|name| name_seen(name)).collect());
    lineage
}

/// The healthy lineage `example.com`, `www.example.com` with these CAA records at `example.com`.
pub fn with_caa(records: &[(u8, &str, &str)]) -> Lineage {
    caa_at(seen(lineage(), &["example.com", "www.example.com"]), caa_step("example.com", records))
}

/// The lineage with the step of that name changed, where climbing ends.
pub fn caa_at(mut lineage: Lineage, step: net::CaaStep) -> Lineage {
    for name in lineage.seen.iter_mut().flatten() {
        let steps = &mut name.caa.as_mut().unwrap().steps;
        if let Some(at) = steps.iter().position(|known| known.name == step.name) {
            steps.truncate(at);
            steps.push(step.clone());
        }
    }
    lineage
}

/// The healthy lineage `example.com`, `www.example.com` whose names have changed records.
pub fn with_dns(change: impl Fn(&mut net::Dns)) -> Lineage {
    dns_of(seen(lineage(), &["example.com", "www.example.com"]), change)
}

/// The lineage that is proved by DNS records, with changed ones.
pub fn with_dns_plugin(change: impl Fn(&mut net::Dns)) -> Lineage {
    dns_of(seen(lineage_with("authenticator", "dns-cloudflare"), &["example.com", "*.example.com"]), change)
}

fn dns_of(mut lineage: Lineage, change: impl Fn(&mut net::Dns)) -> Lineage {
    lineage.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()).for_each(change);
    lineage
}

/// The lineage for whose names the resolver gave no answer.
pub fn unresolved() -> Lineage {
    with_dns(|dns| {
        dns.a = net::Outcome::Failed(net::Failure::new(net::FailureKind::Timeout));
        dns.aaaa = net::Outcome::Failed(net::Failure::new(net::FailureKind::Timeout));
    })
}

/// A zone whose servers answer, or not, with authority.
pub fn zone(name: &str, servers: &[(&str, bool)]) -> std::sync::Arc<net::Zone> {
    let server = |(address, answers): &(&str, bool)| net::NameServer {
        name: format!("ns.{name}"),
        address: Some(address.parse().unwrap()),
        delegated: true,
        serial: match answers {
            true => net::Outcome::Found(vec![1]),
            false => net::Outcome::Failed(net::Failure::new(net::FailureKind::Timeout)),
        },
        authoritative: *answers,
    };
    std::sync::Arc::new(net::Zone { name: name.into(), servers: servers.iter().map(server).collect() })
}

/// The healthy lineage whose CA answers as it does here after a change.
pub fn ca_seen(change: impl Fn(&mut net::CaSeen)) -> Lineage {
    let account = |path: &str| net::AccountSeen { path: path.into(), state: net::AccountState::Valid };
    let mut lineage = lineage();
    let directory = net::Directory {
        new_nonce: "https://ca.example/nonce".into(),
        new_account: "https://ca.example/account".into(),
        renewal_info: None,
        terms: None,
        caa_identities: None,
        profiles: None,
        needs_eab: false,
    };
    let mut ca = net::CaSeen::of(crate::ca::LETS_ENCRYPT, Ok(directory));
    ca.accounts = host().accounts.iter().flatten().map(|found| account(&found.path)).collect();
    change(&mut ca);
    lineage.ca = Some(ca.into());
    lineage
}

/// The healthy lineage whose CA gives no directory.
pub fn ca_fails(fault: net::CaFault) -> Lineage {
    ca_seen(|ca| (ca.directory, ca.accounts) = (Err(fault.clone()), vec![]))
}

/// The healthy lineage whose CA says this of its account.
pub fn account_is(state: net::AccountState) -> Lineage {
    ca_seen(|ca| ca.accounts.iter_mut().for_each(|account| account.state = state.clone()))
}

/// The lineage whose CAA records could not be asked for.
pub fn without_caa(mut lineage: Lineage) -> Lineage {
    for name in lineage.seen.iter_mut().flatten() {
        name.caa = Err(Missing::new("CAA records", Why::Unclear("no resolver".into()), Role::Other));
    }
    lineage
}

/// Runs a check on one lineage, with the forecast made.
pub fn run(check: &Check, lineage: &Lineage, host: &HostFacts) -> Verdict {
    let mut lineage = lineage.clone();
    lineage.forecast = crate::forecast::forecast(&lineage, host);
    match check.run {
        Run::Lineage(run) => run(&lineage, host),
        Run::Host(run) => run(host),
        Run::Across(run) => run(&Index::new(vec![Words::default().row(&lineage)]), host),
    }
}

/// Runs a check across several lineages.
pub fn across(check: &Check, lineages: &[Lineage], host: &HostFacts) -> Verdict {
    let Run::Across(run) = check.run else { panic!("{} is not run across lineages", check.id) };
    let mut words = Words::default();
    run(&Index::new(lineages.iter().map(|lineage| words.row(lineage)).collect()), host)
}

/// The ids of all loud findings of the whole registry, after the fold.
pub fn loud(lineages: &[Lineage], host: &HostFacts) -> Vec<&'static str> {
    let judged = crate::audit::judge(host, lineages.len(), 1, |at| lineages.get(at).cloned());
    let report = judged.report(host.clone(), &crate::config::Config::default());
    report.loud().map(|folded| folded.cause.check.id).collect()
}

/// A trigger's fault fails where nothing else renews, is silent beside a timer that does, and unknown where the schedule
/// cannot be read.
pub fn trigger_at_fault(check: &Check, broken: Trigger, says: &str) {
    let (severity, finding) = only(check, &lineage(), &with_triggers(vec![broken.clone()]));
    assert_eq!(severity, Severity::WillFail);
    assert!(finding.says.contains(says), "{}", finding.says);
    assert!(finding.lineages.is_empty(), "it concerns the whole host");
    silent(check, &lineage(), &with_triggers(vec![broken, timer(None)]));
    silent(check, &lineage(), &host());
    unknown(check, &lineage(), &HostFacts { triggers: denied(Role::Schedule), ..host() });
}

/// The only finding, with its severity after the cap.
pub fn only(check: &Check, lineage: &Lineage, host: &HostFacts) -> (Severity, Finding) {
    let mut findings = run(check, lineage, host).expect("the check was skipped");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = findings.remove(0);
    assert!(!finding.evidence.is_empty(), "a finding without evidence");
    (cap(check, &finding), finding)
}

/// The check finds nothing: it passes, is not applicable or was not to be asked.
pub fn silent(check: &Check, lineage: &Lineage, host: &HostFacts) {
    match run(check, lineage, host) {
        Ok(findings) => assert!(findings.is_empty(), "{findings:#?}"),
        Err(Skip::NotApplicable(_) | Skip::NotAsked(_)) => {}
        Err(skip) => panic!("{skip:?}"),
    }
}

/// The check says that it could not look.
pub fn unknown(check: &Check, lineage: &Lineage, host: &HostFacts) {
    let verdict = run(check, lineage, host);
    assert!(matches!(verdict, Err(Skip::Unknown(_))), "{verdict:#?}");
}

#[test]
fn the_healthy_host_is_silent() {
    let (lineage, host) = (seen(ca_seen(|_| ()), &["example.com", "www.example.com"]), host());
    for check in super::CHECKS {
        silent(check, &lineage, &host);
    }
}
