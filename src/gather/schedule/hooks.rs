//! The programs of hooks that stand on command lines and in cli.ini: certbot looks for those before it does anything.

use std::path::Path;

use super::gone;
use super::path::{is_whole, not_on_path};
use super::shell::commands;
use crate::facts::{Fact, HookProgram, IniFile, Trigger};
use crate::gather::fs::Root;

/// certbot's long options for hooks. <https://eff-certbot.readthedocs.io/en/stable/using.html#certbot-command-line-options>
const OPTIONS: [&str; 4] = ["--pre-hook", "--post-hook", "--deploy-hook", "--renew-hook"];
/// Where certbot searches: its own PATH, to which it adds what cron's lacks, and the snaps.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";
/// Words that a shell has built in.
const BUILT_IN: [&str; 12] =
    ["true", "false", ":", "test", "[", "echo", "printf", "cd", "exec", "export", "if", "for"];

/// The programs that are surely missing.
pub fn hook_programs(
    root: &Root,
    cli_ini: &[Fact<IniFile>],
    triggers: &Fact<Vec<Trigger>>,
) -> Vec<HookProgram> {
    let of_triggers = triggers.iter().flatten().filter(|trigger| trigger.effective()).flat_map(|trigger| {
        let words: Vec<Vec<String>> = commands(&trigger.command);
        let hooks: Vec<(String, String)> = words.iter().flat_map(|words| hooks(words)).collect();
        hooks.into_iter().map(|(option, command)| (trigger.r#where.clone(), option, command))
    });
    let of_files = cli_ini.iter().flatten().flat_map(|file| {
        file.settings.iter().filter_map(|setting| {
            let option = format!("--{}", setting.key.replace('_', "-"));
            OPTIONS
                .contains(&option.as_str())
                .then(|| (format!("{}:{}", file.path, setting.line), option, setting.items().join(",")))
        })
    });
    let missing = |(place, option, command): (String, String, String)| {
        let program = commands(&command).first()?.iter().find(|word| !word.contains('='))?.clone();
        missing(root, &program).then_some(HookProgram { r#where: place, option, program })
    };
    of_triggers.chain(of_files).filter_map(missing).collect()
}

/// Options and commands among the words of a call.
pub(in crate::gather) fn hooks(words: &[String]) -> Vec<(String, String)> {
    let hook = |(i, word): (usize, &String)| {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), words.get(i + 1).cloned()),
        };
        OPTIONS.contains(&option).then_some((option.to_owned(), value?))
    };
    words.iter().enumerate().filter_map(hook).collect()
}

fn missing(root: &Root, program: &str) -> bool {
    if program.contains(['$', '*', '~']) || BUILT_IN.contains(&program) {
        return false;
    }
    if program.starts_with('/') {
        return gone(root, Path::new(program));
    }
    // A tree without the system's own shell holds too little of it.
    is_whole(root) && not_on_path(root, program, PATH).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_found_behind_their_options() {
        let words =
            commands("certbot renew --deploy-hook 'systemctl reload nginx' --post-hook=/x/y.sh -q").concat();
        let wanted = [("--deploy-hook", "systemctl reload nginx"), ("--post-hook", "/x/y.sh")];
        assert_eq!(hooks(&words), wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_program_is_missing_only_where_its_folder_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        std::fs::create_dir_all(at("usr/bin")).unwrap();
        std::fs::create_dir_all(at("bin")).unwrap();
        for program in ["usr/bin/systemctl", "bin/sh"] {
            std::fs::write(at(program), "").unwrap();
        }
        let root = Root::below(dir.path()).unwrap();
        assert!(missing(&root, "nginx-reload") && missing(&root, "/usr/bin/reload"));
        for fine in ["systemctl", "true", "/opt/x/reload", "$HOOK"] {
            assert!(!missing(&root, fine), "{fine}");
        }
    }
}
