//! `accounts/`: the keys' ids, URIs and times, never the keys.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use md5::{Digest, Md5};
use serde_json::Value;

use crate::der;
use crate::facts::{Account, AccountFile, Fact, Missing, Role, Why};
use crate::gather::fs::{Root, show, show_bytes};
use crate::gather::x509::hex;

/// The largest account file that is read, in bytes; a 4096-bit key needs three kilobytes.
const MAX_JSON: u64 = 64 * 1024;

/// How deep below `accounts/` an account may lie: host, then the segments of the directory's path.
const MAX_DEPTH: usize = 8;

/// Every account below `accounts/`, also those reached through certbot's links between v01 and v02.
pub fn accounts(root: &Root, config: &Path) -> Fact<Vec<Account>> {
    let top = config.join("accounts");
    let mut found = Vec::new();
    let mut open: Vec<(PathBuf, PathBuf, usize)> = vec![(top.clone(), PathBuf::new(), 0)];
    while let Some((folder, server, depth)) = open.pop() {
        for name in root.list(&folder, Role::Other)?.unwrap_or_default() {
            let path = folder.join(&name);
            if !root.is_dir(&path) {
                continue;
            }
            if is_account(root, &path, &name) {
                found.push(account(root, &path, &name, &server));
            } else if depth < MAX_DEPTH {
                open.push((path, server.join(&name), depth + 1));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// certbot takes every folder for an account; one that is neither named by a hash nor holds a key is on the way to one.
fn is_account(root: &Root, path: &Path, name: &OsStr) -> bool {
    let hash = name.len() == 32 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
    hash || ["private_key.json", "regr.json", "meta.json"].iter().any(|file| root.exists(&path.join(file)))
}

fn account(root: &Root, path: &Path, id: &OsStr, server: &Path) -> Account {
    let file = |name: &str, read: fn(&Value) -> Result<String, String>| -> Fact<AccountFile> {
        let path = path.join(name);
        let content = root.read(&path, MAX_JSON, Role::Other)?;
        let malformed = |line, what| Missing::new(show(&path), Why::Malformed(line, what), Role::Other);
        let json: Value = serde_json::from_slice(&content.bytes).map_err(|e| {
            // serde_json's own words may quote the content, and this may be a private key.
            let what = if content.bytes.is_empty() { "the file is empty" } else { "it is not JSON" };
            malformed(u32::try_from(e.line()).unwrap_or(0), what.into())
        })?;
        let value = read(&json).map_err(|what| malformed(0, what))?;
        Ok(AccountFile { path: show(&path), value })
    };
    Account {
        id: show_bytes(id),
        server: show(server),
        path: show(path),
        key: file("private_key.json", key_id),
        uri: file("regr.json", |json| text(json, "uri")),
        meta: file("meta.json", |json| text(json, "creation_dt")),
    }
}

fn text(json: &Value, key: &str) -> Result<String, String> {
    json.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("it has no `{key}`"))
}

/// The id that certbot derives: MD5 of the public key in PEM SubjectPublicKeyInfo form.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/account.py>
fn key_id(jwk: &Value) -> Result<String, String> {
    let member = |name: &str| -> Result<Vec<u8>, String> {
        let text = jwk.get(name).and_then(Value::as_str).ok_or_else(|| format!("the JWK has no `{name}`"))?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| format!("the JWK's `{name}` is not base64url"))
    };
    let spki = match jwk.get("kty").and_then(Value::as_str) {
        Some("RSA") => {
            // The private members only have to be there and decode.
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                member(private)?;
            }
            let (n, e) = (member("n")?, member("e")?);
            if n.len() < 64 || e.is_empty() {
                return Err("the JWK's modulus is too short".into());
            }
            let key = der::sequence(&[der::integer(&n), der::integer(&e)]);
            let algorithm = der::value(0x30, &[OID_RSA, &[0x05, 0x00]].concat());
            der::sequence(&[algorithm, der::bit_string(&key)])
        }
        Some("EC") => {
            let (curve, size): (&[u8], usize) = match jwk.get("crv").and_then(Value::as_str) {
                Some("P-256") => (OID_P256, 32),
                Some("P-384") => (OID_P384, 48),
                Some("P-521") => (OID_P521, 66),
                _ => return Err("the JWK's `crv` is none of P-256, P-384 and P-521".into()),
            };
            let (x, y, d) = (member("x")?, member("y")?, member("d")?);
            if x.len() != size || y.len() != size || d.is_empty() {
                return Err("the JWK's coordinates have the wrong length".into());
            }
            let algorithm = der::value(0x30, &[OID_EC, curve].concat());
            der::sequence(&[algorithm, der::bit_string(&[&[0x04], x.as_slice(), &y].concat())])
        }
        _ => return Err("the JWK's `kty` is neither RSA nor EC".into()),
    };
    let base64 = BASE64.encode(&spki);
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    for (i, c) in base64.chars().enumerate() {
        if i > 0 && i % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END PUBLIC KEY-----\n");
    Ok(hex(&Md5::digest(pem.as_bytes())))
}

const OID_RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_key_is_described_without_its_members() {
        let jwk = serde_json::json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "SECRETSECRET"});
        let error = key_id(&jwk).unwrap_err();
        assert!(error.contains("`p`") || error.contains("too short"), "{error}");
        assert!(!error.contains("SECRETSECRET"));
    }

    #[test]
    fn an_ec_key_gives_the_id_that_certbot_gives() {
        // Computed with certbot 5.8: hashlib.md5(public_bytes(PEM, SubjectPublicKeyInfo)) of this public key.
        let jwk = serde_json::json!({
            "kty": "EC", "crv": "P-256", "d": "AQ",
            "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
        });
        assert_eq!(key_id(&jwk).unwrap(), EC_ONE);
    }

    /// The id of the P-256 key with private value 1.
    const EC_ONE: &str = "2a18d68b54c306ae6f1610c0965b2e70";
}
