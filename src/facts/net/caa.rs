//! CAA records (RFC 8659) on the way from a name to its top-level domain.

use serde::{Deserialize, Serialize};

use super::dns::Outcome;

/// What was found while climbing: the steps from the name upwards, to the first that has records or fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caa {
    /// The resolver that was asked.
    pub resolver: String,
    /// The steps, the name itself first.
    pub steps: Vec<CaaStep>,
}

/// One label on the way up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaStep {
    /// The name that was asked for.
    pub name: String,
    /// The names that CNAME records lead to, in order.
    pub aliases: Vec<String>,
    /// Its records.
    pub records: Outcome<CaaRecord>,
}

/// One CAA record as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaRecord {
    /// The flags byte.
    pub flags: u8,
    /// The tag, in the record's own case, written as the value is.
    pub tag: String,
    /// The value; a backslash, and bytes that are not printable ASCII, are written as `\xNN`.
    pub value: String,
}

impl CaaStep {
    /// The name that holds the records: where the aliases end.
    pub fn owner(&self) -> &str {
        self.aliases.last().unwrap_or(&self.name)
    }
}

impl CaaRecord {
    /// A record with the bytes of its tag and of its value; [`CaaRecord::bytes`] gives those of the value back.
    pub fn new(flags: u8, tag: impl AsRef<[u8]>, value: &[u8]) -> Self {
        Self { flags, tag: written(tag.as_ref()), value: written(value) }
    }

    /// The bytes of its value.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.value.len());
        let mut rest = self.value.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let (byte, after) = escaped(rest).unwrap_or((*first, after));
            bytes.push(byte);
            rest = after;
        }
        bytes
    }
}

/// Bytes as text.
fn written(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\x5c"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// The byte that `\xNN` at the start stands for, and what follows.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let rest = text.strip_prefix(b"\\x")?;
    let (digits, after) = rest.split_at_checked(2)?;
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u8::from_str_radix(digits, 16).ok()?, after))
}

impl std::fmt::Display for CaaRecord {
    /// As zone files have it: `0 issue "letsencrypt.org"`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} \"{}\"", self.flags, self.tag, self.value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_backslash_is_told_from_an_escaped_byte() {
        let byte = CaaRecord::new(0, "issue", b"caf\xe9");
        let text = CaaRecord::new(0, "issue", b"caf\\xe9");
        assert_eq!(byte.value, "caf\\xe9");
        assert_eq!(text.value, "caf\\x5cxe9");
        assert_eq!((byte.bytes(), text.bytes()), (b"caf\xe9".to_vec(), b"caf\\xe9".to_vec()));
    }

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        let record = CaaRecord { flags: 0, tag: "issue".into(), value: "a\\b\\x4\\x+1".into() };
        assert_eq!(record.bytes(), b"a\\b\\x4\\x+1");
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(CaaRecord::new(0, "issue", &bytes).bytes(), bytes);
        }
    }
}
