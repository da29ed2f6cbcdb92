//! The names that certificates are issued for.

use serde_json::Value;

use super::refusal::Refusal;

/// How many names an order may have: as many as Let's Encrypt takes.
const MOST_NAMES: usize = 100;

/// The names of an order, sorted and each once.
pub(super) fn names(payload: &Value) -> Result<Vec<String>, Refusal> {
    let identifiers = payload.get("identifiers").and_then(Value::as_array).map(Vec::as_slice);
    let identifiers = match identifiers.unwrap_or_default() {
        [] => return Err(Refusal::malformed("NewOrder request did not specify any identifiers")),
        many if many.len() > MOST_NAMES => {
            let detail = format!("Order cannot contain more than {MOST_NAMES} identifiers");
            return Err(Refusal::malformed(detail));
        }
        identifiers => identifiers,
    };
    let mut names = Vec::new();
    for identifier in identifiers {
        let text = |member| identifier.get(member).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("type"), text("value").to_ascii_lowercase());
        if kind != "dns" {
            let detail =
                format!("NewOrder request included unsupported identifier: type {kind:?}, value {name:?}");
            return Err(Refusal::new(400, "unsupportedIdentifier", detail));
        }
        if !is_ours(&name) {
            let detail = format!(
                "Cannot issue for {name:?}: The ACME server refuses to issue a certificate for this domain name, \
                 because it is forbidden by policy"
            );
            return Err(Refusal::new(400, "rejectedIdentifier", detail));
        }
        names.push(name);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Whether a name can be one of the sandbox's. <https://www.rfc-editor.org/rfc/rfc6761#section-6.2>
fn is_ours(name: &str) -> bool {
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.ends_with(".test") && name.split('.').all(fits)
}
