//! `acme-audit responder`: the child of a run that answers for challenges; people do not call it.

use crate::challenge::child;
use crate::error::Error;

/// Serves until the parent ends.
pub fn run() -> Result<u8, Error> {
    child::run().map_err(|e| {
        Error::new(format!("the responder cannot serve: {e}"))
            .hint("acme-audit starts it by itself where a challenge has to be answered")
    })?;
    Ok(0)
}
