//! Renewal information (RFC 9773): when the CA wants one certificate to be renewed.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use serde_json::Value;

use crate::acme::{Transport, retry_after};
use crate::facts::Cert;
use crate::facts::net::{Ari, CaFault};

/// The longest URL that is kept as an explanation.
const MAX_URL: usize = 300;

/// Asks for one certificate's window.
///
/// # Errors
/// No answer, or none that names a window.
pub async fn ari(transport: &Transport, renewal_info: &str, cert: &Cert) -> Result<Ari, CaFault> {
    let id = cert_id(cert).ok_or_else(|| CaFault::NoAcme("the certificate names no issuer's key".into()))?;
    let url = format!("{}/{id}", renewal_info.trim_end_matches('/'));
    let reply = transport.get(&url).await?;
    if reply.status != 200 {
        return Err(CaFault::Status(reply.status, String::new()));
    }
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let moment =
        |end: &str| -> Option<Timestamp> { json.get("suggestedWindow")?.get(end)?.as_str()?.parse().ok() };
    let (Some(start), Some(end)) = (moment("start"), moment("end")) else {
        return Err(CaFault::NoAcme(format!("{url} names no window")));
    };
    if end <= start {
        return Err(CaFault::NoAcme(format!("{url} names a window that ends before it begins")));
    }
    let explanation = json.get("explanationURL").and_then(Value::as_str);
    let explanation = explanation.map(|url| url.chars().filter(|c| !c.is_control()).take(MAX_URL).collect());
    Ok(Ari { start, end, explanation, retry_after: retry_after(&reply) })
}

/// The certificate's name in renewal information: its issuer's key and its serial number.
/// <https://www.rfc-editor.org/rfc/rfc9773#section-4.1>
pub fn cert_id(cert: &Cert) -> Option<String> {
    let bytes = |hex: &str| {
        let even = if hex.len().is_multiple_of(2) { hex.to_owned() } else { format!("0{hex}") };
        HEXLOWER_PERMISSIVE.decode(even.as_bytes()).ok()
    };
    let issuer = bytes(cert.aki.as_deref()?)?;
    let mut serial = bytes(&cert.serial)?;
    // As DER has it: a leading bit that is set would be a sign.
    if serial.first().is_some_and(|byte| byte & 0x80 != 0) {
        serial.insert(0, 0);
    }
    Some(format!("{}.{}", BASE64URL_NOPAD.encode(&issuer), BASE64URL_NOPAD.encode(&serial)))
}

#[cfg(test)]
mod tests {
    use super::cert_id;
    use crate::checks::testing::cert;

    #[test]
    fn the_rfcs_example_has_the_rfcs_name() {
        let mut cert = cert(&["example.com"]);
        cert.aki = Some("69885b6b87464041e1b37b847bd0ae2cde01c8d4".into());
        cert.serial = "87654321".into();
        assert_eq!(cert_id(&cert).as_deref(), Some("aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE"));
        cert.aki = None;
        assert_eq!(cert_id(&cert), None);
    }
}
