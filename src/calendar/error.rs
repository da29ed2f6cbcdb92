//! Why an expression is refused, and where in it.

/// An expression that systemd or cron would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, in lower case and without a full stop.
    pub what: String,
    /// The byte of the expression at which it is wrong, counted from 0.
    pub at: usize,
}

impl ParseError {
    /// An error at a byte of the expression.
    pub fn new(at: usize, what: impl Into<String>) -> Self {
        Self { what: what.into(), at }
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at column {}", self.what, self.at.saturating_add(1))
    }
}

impl std::error::Error for ParseError {}
