//! `cli.ini`: options that certbot puts before its command line, whatever the verb.

use std::path::{Path, PathBuf};

use crate::facts::{Fact, IniFile, Role, Setting, SettingValue};
use crate::gather::fs::{Root, show};
use crate::gather::secrets::mask_value;

/// The largest `cli.ini` that is read, in bytes.
const MAX_INI: u64 = 256 * 1024;

/// The `cli.ini` files that certbot run by root reads: always that of `/etc/letsencrypt`, even with another
/// `--config-dir`, then root's own.
/// <https://eff-certbot.readthedocs.io/en/stable/using.html#configuration-file>
pub fn cli_ini(root: &Root) -> Vec<Fact<IniFile>> {
    places().iter().filter(|path| root.exists(path)).map(|path| read(root, path)).collect()
}

/// What the `cli.ini` files say of an option last, by its long name, secrets included: to be used, and never a fact.
pub fn unmasked(root: &Root, option: &str) -> Option<String> {
    let texts = places().into_iter().filter_map(|path| root.read_text(&path, MAX_INI, Role::Other).ok());
    let said = |text: String| {
        entries(&text).filter(|(_, key, _)| name(key) == option).last().map(|(.., value)| value.to_owned())
    };
    texts.rev().find_map(said)
}

fn places() -> [PathBuf; 2] {
    ["/etc/letsencrypt/cli.ini".into(), "/root/.config/letsencrypt/cli.ini".into()]
}

fn read(root: &Root, path: &Path) -> Fact<IniFile> {
    let text = root.read_text(path, MAX_INI, Role::Other)?;
    Ok(IniFile { path: show(path), settings: parse(&text) })
}

/// The long option's name.
fn name(key: &str) -> String {
    key.trim_start_matches('-').replace('_', "-")
}

fn parse(text: &str) -> Vec<Setting> {
    let setting = |(line, key, value): (u32, &str, &str)| Setting {
        section: String::new(),
        key: key.trim_start_matches('-').to_owned(),
        value: SettingValue::Text(mask_value(key, value)),
        line,
        unresolved: None,
    };
    entries(text).map(setting).collect()
}

/// ConfigArgParse's syntax: `key = value`, `key: value`, `key value` or a bare `key`; `#` and `;` begin comments,
/// `[section]` lines are passed over. Gives line, key and value.
/// <https://github.com/bw2/ConfigArgParse/blob/master/configargparse.py>
fn entries(text: &str) -> impl Iterator<Item = (u32, &str, &str)> {
    (1u32..).zip(text.lines()).filter_map(|(line, raw)| {
        let line_text = raw.trim();
        if line_text.is_empty() || line_text.starts_with(['#', ';', '[']) || line_text.starts_with("---") {
            return None;
        }
        let end =
            line_text.find(|c: char| c == '=' || c == ':' || c.is_whitespace()).unwrap_or(line_text.len());
        let (key, rest) = line_text.split_at(end);
        Some((line, key, if rest.trim().is_empty() { "true" } else { value(rest) }))
    })
}

/// What follows a key: one separator and the value, whose quotes are taken off where they are a pair around all of it.
fn value(rest: &str) -> &str {
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote
        && let Some(quoted) = rest.get(1..)
        && let Some((end, _)) =
            quoted.match_indices(quote).find(|(end, _)| quoted.get(end + 1..).is_some_and(is_over))
    {
        return quoted.get(..end).unwrap_or_default();
    }
    let ends = rest.char_indices().map(|(at, _)| at).skip(1);
    let end = ends.into_iter().find(|at| rest.get(*at..).is_some_and(is_over)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest)
}

/// Whether nothing but a comment is left of a line.
fn is_over(rest: &str) -> bool {
    let left = rest.trim_start();
    left.is_empty() || left.len() < rest.len() && left.starts_with(['#', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_file_gives_two_options() {
        let text = "# Because we are using logrotate\nmax-log-backups = 0\npreconfigured-renewal = True\n";
        let settings = parse(text);
        let seen: Vec<_> = settings.iter().map(|s| (s.key.as_str(), s.text().unwrap(), s.line)).collect();
        assert_eq!(seen, [("max-log-backups", "0", 2), ("preconfigured-renewal", "True", 3)]);
    }

    #[test]
    fn a_bare_key_is_a_flag() {
        assert_eq!(parse("must-staple\n")[0].text(), Some("true"));
        assert_eq!(parse("email: a@b.example # me\n")[0].text(), Some("a@b.example"));
    }

    #[test]
    fn quotes_are_taken_off_in_pairs_around_all_of_a_value() {
        // As ConfigArgParse 1.5 and 1.9 read them.
        for (line, read) in [
            ("pre-hook = sh -c 'systemctl stop nginx'", "sh -c 'systemctl stop nginx'"),
            ("pre-hook = 'echo a # b; true' # said", "echo a # b; true"),
            ("pre-hook = \"a b\"", "a b"),
            ("pre-hook = 'a' b", "'a' b"),
            ("pre-hook = echo 'a' ; said", "echo 'a'"),
            ("pre-hook = echo a;b#c", "echo a;b#c"),
            ("pre-hook = :", ":"),
            ("pre-hook: = x", "= x"),
            ("pre-hook = ''", ""),
            ("pre-hook =", ""),
            ("pre-hook 'x", "'x"),
            ("pre-hook # said", "# said"),
            ("pre-hook = 'x' 'y'", "x' 'y"),
            ("pre-hook", "true"),
        ] {
            let read_here: Vec<&str> = entries(line).map(|(.., value)| value).collect();
            assert_eq!(read_here, [read], "{line}");
        }
    }
}
