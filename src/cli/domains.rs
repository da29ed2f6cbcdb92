//! Names as they are given on the command line.

use std::net::IpAddr;

use crate::error::Error;

/// The longest name and the longest of its labels. <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Each name once, in lower case, or what is wrong with the first that no certificate can have.
///
/// # Errors
/// One of them is neither a name nor an address.
pub fn each(given: &[String]) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    for text in given {
        let name = name(text)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn name(text: &str) -> Result<String, Error> {
    let bare = text.trim().trim_end_matches('.');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let wrong = |hint: &str| Err(Error::new(format!("`{text}` is no name of a certificate")).hint(hint));
    if !bare.is_ascii() {
        return wrong("write it as the DNS does, in punycode: xn--…");
    }
    let label = |label: &str| {
        let letters = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        letters && (1..=LONGEST_LABEL).contains(&label.len()) && !label.starts_with('-')
    };
    if bare.len() > LONGEST || !bare.strip_prefix("*.").unwrap_or(bare).split('.').all(label) {
        return wrong("a name has labels of letters, digits and hyphens between dots, or is an IP address");
    }
    Ok(bare.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_once_and_what_is_none_is_refused() {
        let given = ["Good.test.", "good.test", "*.a.test", "2001:DB8::0:1", "_a.test"].map(str::to_owned);
        assert_eq!(each(&given).unwrap(), ["good.test", "*.a.test", "2001:db8::1", "_a.test"]);
        for wrong in
            ["", "a..b", "ä.test", "-a.test", "a b.test", "https://a.test", "*.*.test", &"a".repeat(64)]
        {
            assert!(each(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
