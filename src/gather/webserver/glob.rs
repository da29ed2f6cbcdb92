//! The patterns of `include`, as glob(3) reads them.

use std::path::{Component, Path, PathBuf};

use crate::facts::{Missing, Role, Why};
use crate::gather::fs::Root;

/// How many paths one pattern may stand for.
const MAX_PATHS: usize = 200_000;

/// The paths that a pattern stands for, sorted; a pattern without `*`, `?` or `[` stands for itself.
///
/// As glob(3) does by default, a wildcard does not match a leading dot, and matches `x~` and `x.dpkg-old` as any
/// other name: <https://man7.org/linux/man-pages/man3/glob.3.html>. Folders that cannot be read go into `unread`.
pub(super) fn glob(root: &Root, pattern: &Path, unread: &mut Vec<Missing>) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::from("/")];
    for part in pattern.components() {
        let Component::Normal(part) = part else { continue };
        let Some(wild) = part.to_str().filter(|part| is_pattern(part)) else {
            paths.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        let wild: Vec<char> = wild.chars().collect();
        let mut matched = Vec::new();
        for path in &paths {
            let names = root.list(path, Role::Other).unwrap_or_else(|missing| {
                // A file where the pattern means folders is no loss.
                unread.extend(Some(missing).filter(|missing| !matches!(missing.why, Why::Unclear(_))));
                None
            });
            for name in names.unwrap_or_default() {
                let chars: Vec<char> = name.to_string_lossy().chars().collect();
                let hidden = chars.first() == Some(&'.') && wild.first() != Some(&'.');
                if !hidden && matches(&wild, &chars) {
                    matched.push(path.join(&name));
                }
            }
            if matched.len() >= MAX_PATHS {
                break;
            }
        }
        paths = matched;
    }
    paths
}

/// Whether a name holds a wildcard.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// fnmatch(3) without its classes; linear but for one way back to the last `*`.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            (_, None) => return false,
            (Some('?'), Some(_)) => Some(1),
            (Some('['), Some(c)) => match set(pattern.get(p..).unwrap_or_default(), *c) {
                Some((true, len)) => Some(len),
                Some((false, _)) => None,
                None => (*c == '[').then_some(1),
            },
            (Some('\\'), Some(c)) if pattern.get(p + 1).is_some() => {
                (pattern.get(p + 1) == Some(c)).then_some(2)
            }
            (Some(want), Some(c)) => (want == c).then_some(1),
            (None, Some(_)) => None,
        };
        match (step, star) {
            (Some(len), _) => {
                p += len;
                n += 1;
            }
            (None, Some((after, from))) => {
                star = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
            (None, None) => return false,
        }
    }
}

/// `[a-z]` and `[!a]` at the start of a pattern: whether `c` is in it, and its length.
fn set(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    // A `]` right at the start is one of the signs.
    let end = pattern.iter().skip(start + 1).position(|sign| *sign == ']')? + start + 1;
    let mut signs = pattern.get(start..end)?;
    let mut within = false;
    while let Some((first, rest)) = signs.split_first() {
        signs = rest;
        if let ['-', last, after @ ..] = rest {
            within |= *first <= c && c <= *last;
            signs = after;
        } else {
            within |= *first == c;
        }
    }
    Some((within != negated, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        matches(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
    }

    #[test]
    fn names_are_matched_as_glob_does() {
        for (pattern, name) in [
            ("*", "a~"),
            ("*.conf", "a.conf"),
            ("a*b*c", "axxbyybzc"),
            ("?[0-9]", "x7"),
            ("[!a]x", "bx"),
            ("[]a]", "]"),
            ("[", "["),
            ("\\*", "*"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.conf", "a.conf.bak"),
            ("?", ""),
            ("[!a]", "a"),
            ("a", "ab"),
            ("ab", "a"),
            ("[0-9]", "x"),
            ("\\*", "x"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(200), &"a".repeat(150)));
    }

    #[test]
    fn folders_may_be_patterns_and_dotfiles_are_not_matched() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["etc/x/b/s.conf", "etc/x/a/s.conf", "etc/x/.c/s.conf", "etc/x/a/.t.conf"] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let root = Root::below(dir.path()).unwrap();
        let mut unread = Vec::new();
        let found = glob(&root, Path::new("/etc/x/*/*.conf"), &mut unread);
        assert_eq!(found, [Path::new("/etc/x/a/s.conf"), Path::new("/etc/x/b/s.conf")]);
        assert_eq!(glob(&root, Path::new("/none"), &mut unread), [Path::new("/none")]);
        assert!(unread.is_empty());
    }
}
