//! What a rehearsal tells while it goes on.

use std::path::Path;

use crate::facts::Vantage;
use crate::hooks::Ran;

/// Something that has just happened.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// What an earlier run had left behind is removed.
    Swept(&'a Path),
    /// A hook ended.
    Hook(&'a Ran),
    /// Somebody begins to look for the token of a name.
    Looking(Name<'a>, Vantage),
    /// Somebody looked for it, and found it or not.
    Looked(Name<'a>, Vantage, bool),
    /// Something that was published could not be removed.
    Left(&'a str),
}

/// A name that is rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    /// The lineage; `None` for names of the command line.
    pub lineage: Option<&'a str>,
    /// The identifier.
    pub identifier: &'a str,
}

/// Who is told.
pub type Hear<'a> = &'a (dyn Fn(News<'_>) + Sync);
