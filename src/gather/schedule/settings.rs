//! The settings of a crontab, `NAME = value`, as cron reads them.

use crate::facts::Egress;

/// How many settings are looked for in a command, and how long that may become.
const MAX_SETTINGS: usize = 100;
const MAX_COMMAND: usize = 64 << 10;

/// What the settings above a line say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// `PATH`.
    pub path: Option<String>,
    /// `MAILTO=""`, in whatever spelling: nobody gets the output.
    pub mails_nobody: bool,
    /// `CRON_TZ`.
    pub zone: Option<String>,
    /// All of them.
    all: Vec<(String, String)>,
}

impl Settings {
    /// Takes a line in, where it is a setting.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let Some((name, value)) = setting(line) else { return false };
        self.all.push((name.clone(), value.clone()));
        match name.as_str() {
            "PATH" => self.path = Some(value),
            "MAILTO" => self.mails_nobody = value.is_empty(),
            "CRON_TZ" => self.zone = Some(value).filter(|zone| !zone.is_empty()),
            _ => {}
        }
        true
    }

    /// Those that decide how requests leave the host; a table stands at `place`.
    pub(super) fn egress(&self, place: &str) -> Egress {
        let mut egress = Egress::default();
        self.all.iter().for_each(|(name, value)| egress.set(name, value, place));
        egress
    }

    /// A command with the values of the settings above it in the place of `$NAME` and `${NAME}`.
    pub(super) fn expand(&self, command: &str) -> String {
        let mut text = command.to_owned();
        for (name, value) in self.all.iter().rev().take(MAX_SETTINGS) {
            if text.len() > MAX_COMMAND || !text.contains('$') {
                break;
            }
            text = text.replace(&format!("${{{name}}}"), value);
            let bare = format!("${name}");
            let mut out = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once(bare.as_str()) {
                let longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                out.push_str(before);
                out.push_str(if longer { &bare } else { value });
                rest = after;
            }
            out.push_str(rest);
            text = out;
        }
        text
    }
}

/// Name and value of a setting: either may be quoted, blanks around them and the `=` do not count.
/// <https://manpages.debian.org/bookworm/cron/crontab.5.en.html>
pub(super) fn setting(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    let (name, rest) = match line.chars().next()? {
        quote @ ('"' | '\'') => {
            let (name, rest) = line.get(1..)?.split_once(quote)?;
            (!name.contains('=')).then_some((name, rest))?
        }
        _ => line.split_at(line.find(|c: char| c == '=' || c.is_whitespace())?),
    };
    let value = rest.trim_start().strip_prefix('=')?.trim();
    let unquoted = match value.chars().next() {
        // What follows the closing quote makes the line no setting.
        Some(quote @ ('"' | '\'')) => value.get(1..)?.strip_suffix(quote)?,
        _ => value,
    };
    Some((name.to_owned(), unquoted.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(String, String)> {
        setting(line)
    }

    #[test]
    fn a_command_gets_the_values_of_its_table() {
        let mut settings = Settings::default();
        assert!(
            settings.take("BIN=/opt/certbot/bin") && settings.take("X=y") && !settings.take("* * * * * x")
        );
        assert_eq!(
            settings.expand("$BIN/certbot ${X}z $BINARY \"$X\""),
            "/opt/certbot/bin/certbot yz $BINARY \"y\""
        );
    }

    #[test]
    fn quotes_and_blanks_are_taken_away() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(read("PATH=/usr/bin:/bin"), pair("PATH", "/usr/bin:/bin"));
        assert_eq!(read("  MAILTO = \"\" "), pair("MAILTO", ""));
        assert_eq!(read("MAILTO="), pair("MAILTO", ""));
        assert_eq!(read("\"A B\" = ' x '"), pair("A B", " x "));
        assert_eq!(read("17 3 * * * certbot renew --cert-name=x"), None);
        assert_eq!(read("@daily X=1 certbot renew"), None);
        assert_eq!(read("A='b"), None);
        assert_eq!(read("\""), None);
    }
}
