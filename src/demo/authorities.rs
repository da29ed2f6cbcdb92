//! The CAs a manifest can name: what each calls itself, its keys and its directory.

use super::manifest::Ca;
use super::mint::{KeyKind, Style};

const LETSENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";
const PRIVATE: &str = "https://ca.internal.example/acme/acme/directory";

/// The directory URL that `server=` means: a CA's name, or a URL as it stands.
pub(super) fn server(name: &str, cas: &[Ca]) -> Option<String> {
    let own = cas.iter().find(|ca| ca.name == name);
    if let Some(url) = own.and_then(|ca| ca.server.clone()) {
        return Some(url);
    }
    match name {
        "letsencrypt" | "letsencrypt-rsa" => Some(LETSENCRYPT.to_owned()),
        "letsencrypt-staging" => Some(STAGING.to_owned()),
        "private" => Some(PRIVATE.to_owned()),
        _ if own.is_some() => Some(PRIVATE.to_owned()),
        url if url.contains("://") => Some(url.to_owned()),
        _ => None,
    }
}

/// Which CA answers at a directory URL, for a key of this kind.
pub(super) fn behind(server: &str, key: KeyKind) -> &'static str {
    match (server, key) {
        // The old address is Let's Encrypt's too, and staging the twin of either.
        (url, _) if url.contains("staging") => "letsencrypt-staging",
        (url, KeyKind::Rsa2048) if url.contains(".api.letsencrypt.org/") => "letsencrypt-rsa",
        (url, _) if url.contains(".api.letsencrypt.org/") => "letsencrypt",
        _ => "private",
    }
}

/// How the CA of this name presents itself; `None` if nobody knows it.
pub(super) fn style(name: &str, cas: &[Ca]) -> Option<Style> {
    let own = cas.iter().find(|ca| ca.name == name);
    let (org, cn, root_org, root_cn, key) = match name {
        "letsencrypt" => ("Let's Encrypt", "YE1", "ISRG", "Root YE", KeyKind::P384),
        "letsencrypt-rsa" => ("Let's Encrypt", "YR1", "ISRG", "Root YR", KeyKind::Rsa2048),
        "letsencrypt-staging" => (
            "Let's Encrypt",
            "(STAGING) Puzzling Parsnip E7",
            "(STAGING) Internet Security Research Group",
            "(STAGING) Bogus Broccoli X2",
            KeyKind::P384,
        ),
        "private" => private(),
        _ if own.is_some() => private(),
        _ => return None,
    };
    let said = |value: Option<&String>, usual: &str| value.map_or(usual, |v| v).to_owned();
    let (own_org, own_cn) = match own {
        Some(ca) => (ca.org.as_ref(), ca.cn.as_ref()),
        None => (None, None),
    };
    let root_cn = own_cn.map_or(root_cn.to_owned(), |cn| format!("{cn} Root"));
    Some(Style {
        org: said(own_org, org),
        cn: said(own_cn, cn),
        root_org: said(own_org, root_org),
        root_cn,
        key: own.and_then(|ca| ca.key).unwrap_or(key),
    })
}

fn private() -> (&'static str, &'static str, &'static str, &'static str, KeyKind) {
    let org = "Example Corp";
    (org, "Example Corp Issuing CA", org, "Example Corp Root CA", KeyKind::P256)
}
