//! Compose files in the usual places, and whether their certbot renews again and again.

use std::path::{Path, PathBuf};

use super::client::mentions_certbot;
use super::compose::{Service, services};
use super::{Look, pause};
use crate::facts::{Client, Ineffective, Missing, Role, Task, Trigger, TriggerKind, Why};
use crate::gather::fs::{Root, show};
use crate::gather::secrets::mask_command;

/// How many folders are looked into.
const MAX_FOLDERS: usize = 4_000;
const MAX_COMPOSE: u64 = 1 << 20;
/// <https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file>
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/// What makes one run into many, besides a restart.
const LOOPS: [&str; 5] = ["sleep", "while", "until", "cron", ".schedule"];
/// Services that start others' commands.
const SCHEDULERS: [&str; 6] = ["cron", "ofelia", "chadburn", "deck-chores", "jobber", "scheduler"];
/// Images that bring certbot and a schedule of their own.
const SCHEDULED: [&str; 8] = [
    "nginx-certbot",
    "linuxserver/swag",
    "linuxserver/letsencrypt",
    "dnsrobocert",
    "nginx-le",
    "nginx-proxy-manager",
    "bunkerweb",
    "certbot-cron",
];
/// Why a container that runs once is no schedule.
const ONCE: &str = "the container renews once, when somebody starts it";

/// The compose files that renew, or are meant to, and those that could not be read.
pub(super) fn loops(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    for folder in folders(look.root) {
        for name in NAMES {
            let path = folder.join(name);
            match look.root.read_text(&path, MAX_COMPOSE, Role::Schedule) {
                Ok(text) => found.extend(compose(&path, &text)),
                Err(missing) if missing.why == Why::Denied => unread.push(missing),
                Err(_) => {}
            }
        }
    }
    (found, unread)
}

fn folders(root: &Root) -> Vec<PathBuf> {
    let below = |dir: &Path| -> Vec<PathBuf> {
        let names = root.list_or_empty(dir).into_iter().take(MAX_FOLDERS);
        names.map(|name| dir.join(name)).filter(|path| root.is_dir(path)).collect()
    };
    let mut all = ["/root", "/opt", "/srv"].map(PathBuf::from).to_vec();
    for dir in ["/opt", "/srv", "/root", "/etc/docker/compose", "/var/www", "/docker"] {
        all.extend(below(Path::new(dir)));
    }
    for home in below(Path::new("/home")) {
        if all.len() >= MAX_FOLDERS {
            break;
        }
        all.push(home.clone());
        all.extend(below(&home));
    }
    all.truncate(MAX_FOLDERS);
    all
}

/// The best trigger of a file.
fn compose(path: &Path, text: &str) -> Option<Trigger> {
    let services = services(text);
    let scheduler = services.iter().any(|service| is_scheduler(service));
    let all = services.iter().filter_map(|service| of_service(path, service, scheduler));
    all.min_by_key(|trigger| trigger.ineffective.is_some())
}

fn is_scheduler(service: &Service<'_>) -> bool {
    let image = service.value("image").unwrap_or_default();
    SCHEDULERS.iter().any(|word| service.name.contains(word) || image.contains(word))
}

fn of_service(path: &Path, service: &Service<'_>, scheduler: bool) -> Option<Trigger> {
    let image = service.value("image").unwrap_or_default();
    let image = image.trim_matches(['"', '\'']);
    let scheduled = SCHEDULED.iter().any(|name| image.contains(name));
    if !scheduled && !mentions_certbot(service.name) && !service.mentions(&["certbot"]) {
        return None;
    }
    let renews = service.lines.iter().find(|(_, line)| is_renewal(line));
    let restart = service.value("restart").unwrap_or_default();
    let restarts = ["always", "unless-stopped"].contains(&restart.trim_matches(['"', '\'']));
    let again = restarts || service.mentions(&LOOPS);
    let line = |key: &str| service.lines.iter().find(|(_, line)| line.starts_with(key));
    match (renews, line("image:")) {
        (Some((number, line)), _) if again => {
            // All of the loop is the service's own: another's, nginx's say, has a sleep of its own.
            let texts = service.lines.iter().map(|(_, line)| *line);
            Some(Trigger { when: pause::of(texts), ..trigger(path, *number, line, None) })
        }
        (_, Some((number, line))) if scheduled => Some(trigger(path, *number, line, None)),
        (renews, Some((number, line)))
            if runs_once(service, image) && !scheduler && !service.mentions(&LOOPS) =>
        {
            let (number, line) = renews.copied().unwrap_or((*number, *line));
            Some(trigger(path, number, line, Some(Ineffective::NotStarted(ONCE.into()))))
        }
        _ => None,
    }
}

/// certbot's own image, whose program is certbot, which ends after its work.
/// <https://eff-certbot.readthedocs.io/en/stable/install.html#running-with-docker>
fn runs_once(service: &Service<'_>, image: &str) -> bool {
    is_certbots(image)
        && service.value("entrypoint").is_none_or(|entry| entry.contains("certbot") && !entry.contains(".sh"))
        && service.value("command").is_none_or(|command| !command.contains(".sh"))
}

/// `certbot/certbot`, `docker.io/certbot/dns-cloudflare:latest`.
pub(super) fn is_certbots(image: &str) -> bool {
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    ["certbot/certbot", "certbot/dns-"].iter().any(|own| name.starts_with(own))
}

/// `renew` as a word of its own, and no dry run.
fn is_renewal(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./".contains(c));
    words.any(|word| word == "renew") && !line.contains("--dry-run")
}

/// A container's trigger.
pub(super) fn trigger(path: &Path, line: usize, command: &str, ineffective: Option<Ineffective>) -> Trigger {
    Trigger {
        kind: TriggerKind::Container,
        r#where: format!("{}:{line}", show(path)),
        unit: None,
        user: None,
        command: mask_command(command),
        ineffective,
        client: Client::default(),
        when: Err(super::untimed("the container's own schedule is not understood")),
        task: Task::default(),
        last_run: None,
        unit_state: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Rule, When};

    fn of(text: &str) -> Option<(Option<Ineffective>, Option<Vec<Rule>>)> {
        let trigger = compose(Path::new("/srv/x/compose.yaml"), text)?;
        Some((trigger.ineffective, trigger.when.ok().map(|when: When| when.rules)))
    }

    fn service(lines: &[&str]) -> String {
        let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
        format!(
            "services:\n  web:\n    image: nginx\n    command: sh -c 'while :; do sleep 6h; nginx -s reload; done'\n  certbot:\n{lines}"
        )
    }

    #[test]
    fn a_loop_renews_at_its_own_pause() {
        let entry = "entrypoint: \"/bin/sh -c 'while :; do certbot renew; sleep 12h & wait $${!}; done;'\"";
        let text = service(&["image: certbot/certbot", entry]);
        assert_eq!(of(&text), Some((None, Some(vec![Rule::Every(43_200)]))));
        let lines = [
            "image: certbot/certbot",
            "entrypoint:",
            "  - sh",
            "  - -c",
            "  - |",
            "    while :; do",
            "      certbot renew",
            "      echo done",
            "      date",
            "      ls",
            "      sleep 1d",
            "    done",
        ];
        assert_eq!(of(&service(&lines)), Some((None, Some(vec![Rule::Every(86_400)]))));
        assert_eq!(
            of(&service(&["image: certbot/certbot", "restart: always", "command: renew"])),
            Some((None, None))
        );
    }

    #[test]
    fn certbots_image_alone_renews_once() {
        let once = Some((Some(Ineffective::NotStarted(ONCE.into())), None));
        for lines in [
            &["image: certbot/certbot", "command: renew"][..],
            &["image: certbot/certbot:latest", "command: certonly --webroot -w /x -d a.example"],
            &["image: docker.io/certbot/dns-cloudflare", "restart: \"no\"", "command: [\"renew\", \"-q\"]"],
            &["image: certbot/certbot", "volumes:", "  - ./conf:/etc/letsencrypt"],
        ] {
            assert_eq!(of(&service(lines)), once, "{lines:?}");
        }
    }

    #[test]
    fn what_may_be_started_by_something_is_not_told_to_run_once() {
        for lines in [
            &["image: certbot/certbot", "entrypoint: /renew.sh"][..],
            &["build: ./certbot", "command: certbot renew"],
            &["image: example/certbot-thing", "command: renew"],
        ] {
            assert_eq!(of(&service(lines)), None, "{lines:?}");
        }
        let cron = "  cron:\n    image: alpine\n    command: crond -f\n";
        assert_eq!(of(&(service(&["image: certbot/certbot", "command: renew"]) + cron)), None);
        let labels = [
            "image: certbot/certbot",
            "labels:",
            "  ofelia.job-run.c.schedule: '@daily'",
            "  ofelia.job-run.c.command: renew",
        ];
        assert_eq!(of(&service(&labels)), Some((None, None)));
        let manager = service(&["image: jc21/nginx-proxy-manager:latest", "restart: unless-stopped"]);
        assert_eq!(of(&manager), Some((None, None)));
    }
}
