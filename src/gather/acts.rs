//! What the commands before a challenge do to services, by a plain reading of their text and of the scripts they call.

use std::path::Path;

use super::fs::Root;
use super::schedule::hooks::hooks;
use super::schedule::shell::{Words, commands};
use super::secrets::mask_command;
use crate::facts::{
    Acts, Before, BeforeKind, Beside, BesideKind, Conf, Fact, HookFile, HookStage, IniFile, Role, Trigger,
};

/// How much of a script is read, in bytes.
const MAX_SCRIPT: u64 = 256 << 10;
/// How deep scripts may call scripts.
const MAX_DEPTH: usize = 3;

/// Words before a command that change nothing about it.
const BEFORE: &[&str] = &[
    "env", "exec", "if", "then", "else", "elif", "do", "!", "{", "time", "nice", "ionice", "nohup",
    "command", "while", "until", "-n", "-E", "-", "@", "+",
];
/// Programs that run the program among their words, and some of those.
const WRAPPERS: &[&str] =
    &["timeout", "flock", "chronic", "setsid", "stdbuf", "systemd-run", "systemd-cat", "sudo"];
const WRAPPED: &[&str] = &[
    "systemctl",
    "service",
    "rc-service",
    "invoke-rc.d",
    "nginx",
    "apachectl",
    "apache2ctl",
    "docker",
    "podman",
    "sh",
];
/// Programs and words of the shell that start and stop nothing.
const PLAIN: &[&str] = &[
    "echo",
    "printf",
    "logger",
    "true",
    "false",
    ":",
    "test",
    "[",
    "[[",
    "sleep",
    "date",
    "touch",
    "mkdir",
    "cd",
    "exit",
    "return",
    "set",
    "export",
    "umask",
    "mail",
    "mailx",
    "sendmail",
    "curl",
    "wget",
    "ufw",
    "iptables",
    "ip6tables",
    "nft",
    "firewall-cmd",
    "cat",
    "rm",
    "cp",
    "mv",
    "chmod",
    "chown",
    "ln",
    "ls",
    "grep",
    "sed",
    "awk",
    "tee",
    "cut",
    "tr",
    "head",
    "tail",
    "find",
    "stat",
    "id",
    "hostname",
    "basename",
    "dirname",
    "fi",
    "done",
    "esac",
    "}",
    "local",
    "readonly",
    "trap",
    "shift",
    "wait",
    "unset",
];

/// What runs before the challenges of every lineage: what a trigger does first, hook files, and hooks that are options.
pub fn before(
    root: &Root,
    cli_ini: &[Fact<IniFile>],
    triggers: &Fact<Vec<Trigger>>,
    files: &Fact<Vec<HookFile>>,
    beside: &Fact<Vec<Beside>>,
) -> Vec<Before> {
    let mut found = Vec::new();
    let mut add = |place: &str, command: &str, by: BeforeKind, acts: Acts| {
        let (r#where, command) = (place.to_owned(), mask_command(command));
        found.push(Before { r#where, command, by, acts });
    };
    for trigger in triggers.iter().flatten().filter(|trigger| trigger.effective()) {
        let mut reading = Reading::new(root, true);
        reading.text(&trigger.command, 0);
        // A script of cron.daily is shown by the line that renews, and others stand before that.
        if let Some(script) = script(root, Path::new(trigger.r#where.split(':').next().unwrap_or_default())) {
            reading = Reading::new(root, true);
            reading.text(&script, 1);
        }
        if reading.acts != Acts::default() {
            add(&trigger.r#where, &trigger.command, BeforeKind::Trigger, reading.acts);
        }
        for (_, hook) in commands(&trigger.command).iter().flat_map(|words| hooks(words)).filter(is_pre) {
            add(&trigger.r#where, &hook, BeforeKind::Option, of(root, &hook));
        }
    }
    for line in beside.iter().flatten() {
        let (key, command) = line.command.split_once('=').unwrap_or_default();
        match line.runs {
            BesideKind::Renewal if key == "ExecStartPre" => {
                add(&line.r#where, command, BeforeKind::Trigger, of(root, command));
            }
            BesideKind::Arguments => {
                let command = command.trim_matches('"');
                for (_, hook) in commands(command).iter().flat_map(|words| hooks(words)).filter(is_pre) {
                    add(&line.r#where, &hook, BeforeKind::Option, of(root, &hook));
                }
            }
            _ => {}
        }
    }
    for file in files.iter().flatten().filter(|file| file.runs && file.stage == HookStage::Pre) {
        add(&file.path, &file.path, BeforeKind::Folder, of(root, &file.path));
    }
    for file in cli_ini.iter().flatten() {
        for setting in file.settings.iter().filter(|setting| setting.key.replace('_', "-") == "pre-hook") {
            let command = setting.items().join(",");
            let place = format!("{}:{}", file.path, setting.line);
            add(&place, &command, BeforeKind::Option, of(root, &command));
        }
    }
    found
}

fn is_pre((option, _): &(String, String)) -> bool {
    option == "--pre-hook"
}

/// What the `pre_hook` of a conf does; `None` without one.
pub fn of_conf(root: &Root, conf: &Conf) -> Option<Acts> {
    conf.param("pre_hook").map(|hook| of(root, &hook.items().join(", ")))
}

/// The services that a command has the system's own manager start, or start anew, as far as that can be read.
pub fn starts(root: &Root, command: &str) -> Vec<String> {
    read(root, command).services
}

fn of(root: &Root, command: &str) -> Acts {
    read(root, command).acts
}

fn read<'a>(root: &'a Root, command: &str) -> Reading<'a> {
    let mut reading = Reading::new(root, false);
    reading.text(command, 0);
    reading
}

/// The text of a script for a shell; `None` for any other file.
fn script(root: &Root, path: &Path) -> Option<String> {
    let text = root.read_text(path, MAX_SCRIPT, Role::Other).ok()?;
    let head = text.lines().next().filter(|head| head.starts_with("#!"))?;
    head.contains("sh").then_some(text)
}

struct Reading<'a> {
    root: &'a Root,
    acts: Acts,
    /// Services that are started.
    services: Vec<String>,
    /// What comes after certbot was called does not count.
    until_certbot: bool,
    called: bool,
}

impl<'a> Reading<'a> {
    fn new(root: &'a Root, until_certbot: bool) -> Self {
        Self { root, acts: Acts::default(), services: Vec::new(), until_certbot, called: false }
    }

    fn text(&mut self, text: &str, depth: usize) {
        for words in commands(text) {
            if self.called {
                return;
            }
            self.command(&plain(words), depth);
        }
    }

    fn command(&mut self, words: &[String], depth: usize) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let [program, rest @ ..] = words.as_slice() else { return };
        let name = program.rsplit('/').next().unwrap_or(program);
        if name.starts_with("certbot") || name.starts_with("letsencrypt") || name == "acme-audit" {
            self.called = self.until_certbot;
            return;
        }
        // `timeout 10m certbot renew`, `flock -n /run/x certbot renew`, `perl -e 'sleep …'`.
        if self.until_certbot && rest.iter().any(|word| word.rsplit('/').next() == Some("certbot")) {
            self.called = true;
            return;
        }
        if PLAIN.contains(&name) || name == "perl" && rest.iter().any(|word| word.contains("sleep")) {
            return;
        }
        if WRAPPERS.contains(&name) {
            let inner = words
                .iter()
                .skip(1)
                .position(|word| WRAPPED.contains(&word.rsplit('/').next().unwrap_or(word)));
            return match inner.and_then(|at| rest.get(at..)) {
                Some(inner) => {
                    self.command(&inner.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), depth)
                }
                None => self.acts.run(name),
            };
        }
        let verb = |at: usize| rest.iter().filter(|word| !word.starts_with('-')).nth(at).copied();
        let after = |at: usize| rest.iter().filter(|word| !word.starts_with('-')).skip(at).copied();
        match name {
            "systemctl" | "rc-systemctl" => self.services(verb(0).unwrap_or_default(), after(1)),
            "service" | "rc-service" | "invoke-rc.d" if !program.contains("init.d") => {
                self.services(verb(1).unwrap_or_default(), verb(0).into_iter());
            }
            _ if program.contains("/init.d/") || program.contains("/rc.d/") => {
                self.services(verb(0).unwrap_or_default(), std::iter::once(name));
            }
            "initctl" | "sv" | "supervisorctl" | "monit" | "snap" | "gitlab-ctl" => {
                self.all(verb(0).unwrap_or_default(), after(1));
            }
            "nginx" | "openresty" | "angie" => match rest {
                ["-s", "stop" | "quit", ..] => self.acts.stop(name),
                ["-t" | "-T" | "-v" | "-V" | "-s", ..] => {}
                _ => self.acts.start(name),
            },
            "apachectl" | "apache2ctl" | "httpd" | "apache2" => {
                let verb = rest.iter().copied().find(|word| !word.starts_with('-')).unwrap_or("start");
                match verb {
                    "stop" | "graceful-stop" => self.acts.stop("apache2"),
                    "start" | "restart" | "graceful" => self.acts.start("apache2"),
                    _ => {}
                }
            }
            "killall" | "pkill" => after(0).for_each(|name| self.acts.stop(name)),
            "docker" | "podman" | "docker-compose" | "nerdctl" => {
                let done = rest.iter().copied().find_map(|word| match word {
                    "stop" | "down" | "kill" | "pause" | "rm" => Some("stop"),
                    "start" | "up" | "restart" | "run" | "unpause" => Some("start"),
                    _ => None,
                });
                match done {
                    Some("stop") => self.acts.stop("docker"),
                    Some(_) => self.acts.start("docker"),
                    None => {}
                }
            }
            "sh" | "bash" | "dash" | "ash" | "ksh" => match rest {
                [flags, text, ..] if flags.starts_with('-') && flags.ends_with('c') && depth < MAX_DEPTH => {
                    self.text(text, depth + 1);
                }
                _ => match after(0).next() {
                    Some(path) => self.script(path, depth),
                    None => self.acts.run(name),
                },
            },
            "." | "source" => match after(0).next() {
                Some(path) => self.script(path, depth),
                None => self.acts.run(name),
            },
            _ => self.script(program, depth),
        }
    }

    /// One verb of the system's own manager for some services.
    fn services<'n>(&mut self, verb: &str, names: impl Iterator<Item = &'n str> + Clone) {
        if matches!(verb, "start" | "restart" | "try-restart") {
            self.services.extend(names.clone().map(|name| name.trim_end_matches(".service").to_owned()));
        }
        self.all(verb, names);
    }

    /// One verb for some names.
    fn all<'n>(&mut self, verb: &str, names: impl Iterator<Item = &'n str>) {
        for name in names {
            match verb {
                _ if name.contains(['$', '*']) => self.acts.run(name),
                "stop" | "kill" | "down" | "force-stop" | "mask" | "disable" => self.acts.stop(name),
                "start" | "restart" | "up" | "try-restart" | "reload-or-restart" | "force-restart" => {
                    self.acts.start(name);
                }
                _ => {}
            }
        }
    }

    fn script(&mut self, path: &str, depth: usize) {
        let text = (path.starts_with('/') && depth < MAX_DEPTH).then(|| script(self.root, Path::new(path)));
        match text.flatten() {
            Some(text) => self.text(&text, depth + 1),
            None => self.acts.run(path.rsplit('/').next().unwrap_or(path)),
        }
    }
}

/// The words of a command without redirections, assignments and what changes nothing about it.
fn plain(words: Words) -> Words {
    let redirects = |word: &str| word.starts_with(['<', '>']) || word.starts_with("&>");
    let mut kept: Words = Vec::new();
    for word in words {
        if redirects(&word) {
            if kept.last().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit())) {
                kept.pop();
            }
            continue;
        }
        kept.push(word);
    }
    let is_assignment = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let first = kept.iter().position(|word| !is_assignment(word) && !BEFORE.contains(&word.as_str()));
    kept.split_off(first.unwrap_or(kept.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(command: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("opt")).unwrap();
        std::fs::write(
            dir.path().join("opt/free"),
            "#!/bin/bash\nset -e\nif true; then\n  service nginx stop\nfi\n",
        )
        .unwrap();
        std::fs::write(dir.path().join("opt/free.py"), "#!/usr/bin/python3\n").unwrap();
        shown(of(&Root::below(dir.path()).unwrap(), command))
    }

    fn shown(acts: Acts) -> String {
        format!("-{} +{} ?{}", acts.stops.join(","), acts.starts.join(","), acts.unread.join(","))
    }

    #[test]
    fn every_common_way_to_stop_a_server_is_known() {
        for (command, want) in [
            ("systemctl stop nginx", "-nginx + ?"),
            ("/bin/systemctl --quiet stop nginx.service haproxy 2>&1", "-nginx.service,haproxy + ?"),
            ("systemctl is-active nginx && sudo systemctl stop nginx >/dev/null 2>&1 || true", "-nginx + ?"),
            ("service apache2 stop", "-apache2 + ?"),
            ("/etc/init.d/lighttpd stop", "-lighttpd + ?"),
            ("rc-service nginx stop", "-nginx + ?"),
            ("nginx -s quit", "-nginx + ?"),
            ("apachectl -k graceful-stop", "-apache2 + ?"),
            ("timeout 30 systemctl stop nginx", "-nginx + ?"),
            ("sudo -u root /usr/sbin/service nginx stop", "-nginx + ?"),
            ("killall haproxy", "-haproxy + ?"),
            ("docker compose -f /srv/c.yml down", "-docker + ?"),
            ("docker stop web", "-docker + ?"),
            ("sh -c 'service nginx stop'", "-nginx + ?"),
            ("/opt/free", "-nginx + ?"),
            ("bash /opt/free", "-nginx + ?"),
            ("systemctl restart nginx", "- +nginx ?"),
            ("systemctl stop nginx; systemctl start nginx", "- +nginx ?"),
            ("systemctl reload nginx", "- + ?"),
            ("nginx -t", "- + ?"),
            ("ufw allow 80/tcp", "- + ?"),
            ("/opt/free.py --now", "- + ?free.py"),
            ("systemctl stop $WEB", "- + ?$WEB"),
            ("/opt/absent", "- + ?absent"),
        ] {
            assert_eq!(acts(command), want, "{command}");
        }
    }

    #[test]
    fn services_are_started_by_the_systems_own_manager_alone() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::below(dir.path()).unwrap();
        let of = |command: &str| starts(&root, command).join(" ");
        assert_eq!(
            of("systemctl restart nginx.service postfix && systemctl reload haproxy"),
            "nginx postfix"
        );
        assert_eq!(of("service dovecot restart; /etc/init.d/exim4 restart"), "dovecot exim4");
        assert_eq!(
            of("systemctl reload-or-restart nginx; apachectl graceful; docker restart web; nginx -t"),
            ""
        );
    }

    #[test]
    fn what_a_trigger_does_counts_until_it_calls_certbot() {
        let root = Root::below(tempfile::tempdir().unwrap().path()).unwrap();
        for (command, want) in [
            ("systemctl stop nginx && certbot renew -q; systemctl start nginx", "-nginx + ?"),
            (
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(9))' && certbot -q renew",
                "- + ?",
            ),
            ("timeout 1h /usr/bin/certbot renew && systemctl stop nginx", "- + ?"),
        ] {
            let mut reading = Reading::new(&root, true);
            reading.text(command, 0);
            assert_eq!(shown(reading.acts), want, "{command}");
        }
    }
}
