//! What the value of one `issue` or `issuewild` record says, read as Boulder reads it.
//! <https://www.rfc-editor.org/rfc/rfc8659#section-4.2>

use std::fmt;

/// The value of an `issue` or `issuewild` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The CA that may issue, unchecked; empty where nobody may.
    pub issuer: String,
    /// Its parameters in their order, tags in their own case.
    pub parameters: Vec<(String, String)>,
}

/// Why a value does not parse, so that its record counts for nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A parameter has no `=`; it is empty after a `;` too many.
    NoEquals(String),
    /// A parameter's tag has something beside letters and digits.
    Tag(String),
    /// A parameter's value has a blank, or something that is not printable ASCII.
    Value(String),
}

/// How often a parameter stands in a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<'a> {
    /// Not at all.
    Never,
    /// Once.
    Once(&'a str),
    /// Twice or more, which nothing satisfies.
    Repeated,
}

impl Property {
    /// Reads the bytes of a value. The issuer is taken as it stands; only parameters can be malformed.
    ///
    /// # Errors
    /// The first parameter that is malformed.
    pub fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let issuer = Self::issuer(value);
        let parts: Vec<&[u8]> = value.split(|b| *b == b';').skip(1).collect();
        // A lone `;` after the issuer is no parameter.
        if let [only] = parts.as_slice()
            && trim(only).is_empty()
        {
            return Ok(Self { issuer, parameters: Vec::new() });
        }
        let parameters = parts.into_iter().map(parameter).collect::<Result<_, _>>()?;
        Ok(Self { issuer, parameters })
    }

    /// The CA that a value names, whether or not the rest of it parses.
    pub fn issuer(value: &[u8]) -> String {
        text(trim(value.split(|b| *b == b';').next().unwrap_or_default()))
    }

    /// How often a parameter is given, and its value; tags are compared in their case.
    pub fn given(&self, tag: &str) -> Given<'_> {
        let mut values = self.parameters.iter().filter(|(t, _)| t == tag).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (None, _) => Given::Never,
            (Some(value), None) => Given::Once(value),
            (Some(_), Some(_)) => Given::Repeated,
        }
    }

    /// The property with one parameter set, once, where it stood first, or at the end.
    pub fn with(mut self, tag: &str, value: impl Into<String>) -> Self {
        let at = self.parameters.iter().position(|(t, _)| t == tag).unwrap_or(self.parameters.len());
        self = self.without(tag);
        self.parameters.insert(at.min(self.parameters.len()), (tag.to_owned(), value.into()));
        self
    }

    /// The property without a parameter.
    pub fn without(mut self, tag: &str) -> Self {
        self.parameters.retain(|(t, _)| t != tag);
        self
    }

    /// The property with a challenge among those that its `validationmethods` allow.
    pub fn allowing(self, method: &str) -> Self {
        let listed = match self.given("validationmethods") {
            Given::Once(listed) if listed.split(',').all(is_method) => format!("{listed},{method}"),
            _ => method.to_owned(),
        };
        self.with("validationmethods", listed)
    }
}

impl fmt::Display for Property {
    /// As it is to be published.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.issuer)?;
        for (tag, value) in &self.parameters {
            write!(f, "; {tag}={value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::NoEquals(empty) if empty.is_empty() => f.write_str("a `;` with no parameter after it"),
            Malformed::NoEquals(text) => write!(f, "the parameter `{text}` has no `=`"),
            Malformed::Tag(tag) => write!(f, "the parameter's name `{tag}` has more than letters and digits"),
            Malformed::Value(tag) => {
                write!(f, "the value of `{tag}` has a blank or something that is not ASCII")
            }
        }
    }
}

/// Whether a member of `validationmethods` is well-formed.
pub(super) fn is_method(listed: &str) -> bool {
    !listed.is_empty() && listed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn parameter(part: &[u8]) -> Result<(String, String), Malformed> {
    let Some(equals) = part.iter().position(|b| *b == b'=') else {
        return Err(Malformed::NoEquals(text(trim(part))));
    };
    let (tag, value) = part.split_at(equals);
    let (tag, value) = (trim(tag), trim(value.get(1..).unwrap_or_default()));
    // RFC 8659 allows hyphens within a tag; Boulder does not.
    if !tag.iter().all(u8::is_ascii_alphanumeric) {
        return Err(Malformed::Tag(text(tag)));
    }
    if !value.iter().all(u8::is_ascii_graphic) {
        return Err(Malformed::Value(text(tag)));
    }
    Ok((text(tag), text(value)))
}

/// Without spaces and tabs at both ends.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
