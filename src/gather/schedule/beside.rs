//! What may reload a service beside certbot's own hooks: the service unit's other commands, RHEL's sysconfig file, path
//! units, cron and logrotate. Texts are taken as they stand; judging them is the checks' work.

use std::path::{Path, PathBuf};

use super::client::mentions_certbot;
use crate::facts::{Beside, BesideKind, Fact, Missing, Role, Why};
use crate::gather::fs::{Root, show};
use crate::gather::secrets::mask_command;

const MAX_TEXT: u64 = 1 << 20;
/// How many files of one folder are looked at.
const MAX_FILES: usize = 2_000;
/// Packages read the arguments of their renewal service here.
/// <https://src.fedoraproject.org/rpms/certbot>
const SYSCONFIG: [&str; 2] = ["/etc/sysconfig/certbot", "/etc/conf.d/certbot"];
const UNITS: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
/// Lines that start something else than the renewal itself.
const AROUND: [&str; 5] = ["ExecStartPre=", "ExecStartPost=", "ExecStopPost=", "OnSuccess=", "ExecStart="];
const ROUTINE: [&str; 9] = [
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/var/spool/cron/crontabs",
    "/var/spool/cron",
    "/etc/crontabs",
    "/etc/logrotate.d",
];
/// Words of commands that make a service read its certificate again.
const RELOADS: [&str; 7] = ["reload", "restart", "graceful", "HUP", "reboot", "shutdown", "-s stop"];

/// Every command that may reload a service and is none of certbot's hooks.
///
/// # Errors
/// A place exists and could not be read.
pub fn beside(root: &Root) -> Fact<Vec<Beside>> {
    let mut found = Vec::new();
    for path in SYSCONFIG {
        for (line, text) in lines(root, Path::new(path))? {
            let value = text.split_once('=').map_or("", |(_, value)| value);
            if !value.trim_matches(['"', '\'', ' ']).is_empty() {
                found.push(entry(path, line, &text, BesideKind::Arguments));
            }
        }
    }
    for path in units(root)? {
        let text = lines(root, &path)?;
        let watches = path.extension().is_some_and(|e| e == "path");
        let of_certbot = |line: &str| mentions_certbot(line);
        let starts = |line: &str| line.starts_with("Exec") && of_certbot(line) && line.contains("renew");
        let watched = |line: &str| watches && line.starts_with("Path") && of_certbot(line);
        if !of_certbot(&show(&path)) && !text.iter().any(|(_, line)| starts(line) || watched(line)) {
            continue;
        }
        for (line, text) in &text {
            let around = AROUND.iter().any(|key| text.starts_with(key)) && !of_certbot(text);
            if around || watched(text) {
                found.push(entry(&show(&path), *line, text, BesideKind::Renewal));
            }
        }
    }
    let tables = ROUTINE.iter().map(|folder| files(root, Path::new(folder)));
    let mut tables = tables.collect::<Fact<Vec<_>>>()?.concat();
    tables.push("/etc/crontab".into());
    for path in tables {
        for (line, text) in lines(root, &path)? {
            if RELOADS.iter().any(|word| text.contains(word)) {
                found.push(entry(&show(&path), line, &text, BesideKind::Routine));
            }
        }
    }
    Ok(found)
}

fn entry(place: &str, line: usize, command: &str, runs: BesideKind) -> Beside {
    Beside { r#where: format!("{place}:{line}"), command: mask_command(command), runs }
}

/// Services, their drop-ins and path units; those of packages only where they are certbot's by name.
fn units(root: &Root) -> Fact<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in UNITS {
        let of_package = folder != "/etc/systemd/system";
        for path in files(root, Path::new(folder))? {
            let name = show(&path);
            let drop_ins = name.ends_with(".service.d");
            if of_package && !mentions_certbot(&name) {
                continue;
            }
            if drop_ins {
                found.extend(files(root, &path)?.into_iter().filter(|p| show(p).ends_with(".conf")));
            } else if name.ends_with(".service") || name.ends_with(".path") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn files(root: &Root, folder: &Path) -> Fact<Vec<PathBuf>> {
    let names = root.list(folder, Role::Other)?.unwrap_or_default();
    Ok(names.into_iter().take(MAX_FILES).map(|name| folder.join(name)).collect())
}

/// The lines that are no comments, numbered from 1; nothing where there is no such file.
fn lines(root: &Root, path: &Path) -> Fact<Vec<(usize, String)>> {
    let text = match root.read_text(path, MAX_TEXT, Role::Other) {
        Ok(text) => text,
        Err(missing @ Missing { why: Why::Denied, .. }) => return Err(missing),
        Err(_) => return Ok(Vec::new()),
    };
    let lines = (1..).zip(text.lines().map(str::trim));
    let kept = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']));
    Ok(kept.map(|(n, line)| (n, line.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Beside> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        beside(&Root::below(dir.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_drop_in_of_certbots_service_is_found() {
        let drop_in = "[Service]\nExecStartPost=/bin/systemctl reload nginx\n";
        let found = found(&[("etc/systemd/system/certbot.service.d/reload.conf", drop_in)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].runs, BesideKind::Renewal);
        assert_eq!(found[0].r#where, "/etc/systemd/system/certbot.service.d/reload.conf:2");
    }

    #[test]
    fn the_empty_lines_of_sysconfig_are_nothing_and_a_hook_there_is_found() {
        let found = found(&[(
            "etc/sysconfig/certbot",
            "# x\nPRE_HOOK=\"\"\nPOST_HOOK=\"--post-hook 'systemctl reload nginx'\"\n",
        )]);
        assert_eq!(found.len(), 1);
        assert!(found[0].command.contains("--post-hook"));
    }

    #[test]
    fn a_nightly_reload_is_found_and_the_renewal_itself_is_not() {
        let found = found(&[
            ("etc/cron.d/nginx", "0 4 * * * root systemctl reload nginx\n"),
            ("usr/lib/systemd/system/certbot.service", "[Service]\nExecStart=/usr/bin/certbot -q renew\n"),
            (
                "etc/systemd/system/znc.service",
                "[Service]\nExecStartPre=/bin/cat /etc/letsencrypt/x\nExecStart=/usr/bin/znc\n",
            ),
            ("usr/lib/systemd/system/nginx.service", "[Service]\nExecReload=/usr/sbin/nginx -s reload\n"),
        ]);
        assert_eq!(found.iter().map(|b| b.runs).collect::<Vec<_>>(), [BesideKind::Routine]);
    }
}
