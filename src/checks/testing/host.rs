//! A healthy host, and the ways in which one is changed.

use super::{days, now};
use crate::facts::*;

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
        logged: Ok(vec![]),
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
        before: Some(vec![]),
        beside: Ok(vec![]),
        servers: Servers {
            refs: vec![cert_ref("example.com", "/etc/letsencrypt/live/example.com/fullchain.pem")],
            ..Servers::default()
        }
        .indexed(),
        filters: Filters::default(),
        locked_by: None,
        own: None,
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
        dns_plugins: vec![],
        changed: None,
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

/// The healthy host, looked at while it runs, whose port 80 this process has over IPv4.
pub fn listening(name: &str, unit: Option<&str>) -> HostFacts {
    let process = Process { pid: 812, name: name.into(), unit: unit.map(str::to_owned) };
    let listener = Listener { address: ([0, 0, 0, 0], 80).into(), user: 0, process: Some(process) };
    let own = Own {
        addresses: vec![],
        sends_from: vec![],
        listens: Ok(vec![22, 80]),
        on_80: Some(vec![listener]),
        unprivileged_from: Some(1024),
    };
    HostFacts { live: true, own: Some(Ok(own)), ..host() }
}

/// A command that runs before the challenges, and stops these.
pub fn before(by: BeforeKind, stops: &[&str], unread: &[&str]) -> Before {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let acts = Acts { stops: names(stops), starts: vec![], unread: names(unread) };
    let r#where = "/etc/letsencrypt/renewal-hooks/pre/stop".to_owned();
    Before { command: r#where.clone(), r#where, by, acts }
}

/// Something that may reload a service beside certbot's hooks.
pub fn beside(command: &str, runs: BesideKind) -> Beside {
    Beside { r#where: "/etc/systemd/system/x:3".into(), command: command.into(), runs }
}

/// The healthy host whose log says that `example.com` failed on that day, with this error and what the CA said of names.
pub fn failed(day: i64, error: &str, said: &[(&str, &str)]) -> HostFacts {
    let attempt = |(identifier, detail): &(&str, &str)| Attempt {
        lineage: Some("example.com".into()),
        identifier: (*identifier).into(),
        method: "dns-cloudflare".into(),
        vantage: Vantage::Ca,
        ok: false,
        id: None,
        problem: Some(Problem {
            r#type: "urn:ietf:params:acme:error:unauthorized".into(),
            detail: (*detail).into(),
            ..Problem::default()
        }),
        hops: vec![],
        may_pass: None,
        differs: false,
    };
    let logged = Logged {
        lineage: "example.com".into(),
        at: days(day),
        place: "/var/log/letsencrypt/letsencrypt.log:57".into(),
        error: error.into(),
        exception: Some("certbot.errors.PluginError".into()),
        raised_in: None,
        waited: None,
        attempts: said.iter().map(attempt).collect(),
    };
    HostFacts { logged: Ok(vec![logged]), ..host() }
}
