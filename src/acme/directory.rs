//! A server's directory: where everything else is, and what the server says of itself.

use serde_json::Value;

use super::refusal::{patience, plain, read, retry_after};
use super::transport::Transport;
use crate::facts::net::{CaFault, Directory};

/// How many profiles and identities are kept, and how long each may be.
const MAX_MEMBERS: usize = 50;
const MAX_TEXT: usize = 300;

/// Asks for a directory. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1>
///
/// # Errors
/// No answer, or one that is no directory.
pub async fn directory(transport: &Transport, url: &str) -> Result<Directory, CaFault> {
    let reply = transport.get(url).await?;
    if reply.status != 200 {
        let problem = serde_json::from_slice(&reply.body).ok().as_ref().and_then(read).unwrap_or_default();
        let words = [problem.to_string(), patience(retry_after(&reply))];
        let said: Vec<&str> = words.iter().map(String::as_str).filter(|said| !said.is_empty()).collect();
        return Err(CaFault::Status(reply.status, said.join("; ")));
    }
    let json: Value = serde_json::from_slice(&reply.body)
        .map_err(|_| CaFault::NoAcme(format!("{url} answers with something else than JSON")))?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(cut);
    let of =
        |name: &str| text(json.get(name)).ok_or_else(|| CaFault::NoAcme(format!("{url} names no `{name}`")));
    let meta = |name: &str| json.get("meta").and_then(|meta| meta.get(name));
    let identities = meta("caaIdentities").and_then(Value::as_array);
    let profiles = meta("profiles").and_then(Value::as_object);
    Ok(Directory {
        new_nonce: of("newNonce")?,
        new_account: of("newAccount")?,
        new_order: text(json.get("newOrder")),
        renewal_info: text(json.get("renewalInfo")),
        terms: text(meta("termsOfService")),
        caa_identities: identities
            .map(|all| all.iter().filter_map(|one| text(Some(one))).take(MAX_MEMBERS).collect()),
        profiles: profiles.map(|all| all.keys().map(|name| cut(name)).take(MAX_MEMBERS).collect()),
        needs_eab: meta("externalAccountRequired").and_then(Value::as_bool).unwrap_or(false),
    })
}

fn cut(text: &str) -> String {
    plain(text, MAX_TEXT)
}
