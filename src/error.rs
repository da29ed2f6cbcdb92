//! Our own failures and bad usage: `error: what, where` and `hint: what to do`.

/// What went wrong, and what the user can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    what: String,
    hint: Option<String>,
    /// What else went wrong.
    more: Vec<Error>,
}

impl Error {
    /// An error without a hint.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, more: Vec::new() }
    }

    /// Several errors as one.
    pub fn all(errors: impl IntoIterator<Item = Error>) -> Self {
        let mut errors = errors.into_iter();
        let first = errors.next().unwrap_or_else(|| Error::new("something went wrong"));
        Self { more: errors.collect(), ..first }
    }

    /// Adds what it means, in the same line.
    pub fn and(mut self, what: impl AsRef<str>) -> Self {
        self.what.push_str("; ");
        self.what.push_str(what.as_ref());
        self
    }

    /// All of it in one line, to stand within other text.
    pub fn line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let more = self.more.iter().map(|error| format!("; {}", error.line()));
        format!("{}{hint}{}", self.what, more.collect::<String>())
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        self.more.iter().try_for_each(|error| write!(f, "\n{error}"))
    }
}

impl std::error::Error for Error {}
