//! What can be wrong with a file or with a value.

use std::fmt;

/// Why certbot cannot read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Line, 1-based, as configobj counts. For a duplicate key whose value is
    /// in triple quotes that is the line where the value ends.
    pub line: u32,
    /// Column in characters, 1-based, of the place to look at; `None` when it
    /// is on another line.
    pub column: Option<u32>,
    /// What is wrong.
    pub kind: ErrorKind,
    /// The key or section at fault, when the line could be read that far.
    pub name: Option<String>,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Not UTF-8. Python raises `UnicodeDecodeError`, which is not a
    /// `ConfigObjError`: certbot does not say "error parsing" then.
    Encoding,
    /// Neither `[section]` nor `key = value`.
    Syntax,
    /// A quote that is not closed, or text after the closing one.
    Quotes,
    /// A list with nothing between two commas or before the first.
    EmptyItem,
    /// Triple quotes that are not closed before the end of the file.
    Unterminated,
    /// Text other than a comment after closing triple quotes.
    AfterTripleQuotes,
    /// More `[` than `]` around a section name, or fewer.
    Brackets,
    /// A section more than one level deeper than the one before it.
    Nesting,
    /// A key that its section already has.
    DuplicateKey,
    /// A section whose name its parent already has, as a section or a key.
    DuplicateSection,
}

impl Error {
    /// What is wrong, without the line.
    #[must_use]
    pub fn what(&self) -> String {
        let name = Quoted(self.name.as_deref().unwrap_or_default());
        match self.kind {
            ErrorKind::Encoding => "not valid utf-8".into(),
            ErrorKind::Syntax => "neither a `[section]` nor a `key = value` line".into(),
            ErrorKind::Quotes => format!("the value of {name} is badly quoted"),
            ErrorKind::EmptyItem => format!("the list in {name} has an empty item"),
            ErrorKind::Unterminated => format!("the triple quotes of {name} are never closed"),
            ErrorKind::AfterTripleQuotes => format!("text follows the closing triple quotes of {name}"),
            ErrorKind::Brackets => format!("section {name} has unequal numbers of `[` and `]`"),
            ErrorKind::Nesting => format!("section {name} is nested too deep for its place"),
            ErrorKind::DuplicateKey => format!("duplicate key {name}"),
            ErrorKind::DuplicateSection => format!("duplicate section {name}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what())
    }
}

impl std::error::Error for Error {}

/// Why Python raises an exception when it reads a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InterpolationError {
    /// `%(name)s`, and no section in reach has that key.
    Missing(String),
    /// The value of this key contains itself.
    Loop(String),
    /// This key is a list or a section. Python raises `TypeError`.
    NotText(String),
    /// A section on the way has a key named `DEFAULT` instead of a
    /// sub-section. Python raises `AttributeError`.
    DefaultIsKey,
    /// More than 900 values inside each other. Python raises `RecursionError`
    /// at its limit of 1000 calls, of which certbot's own take some.
    TooDeep,
    /// More than 64 KiB of names and text. Python would go on, for ever at worst.
    TooLarge,
    /// The path given by the caller names no section of the file.
    NoSection,
}

impl fmt::Display for InterpolationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(key) => write!(f, "`%(…)s` names {}, which is not set", Quoted(key)),
            Self::Loop(key) => write!(f, "the value of {} contains itself", Quoted(key)),
            Self::NotText(key) => write!(f, "`%(…)s` names {}, which is not text", Quoted(key)),
            Self::DefaultIsKey => f.write_str("`DEFAULT` is a key where a section is looked for"),
            Self::TooDeep => f.write_str("more than 900 values inside each other"),
            Self::TooLarge => f.write_str("the value grows beyond 64 KiB"),
            Self::NoSection => f.write_str("no such section"),
        }
    }
}

impl std::error::Error for InterpolationError {}

/// A name in quotes, escaped for a terminal and cut after 64 characters.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        f.write_str("`")?;
        for c in rest.by_ref().take(64) {
            write!(f, "{}", c.escape_debug())?;
        }
        f.write_str(if rest.next().is_some() { "…`" } else { "`" })
    }
}
