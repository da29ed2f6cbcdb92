//! Containers that podman's generator makes into services at boot.
//! <https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html>

use std::path::{Path, PathBuf};

use super::client::{Found, container};
use super::container::{is_certbots, trigger};
use super::directives::{Directive, last, parse, values};
use super::{Look, files_in, pause, shell};
use crate::facts::{Ineffective, Role, Trigger};
use crate::gather::fs::show;

const FOLDERS: [&str; 3] =
    ["/etc/containers/systemd", "/run/containers/systemd", "/usr/share/containers/systemd"];
const MAX_FILE: u64 = 256 << 10;

/// What a container's description says.
pub(super) struct Quadlet {
    /// The file.
    pub path: PathBuf,
    /// Its lines.
    pub directives: Vec<Directive>,
    /// `podman run IMAGE …`.
    pub command: String,
}

impl Quadlet {
    fn read(look: &Look<'_>, path: PathBuf) -> Option<Self> {
        let text = look.root.read_text(&path, MAX_FILE, Role::Other).ok()?;
        let directives = parse(&text, &path);
        let image = last(&directives, "Container", "Image")?;
        let mut command = format!("podman run {image}");
        for word in values(&directives, "Container", "Entrypoint").iter().chain(&values(
            &directives,
            "Container",
            "Exec",
        )) {
            command.push(' ');
            command.push_str(word);
        }
        Some(Self { path, directives, command })
    }

    /// The description of a service.
    pub fn of(look: &Look<'_>, service: &str) -> Option<Self> {
        let stem = service.strip_suffix(".service")?;
        FOLDERS
            .iter()
            .find_map(|folder| Self::read(look, Path::new(folder).join(format!("{stem}.container"))))
    }

    /// Whether a run of it renews.
    pub fn found(&self) -> Option<Found> {
        let words = shell::commands(&self.command).concat();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        container(words.get(1..)?).map(Found::elsewhere)
    }

    fn trigger(&self, look: &Look<'_>) -> Option<Trigger> {
        let wanted = last(&self.directives, "Install", "WantedBy").is_some();
        let own = last(&self.directives, "Container", "Exec").into_iter().chain(last(
            &self.directives,
            "Container",
            "Entrypoint",
        ));
        if wanted && self.command.contains("sleep") && self.command.contains("renew") {
            return Some(Trigger {
                when: pause::times(look, &self.command),
                ..trigger(&self.path, 1, &self.command, None)
            });
        }
        let once = is_certbots(last(&self.directives, "Container", "Image")?)
            && own.into_iter().all(|text| !text.contains(".sh") && !text.contains("cron"))
            && last(&self.directives, "Service", "Restart").is_none_or(|word| word != "always");
        let why = || Ineffective::NotStarted("the container renews once, when somebody starts it".into());
        once.then(|| trigger(&self.path, 1, &self.command, Some(why())))
    }
}

/// Containers that renew in a loop, or that no timer of those found starts.
pub(super) fn containers(look: &Look<'_>, found: &[Trigger]) -> Vec<Trigger> {
    let files = files_in(look.root, &FOLDERS)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "container"));
    let started = |path: &Path| {
        let service = path.file_stem().map(|stem| format!("{}.service", stem.to_string_lossy()));
        found
            .iter()
            .filter_map(|trigger| trigger.unit_state.as_ref())
            .any(|state| Some(&state.service) == service.as_ref())
            || found.iter().any(|trigger| trigger.r#where == show(path))
    };
    let files: Vec<PathBuf> = files.filter(|path| !started(path)).collect();
    files.into_iter().filter_map(|path| Quadlet::read(look, path)?.trigger(look)).collect()
}
