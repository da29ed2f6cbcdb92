//! One line of a crontab: its times, its user and its command.

use crate::calendar::CronTimes;

/// The times of a line, and what follows them; `None` where the line ends before.
pub(super) fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let mut rest = line;
    for _ in 0..if line.starts_with('@') { 1 } else { 5 } {
        rest = rest.trim_start().split_once(char::is_whitespace)?.1;
    }
    let times = line.get(..line.len().checked_sub(rest.len())?)?.trim_end();
    Some((times, rest.trim())).filter(|(_, rest)| !rest.is_empty())
}

/// The first word, and what follows it.
pub(super) fn word(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// What a line's times are worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// They come.
    Sound,
    /// `@reboot`.
    AtBoot,
    /// They are well written, and never come.
    Never,
    /// Debian's cron refuses them.
    Wrong(String),
}

/// Judges the times of a line.
pub(super) fn times(text: &str) -> Times {
    match CronTimes::parse(text) {
        Ok(times) if times.at_reboot() => Times::AtBoot,
        Ok(times) if times.never() => Times::Never,
        Ok(_) => Times::Sound,
        Err(e) => Times::Wrong(e.what),
    }
}

/// The command as it is run: cron ends it at the first `%` without a backslash.
/// <https://man7.org/linux/man-pages/man5/crontab.5.html>
pub(super) fn until_percent(command: &str) -> String {
    let mut kept = String::with_capacity(command.len());
    for c in command.chars() {
        match c {
            '%' if kept.ends_with('\\') => {
                kept.pop();
                kept.push('%');
            }
            '%' => break,
            c => kept.push(c),
        }
    }
    kept
}

/// Whether a cut has left a quote, a `$(…)` or a group open: a shell then runs nothing of it.
pub(super) fn is_torn(command: &str) -> bool {
    let (mut quote, mut open, mut ticks) = (None, 0_i32, false);
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (_, '(') => open += 1,
            (_, ')') => open -= 1,
            (_, '`') => ticks = !ticks,
            _ => {}
        }
    }
    quote.is_some() || open > 0 || ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_words_or_an_at_word_are_times() {
        assert_eq!(split("17 3\t* * *  root  x y"), Some(("17 3\t* * *", "root  x y")));
        assert_eq!(split("@daily certbot renew"), Some(("@daily", "certbot renew")));
        assert_eq!(split("17 3 * * *"), None);
        assert_eq!(split("17 3 * * * "), None);
        assert_eq!(word("root  x y"), ("root", "x y"));
    }

    #[test]
    fn a_percent_cuts_unless_it_is_escaped() {
        assert_eq!(until_percent(r"date +\%F % x"), "date +%F ");
        assert!(is_torn("certbot renew > $(date +"));
        assert!(is_torn("certbot renew --post-hook \"date +"));
        assert!(is_torn("x `date +"));
        assert!(!is_torn("certbot renew; echo '(' \")\" $(date) \\( "));
    }

    #[test]
    fn times_are_judged() {
        assert_eq!(times("@reboot"), Times::AtBoot);
        assert_eq!(times("17 3 * * *"), Times::Sound);
        assert!(matches!(times("61 3 * * *"), Times::Wrong(_)));
        assert!(matches!(times("@nightly"), Times::Wrong(_)));
        assert_eq!(times("0 0 30 2 *"), Times::Never);
    }
}
