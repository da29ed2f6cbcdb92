//! A reading of shell text that is just good enough to see which programs it calls with which words.

/// How deep `$(…)` may be nested.
const MAX_DEPTH: usize = 6;
/// How many simple commands of one text are looked at.
const MAX_COMMANDS: usize = 5_000;

/// One program with its words, quotes removed.
pub(in crate::gather) type Words = Vec<String>;

/// The simple commands of a text, in order; `$(…)` and backquotes are commands of their own.
pub(in crate::gather) fn commands(text: &str) -> Vec<Words> {
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0, done: Vec::new() };
    while lexer.at < lexer.chars.len() && lexer.done.len() < MAX_COMMANDS {
        lexer.list(None, 0);
        // What `list` stopped at closes nothing here.
        lexer.at += 1;
    }
    lexer.done
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    done: Vec<Words>,
}

/// The simple command that is being read.
#[derive(Default)]
struct Current {
    words: Words,
    word: Option<String>,
}

impl Current {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn end(&mut self, current: &mut Current) {
        current.end_word();
        if !current.words.is_empty() {
            self.done.push(std::mem::take(&mut current.words));
        }
    }

    /// Reads commands up to `close`, which is left to be read.
    fn list(&mut self, close: Option<char>, depth: usize) {
        let mut current = Current::default();
        while let Some(c) = self.peek(0) {
            if Some(c) == close || self.done.len() >= MAX_COMMANDS {
                break;
            }
            match c {
                '\\' => {
                    self.at += 1;
                    // A backslash at the end of a line joins it to the next.
                    if let Some(c) = self.peek(0).filter(|c| *c != '\n') {
                        current.push(c);
                    }
                }
                '\'' => self.single_quoted(&mut current),
                '"' => self.double_quoted(&mut current, depth),
                '#' if current.word.is_none() => {
                    while self.peek(1).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '$' if self.peek(1) == Some('(') => self.nested(&mut current, 1, ')', depth),
                '`' => self.nested(&mut current, 0, '`', depth),
                // `2>&1` and `&>file` are no ends of commands.
                '&' if self
                    .at
                    .checked_sub(1)
                    .and_then(|i| self.chars.get(i))
                    .is_some_and(|c| "<>".contains(*c)) =>
                {
                    current.push(c);
                }
                '&' if self.peek(1) == Some('>') => {
                    current.end_word();
                    current.push(c);
                }
                '<' | '>' => {
                    if current.word.as_ref().is_some_and(|word| word != "&" && !word.ends_with(['<', '>'])) {
                        current.end_word();
                    }
                    current.push(c);
                }
                ';' | '&' | '|' | '\n' | '(' | ')' => self.end(&mut current),
                c if c.is_whitespace() => {
                    if current.word.as_ref().is_none_or(|word| !word.ends_with(['<', '>'])) {
                        current.end_word();
                    }
                }
                c => current.push(c),
            }
            self.at += 1;
        }
        self.end(&mut current);
    }

    fn single_quoted(&mut self, current: &mut Current) {
        current.word.get_or_insert_default();
        self.at += 1;
        while let Some(c) = self.peek(0).filter(|c| *c != '\'') {
            current.push(c);
            self.at += 1;
        }
    }

    fn double_quoted(&mut self, current: &mut Current, depth: usize) {
        current.word.get_or_insert_default();
        self.at += 1;
        while let Some(c) = self.peek(0).filter(|c| *c != '"') {
            match c {
                '\\' if self.peek(1).is_some_and(|c| "\"\\$`".contains(c)) => {
                    self.at += 1;
                    current.word.get_or_insert_default().extend(self.peek(0));
                }
                '$' if self.peek(1) == Some('(') => self.nested(current, 1, ')', depth),
                '`' => self.nested(current, 0, '`', depth),
                c => current.push(c),
            }
            self.at += 1;
        }
    }

    /// `$(…)`: its commands come before the one that uses them; its value is a variable to us.
    fn nested(&mut self, current: &mut Current, skip: usize, close: char, depth: usize) {
        current.push('$');
        self.at += skip;
        if depth < MAX_DEPTH {
            self.at += 1;
            self.list(Some(close), depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        commands(text).iter().map(|words| words.join("·")).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn debians_cron_line_is_three_commands() {
        let line = r"test -x /usr/bin/certbot -a \! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew";
        assert_eq!(
            shown(line),
            "test·-x·/usr/bin/certbot·-a·!·-d·/run/systemd/system | perl·-e·sleep int(rand(43200)) | certbot·-q·renew"
        );
    }

    #[test]
    fn redirections_do_not_end_a_command_or_hide_a_verb() {
        assert_eq!(
            shown("certbot renew>/dev/null 2>&1; a &>> log & b"),
            "certbot·renew·>/dev/null·2·>&1 | a·&>>log | b"
        );
        assert_eq!(shown("a > f x # certbot renew\nb"), "a·>f·x | b");
    }

    #[test]
    fn substitutions_are_commands() {
        assert_eq!(
            shown("OUT=\"$(certbot renew -q 2>&1)\" || exit 1"),
            "certbot·renew·-q·2·>&1 | OUT=$ | exit·1"
        );
        assert_eq!(shown("x `certbot renew` y"), "certbot·renew | x·$·y");
    }

    #[test]
    fn continued_and_unfinished_text_is_read_to_its_end() {
        assert_eq!(shown("certbot \\\n  renew \"--x"), "certbot·renew·--x");
        assert_eq!(shown("a ) b ) $( c"), "a | b | c | $");
        assert_eq!(shown(&"$(".repeat(10_000)).len(), shown(&"$(".repeat(10_000)).len());
    }
}
