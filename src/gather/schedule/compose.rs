//! The services of a compose file, as far as its indentation tells them apart.

/// One service.
pub(super) struct Service<'t> {
    /// Its name.
    pub name: &'t str,
    /// Its lines with their numbers, trimmed, without comments.
    pub lines: Vec<(usize, &'t str)>,
}

impl<'t> Service<'t> {
    /// The value of a key, on its line or as a list on the lines below; `None` where the service has no such key.
    pub fn value(&self, key: &str) -> Option<String> {
        let of = |line: &'t str| line.strip_prefix(key)?.strip_prefix(':');
        let at = self.lines.iter().position(|(_, line)| of(line).is_some())?;
        let first = of(self.lines.get(at)?.1)?.trim();
        let rest = self.lines.iter().skip(at + 1).map(|(_, line)| *line);
        let folded = first.is_empty() || first.starts_with(['>', '|']);
        let more = rest.take_while(|line| folded && (line.starts_with("- ") || !is_key(line)));
        let words = more.map(|line| line.trim_start_matches("- ").trim_matches(['"', '\'']));
        let own = if folded { "" } else { first };
        Some(std::iter::once(own).chain(words).collect::<Vec<_>>().join(" ").trim().to_owned())
    }

    /// Whether a line of it holds one of these words.
    pub fn mentions(&self, words: &[&str]) -> bool {
        self.lines.iter().any(|(_, line)| words.iter().any(|word| line.contains(word)))
    }
}

/// `restart: always`: a word and a colon.
fn is_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, rest)| {
        (rest.is_empty() || rest.starts_with(' '))
            && !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    })
}

/// The services of a file; files of the first version have them at the top.
pub(super) fn services(text: &str) -> Vec<Service<'_>> {
    let indented = |line: &str| line.len() - line.trim_start().len();
    let lines = text.lines().zip(1..).filter(|(line, _)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let lines: Vec<(&str, usize)> = lines.collect();
    let start = lines.iter().position(|(line, _)| line.trim_end() == "services:");
    let top = start.map_or(0, |at| at + 1);
    let body: Vec<&(&str, usize)> =
        lines.iter().skip(top).take_while(|(line, _)| start.is_none() || indented(line) > 0).collect();
    let Some(level) = body.first().map(|(line, _)| indented(line)) else { return Vec::new() };
    let mut found: Vec<Service<'_>> = Vec::new();
    for (line, number) in body {
        let trimmed = line.trim();
        match trimmed.strip_suffix(':') {
            Some(name) if indented(line) == level => {
                found.push(Service { name: name.trim_matches(['"', '\'']), lines: Vec::new() });
            }
            _ => {
                if let Some(last) = found.last_mut() {
                    last.lines.push((*number, trimmed));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "version: '3'\nservices:\n  web:\n    image: nginx\n    # certbot\n  certbot:\n    image: certbot/certbot\n    command:\n      - renew\n      - -q\n    entrypoint: >\n      sh -c 'sleep 12h'\n    restart: \"no\"\nvolumes:\n  x:\n";

    #[test]
    fn services_are_told_apart_with_their_keys() {
        let all = services(FILE);
        assert_eq!(all.iter().map(|s| s.name).collect::<Vec<_>>(), ["web", "certbot"]);
        let certbot = &all[1];
        assert_eq!(certbot.value("image").as_deref(), Some("certbot/certbot"));
        assert_eq!(certbot.value("command").as_deref(), Some("renew -q"));
        assert_eq!(certbot.value("entrypoint").as_deref(), Some("sh -c 'sleep 12h"));
        assert_eq!(certbot.value("restart").as_deref(), Some("\"no\""));
        assert_eq!(certbot.value("labels"), None);
        assert!(!all[0].mentions(&["certbot"]));
    }

    #[test]
    fn odd_files_are_read_without_harm() {
        assert!(
            services("").is_empty() && services("services:\n").is_empty() && services(":\n::\n").len() < 3
        );
        assert_eq!(services("certbot:\n  image: certbot/certbot\n")[0].name, "certbot");
    }
}
