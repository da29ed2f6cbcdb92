//! Suggested commands are copied into a root shell: what comes from the host's files is quoted first.

use std::borrow::Cow;

/// Whether a shell takes the text as one plain word.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/:@%+=,-".contains(&b)) && !text.starts_with('-')
}

/// The text as one word for a POSIX shell.
pub fn quote(text: &str) -> Cow<'_, str> {
    if is_plain(text) && !text.is_empty() {
        return text.into();
    }
    format!("'{}'", escape(text)).into()
}

/// The text within single quotes.
fn escape(text: &str) -> String {
    text.replace('\'', "'\\''")
}

/// Whether a single quote is open after a piece of a command.
fn opens(piece: &str, mut open: bool) -> bool {
    let mut backslash = false;
    for c in piece.chars() {
        open ^= c == '\'' && !backslash;
        backslash = c == '\\' && !open && !backslash;
    }
    open
}

/// Quotes every untrusted text wherever it stands in the commands. `foo'$(x)'.pem` is still one word.
pub fn quote_within<'a>(commands: &mut [String], untrusted: impl Iterator<Item = &'a str>) {
    if commands.is_empty() {
        return;
    }
    let mut odd: Vec<&str> = untrusted.filter(|text| text.len() > 1 && !is_plain(text)).collect();
    // The longest first, so that a name within a path is not quoted twice.
    odd.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    odd.dedup();
    for command in commands {
        let mut pieces: Vec<(bool, String)> = vec![(false, std::mem::take(command))];
        for text in &odd {
            pieces = pieces.into_iter().flat_map(|piece| split(piece, text)).collect();
        }
        let mut open = false;
        *command = pieces
            .into_iter()
            .map(|(odd, text)| match (odd, open) {
                (true, true) => escape(&text),
                (true, false) => quote(&text).into_owned(),
                (false, _) => {
                    open = opens(&text, open);
                    text
                }
            })
            .collect();
    }
}

/// Splits a piece that is not yet quoted at each occurrence of `text`.
fn split((quoted, piece): (bool, String), text: &str) -> Vec<(bool, String)> {
    if quoted || !piece.contains(text) {
        return vec![(quoted, piece)];
    }
    let mut parts = Vec::new();
    for (i, part) in piece.split(text).enumerate() {
        if i > 0 {
            parts.push((true, text.to_owned()));
        }
        parts.push((false, part.to_owned()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_run_is_quoted_where_it_stands() {
        let name = "a$(reboot)b";
        let path = "/etc/x/a$(reboot)b/it's.pem";
        let mut commands =
            [format!("certbot renew --cert-name {name}"), format!("ln -sfn ../{name}/c.pem {path}")];
        quote_within(&mut commands, [name, path, "plain.example"].into_iter());
        assert_eq!(commands[0], "certbot renew --cert-name 'a$(reboot)b'");
        assert_eq!(commands[1], "ln -sfn ../'a$(reboot)b'/c.pem '/etc/x/a$(reboot)b/it'\\''s.pem'");
    }

    #[test]
    fn what_stands_within_quotes_already_stays_within_them() {
        let odd = "it's $(reboot)";
        let mut commands = [format!("sed -i '/^x = {odd}/d' {odd}")];
        quote_within(&mut commands, [odd].into_iter());
        assert_eq!(commands[0], "sed -i '/^x = it'\\''s $(reboot)/d' 'it'\\''s $(reboot)'");
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        let mut commands = ["certbot renew --cert-name shop.example".to_owned()];
        quote_within(
            &mut commands,
            ["shop.example", "/etc/letsencrypt/renewal/shop.example.conf"].into_iter(),
        );
        assert_eq!(commands[0], "certbot renew --cert-name shop.example");
        assert_eq!(quote("*.example"), "'*.example'");
    }
}
