//! The little of DER that is written by hand: <https://www.itu.int/rec/T-REC-X.690>.

/// A value of less than 64 kilobytes with its tag and length; a longer one comes out unreadable.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(content);
    out
}

/// SEQUENCE.
pub fn sequence(members: &[Vec<u8>]) -> Vec<u8> {
    value(0x30, &members.concat())
}

/// A positive INTEGER.
pub fn integer(big_endian: &[u8]) -> Vec<u8> {
    let start = big_endian.iter().position(|b| *b != 0).unwrap_or(big_endian.len().saturating_sub(1));
    let digits = big_endian.get(start..).unwrap_or_default();
    if digits.first().is_none_or(|b| b & 0x80 != 0) {
        return value(0x02, &[&[0], digits].concat());
    }
    value(0x02, digits)
}

/// BIT STRING of whole bytes.
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], content].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_signs_are_as_der_wants_them() {
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(value(4, &[7; 200])[..3], [4, 0x81, 200]);
        assert_eq!(value(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(sequence(&[integer(&[1]), bit_string(&[5])]), [0x30, 7, 2, 1, 1, 3, 2, 0, 5]);
    }
}
