//! Which of certbot's lineages a trigger's command is for: its folder and its names, as this host resolves them.

use std::path::Path;

use crate::facts::{Client, Fact, IniFile, Trigger, TriggerKind, said_in};
use crate::gather::certbot::name_of;
use crate::gather::fs::{Entry, Root, show};

/// What a command's words are resolved against.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The host.
    pub root: &'a Root,
    /// The configuration folder that is looked at.
    pub config: &'a Path,
    /// The `cli.ini` files: they speak for every command that does not.
    pub cli_ini: &'a [Fact<IniFile>],
    /// The lineages' files in `renewal/`.
    pub confs: &'a [Entry],
}

impl Scope<'_> {
    /// Resolves what the command of a trigger names.
    pub fn settle(&self, trigger: &mut Trigger) {
        // A container has folders of its own.
        if trigger.client == Client::Certbot && trigger.kind != TriggerKind::Container {
            let task = &mut trigger.task;
            task.config_dir = task.config_dir.take().or_else(|| self.ini("config-dir"));
        }
        trigger.task.config_dir = trigger.task.config_dir.take().and_then(|dir| self.folder(dir));
        self.names(trigger);
    }

    /// A folder by the name that the audit uses for it; `None` where only the shell knows it.
    fn folder(&self, dir: String) -> Option<String> {
        if !dir.starts_with('/') || dir.contains(['$', '`']) {
            return None;
        }
        let real = self.root.real_path(Path::new(&dir));
        let same = real.is_some() && real == self.root.real_path(self.config);
        Some(if same { show(self.config) } else { dir })
    }

    /// `certonly -d shop.example` is for the lineage of that name. A name that no lineage has may be of any, since one
    /// can be called otherwise.
    fn names(&self, trigger: &mut Trigger) {
        let task = &mut trigger.task;
        for name in &task.names {
            let name = name.trim_start_matches("*.");
            let before = task.only.len();
            task.only.extend(self.confs.iter().map(name_of).filter(|lineage| is_called_after(lineage, name)));
            if task.only.len() == before {
                task.only.clear();
                return;
            }
        }
    }

    /// A setting of the `cli.ini` files.
    pub fn ini(&self, option: &str) -> Option<String> {
        said_in(self.cli_ini, option)?.1.text().map(str::to_owned)
    }
}

/// `shop.example`, `shop.example-0001`.
fn is_called_after(lineage: &str, name: &str) -> bool {
    let number = |rest: &str| {
        rest.strip_prefix('-').is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    lineage.strip_prefix(name).is_some_and(|rest| rest.is_empty() || number(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::timer;
    use crate::facts::Task;
    use crate::gather::certbot::cli_ini;

    fn settled(task: Task, ini: &str) -> Task {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc")).unwrap();
        std::fs::create_dir_all(dir.path().join("srv/le")).unwrap();
        std::os::unix::fs::symlink("/srv/le", dir.path().join("etc/letsencrypt")).unwrap();
        std::fs::write(dir.path().join("srv/le/cli.ini"), ini).unwrap();
        let root = Root::below(dir.path()).unwrap();
        let cli_ini = cli_ini(&root);
        let conf = |name: &str| Entry { name: name.into(), regular: true };
        let confs = ["shop.example.conf", "shop.example-0001.conf", "blog.example.conf"].map(conf);
        let config = Path::new("/etc/letsencrypt");
        let mut trigger = Trigger { task, ..timer(None) };
        Scope { root: &root, config, cli_ini: &cli_ini, confs: &confs }.settle(&mut trigger);
        trigger.task
    }

    fn with_folder(dir: &str) -> Option<String> {
        settled(Task { config_dir: Some(dir.into()), ..Task::default() }, "").config_dir
    }

    #[test]
    fn a_folder_is_the_same_behind_a_link() {
        assert_eq!(with_folder("/srv/le").as_deref(), Some("/etc/letsencrypt"));
        assert_eq!(with_folder("/etc/letsencrypt/").as_deref(), Some("/etc/letsencrypt"));
        assert_eq!(with_folder("/srv/other").as_deref(), Some("/srv/other"));
        assert_eq!(with_folder("$DIR/le"), None);
    }

    #[test]
    fn cli_ini_speaks_for_a_command_that_names_no_folder() {
        let dir = |task| settled(task, "config-dir = /srv/other\n").config_dir;
        assert_eq!(dir(Task::default()).as_deref(), Some("/srv/other"));
        let own = Task { config_dir: Some("/srv/le".into()), ..Task::default() };
        assert_eq!(dir(own).as_deref(), Some("/etc/letsencrypt"));
    }

    #[test]
    fn a_list_of_names_is_the_lineage_that_is_called_after_it() {
        let only = |names: &[&str]| {
            settled(Task { names: names.iter().map(|&n| n.into()).collect(), ..Task::default() }, "").only
        };
        assert_eq!(only(&["shop.example"]), ["shop.example", "shop.example-0001"]);
        assert_eq!(only(&["*.blog.example"]), ["blog.example"]);
        assert!(only(&["blog.example", "elsewhere.example"]).is_empty());
    }
}
