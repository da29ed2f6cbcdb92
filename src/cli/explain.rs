//! `acme-audit explain [ID]`.

use crate::checks;
use crate::error::Error;
use crate::report::explain;

/// Prints one check's documentation, or the list.
pub fn run(id: Option<&str>, markdown: bool) -> Result<u8, Error> {
    let text = match id {
        Some(id) => {
            let check = checks::find(id).ok_or_else(|| {
                let close = checks::CHECKS.iter().find(|c| c.id.contains(id) || id.contains(c.id));
                Error::new(format!("no check is named `{id}`")).hint(match close {
                    Some(close) => format!("did you mean `{}`?", close.id),
                    None => "`acme-audit explain` lists them".into(),
                })
            })?;
            explain::one(check)
        }
        None if markdown => explain::markdown(),
        None => explain::list(),
    };
    anstream::print!("{text}");
    Ok(0)
}
