//! Percent escapes as Go's `net/url` reads and writes them: which bytes stay depends on the part of the URL.

/// The hexadecimal digits of escapes.
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A part of a URL with rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The path.
    Path,
    /// The host and its port.
    Host,
    /// The zone of an IPv6 address.
    Zone,
    /// The name or the password of a user.
    User,
    /// The fragment.
    Fragment,
}

impl Part {
    /// Whether a byte needs no escape.
    fn keeps(self, byte: u8) -> bool {
        byte.is_ascii_alphanumeric()
            || b"-_.~".contains(&byte)
            || match self {
                Part::Path => b"$&+,/:;=@".contains(&byte),
                Part::Host | Part::Zone => b"!$&'()*+,;=:[]<>\"".contains(&byte),
                Part::User => b"$&+,;=".contains(&byte),
                Part::Fragment => b"$&+,/:;=?@!()*".contains(&byte),
            }
    }

    /// Whether a byte may stand in a text that is escaped already.
    fn may_have(self, byte: u8) -> bool {
        b"!$&'()*+,;=:@[]%".contains(&byte) || self.keeps(byte)
    }
}

/// The bytes of a text with escapes.
///
/// # Errors
/// An escape that is none or that this part may not have, or a byte that it may not have.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && !part.keeps(*byte) {
                return Err(format!("invalid character {:?} in host name", char::from(*byte).to_string()));
            }
            plain.push(*byte);
            continue;
        }
        let bad =
            || format!("invalid URL escape {:?}", shown(&[b"%", after.get(..2).unwrap_or(after)].concat()));
        let (digits, after) = after.split_at_checked(2).ok_or_else(bad)?;
        let digit = |at: usize| digits.get(at).and_then(|b| char::from(*b).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(bad()) };
        let decoded = u8::try_from(high * 16 + low).unwrap_or_default();
        let allowed = match part {
            // Only what is not ASCII may be escaped in a host, and the `%` before a zone.
            Part::Host => !decoded.is_ascii() || digits == b"25",
            Part::Zone => digits == b"25" || decoded == b' ' || Part::Host.keeps(decoded),
            _ => true,
        };
        if !allowed {
            return Err(bad());
        }
        plain.push(decoded);
        rest = after;
    }
    Ok(plain)
}

/// Bytes with escapes where this part needs them.
pub(super) fn escape(bytes: &[u8], part: Part) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if part.keeps(*byte) {
            text.push(char::from(*byte));
        } else {
            let digit = |n: u8| HEX.get(usize::from(n)).copied().map_or('0', char::from);
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}

/// A part as it is sent: left alone where it is well formed, else unescaped and escaped anew.
///
/// # Errors
/// An escape that is none.
pub(super) fn settled(text: &[u8], part: Part) -> Result<String, String> {
    let plain = unescape(text, part)?;
    if plain == b"*" {
        return Ok("*".into());
    }
    match text.iter().all(|b| part.may_have(*b)) {
        true => Ok(shown(text)),
        false => Ok(escape(&plain, part)),
    }
}

/// Bytes as text.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
