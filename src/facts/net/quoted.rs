//! Bytes as the CA quotes them.

/// Bytes in quotes as Go writes them with `%q`: what is not printable is escaped.
/// <https://pkg.go.dev/strconv#Quote>
pub fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                '\x07' => text.push_str("\\a"),
                '\x08' => text.push_str("\\b"),
                '\x0c' => text.push_str("\\f"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\x0b' => text.push_str("\\v"),
                c if is_printable(c) => text.push(c),
                c => match u32::from(c) {
                    code @ ..=0x7f => text += &format!("\\x{code:02x}"),
                    code @ ..=0xffff => text += &format!("\\u{code:04x}"),
                    code => text += &format!("\\U{code:08x}"),
                },
            }
        }
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    text.push('"');
    text
}

/// Whether a character shows: a letter, a mark, a number, a sign, or the plain blank.
fn is_printable(c: char) -> bool {
    // Rust escapes the same ones, but for marks at the start of a text, and an apostrophe as well.
    let after = ['x', c].iter().collect::<String>();
    c == '\'' || after.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_does_not_show_is_escaped_as_in_go() {
        for (bytes, text) in [
            (b"a\"b\\c'".as_slice(), r#""a\"b\\c'""#),
            (b"\0\x07\x08\t\n\x0b\x0c\r\x1b\x7f", r#""\x00\a\b\t\n\v\f\r\x1b\x7f""#),
            ("é\u{301}e\u{301}€😀".as_bytes(), "\"é\u{301}e\u{301}€😀\""),
            (
                "\u{a0}\u{85}\u{ad}\u{200b}\u{2028}\u{feff}\u{fffd}".as_bytes(),
                "\"\\u00a0\\u0085\\u00ad\\u200b\\u2028\\ufeff\u{fffd}\"",
            ),
            ("\u{e0001}\u{10ffff}".as_bytes(), r#""\U000e0001\U0010ffff""#),
            (b"\xff\xfe\xe2\x82", r#""\xff\xfe\xe2\x82""#),
        ] {
            assert_eq!(quoted(bytes), text);
        }
    }
}
