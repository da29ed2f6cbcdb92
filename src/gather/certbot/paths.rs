//! What stands at the paths and programs that a conf names, and who could read its key.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::FileType;

use crate::facts::{Conf, Exposure, LinkState, LiveLink, Missing, PathState, Role, Why};
use crate::gather::fs::{Root, show};

/// Where a hook's program is looked for: certbot's own additions to PATH included.
const PATH: [&str; 7] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/snap/bin"];

/// Keys of shell commands.
const HOOKS: [&str; 6] =
    ["pre_hook", "post_hook", "renew_hook", "deploy_hook", "manual_auth_hook", "manual_cleanup_hook"];

/// Where the programs of hooks were found: thousands of lineages name the same few.
#[derive(Debug, Default)]
pub struct Programs(Mutex<HashMap<String, PathState>>);

impl Programs {
    fn state(&self, root: &Root, word: &str) -> PathState {
        // A poisoned cache is still a cache.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = known.get(word) {
            return state.clone();
        }
        let state = state(root, word);
        known.insert(word.to_owned(), state.clone());
        state
    }
}

/// The state of every path in the conf's values outside the four live paths, and of each hook's first word.
pub fn paths(root: &Root, programs: &Programs, conf: &Conf) -> BTreeMap<String, PathState> {
    let mut states = BTreeMap::new();
    for setting in conf.settings.iter().filter(|s| !s.section.is_empty()) {
        for item in setting.items() {
            let word =
                if HOOKS.contains(&setting.key.as_str()) { program(item) } else { Some(item.as_str()) };
            let Some(word) =
                word.filter(|word| word.starts_with('/') || HOOKS.contains(&setting.key.as_str()))
            else {
                continue;
            };
            if !states.contains_key(word) {
                let is_program = !word.starts_with('/');
                let state = if is_program { programs.state(root, word) } else { of(root, Path::new(word)) };
                states.insert(word.to_owned(), state);
            }
        }
    }
    states
}

/// The program that a shell command runs first, where it can be told without a shell: assignments are passed over,
/// and a word with quotes, variables, substitutions or a shell's own command gives nothing.
pub fn program(command: &str) -> Option<&str> {
    let is_assignment = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let word = command.split_whitespace().find(|word| !is_assignment(word))?;
    let word = word.trim_end_matches(';');
    const SHELL: [&str; 28] = [
        "if", "for", "while", "until", "case", "{", "(", "!", "cd", "test", "[", "[[", "echo", "exit", "set",
        "export", ".", "source", "eval", "exec", "true", "false", ":", "umask", "trap", "read", "command",
        "printf",
    ];
    if SHELL.contains(&word)
        || word.contains(['"', '\'', '$', '`', '(', ')', '<', '>', '|', '&', '*', '?', '~', '\\'])
    {
        return None;
    }
    Some(word)
}

fn state(root: &Root, word: &str) -> PathState {
    if word.contains('/') {
        // Relative to the folder that certbot happens to run in.
        return PathState::Unknown(Missing::new(
            word,
            Why::Unclear("is a relative path".into()),
            Role::Other,
        ));
    }
    let found = PATH
        .iter()
        .map(|folder| of(root, &Path::new(folder).join(word)))
        .find(|s| matches!(s, PathState::File { .. }));
    match found {
        Some(found) => found,
        // A tree without even a shell does not hold the host's programs.
        None if !["/bin/sh", "/usr/bin/sh"].iter().any(|shell| root.exists(Path::new(shell))) => {
            let why = Why::Unclear("the host's programs are not in this tree".into());
            PathState::Unknown(Missing::new(word, why, Role::Other))
        }
        None => PathState::Absent(word.to_owned()),
    }
}

fn of(root: &Root, path: &Path) -> PathState {
    match root.stat(path) {
        Ok(meta) if meta.kind == FileType::Directory => match shut_by(root, path) {
            Some(by) => PathState::Shut(show(by)),
            None => PathState::Folder,
        },
        Ok(meta) => {
            PathState::File { executable: meta.mode & 0o111 != 0, readable_by_all: meta.mode & 0o004 != 0 }
        }
        Err(Why::NotFound) => {
            let top = path.ancestors().take_while(|p| matches!(root.stat(p), Err(Why::NotFound))).last();
            PathState::Absent(show(top.unwrap_or(path)))
        }
        Err(why) => PathState::Unknown(Missing::new(show(path), why, Role::Other)),
    }
}

/// The first folder of a path that others than its owner and group may not search.
pub fn shut_by<'p>(root: &Root, path: &'p Path) -> Option<&'p Path> {
    let shut = |folder: &&Path| root.stat(folder).is_ok_and(|meta| meta.mode & 0o001 == 0);
    path.ancestors().filter(shut).last()
}

/// Whether a key that everybody may read can be reached by everybody.
pub fn exposure(root: &Root, key: &LiveLink) -> Option<Exposure> {
    let LinkState::Link { target, mode: Some(mode), .. } = &key.state else { return None };
    if mode & 0o004 == 0 {
        return None;
    }
    let real = root.real_path(Path::new(target)).unwrap_or_else(|| target.into());
    let shut =
        real.ancestors().skip(1).find(|folder| root.stat(folder).is_ok_and(|meta| meta.mode & 0o001 == 0));
    Some(shut.map_or(Exposure::Open, |folder| Exposure::ShutBy(show(folder))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_hook_is_told_where_it_can_be() {
        for (command, word) in [
            ("systemctl reload nginx", Some("systemctl")),
            ("/usr/local/bin/reload.sh --now", Some("/usr/local/bin/reload.sh")),
            ("A=1 B=2 nginx -s reload", Some("nginx")),
            ("\"/opt/my hook\"", None),
            ("$HOME/hook", None),
            ("if true; then x; fi", None),
            ("test -x /usr/sbin/nginx && nginx -s reload", None),
            ("", None),
        ] {
            assert_eq!(program(command), word, "{command}");
        }
    }
}
