//! When two URIs name one account.

/// The forms that Let's Encrypt has given to the URI of one account: of ACMEv1 and of v2.
/// <https://github.com/letsencrypt/boulder/blob/main/test/config/va.json>
const FORMS: [[&str; 2]; 2] = [
    ["https://acme-v01.api.letsencrypt.org/acme/reg/", "https://acme-v02.api.letsencrypt.org/acme/acct/"],
    [
        "https://acme-staging.api.letsencrypt.org/acme/reg/",
        "https://acme-staging-v02.api.letsencrypt.org/acme/acct/",
    ],
];

/// Whether an `accounturi` means the account that has a URI: letter for letter, or by Let's Encrypt's older form.
pub fn same_account(uri: &str, own: &str) -> bool {
    uri == own
        || FORMS.iter().any(|forms| matches!((id(uri, forms), id(own, forms)), (Some(a), Some(b)) if a == b))
}

fn id<'a>(uri: &'a str, forms: &[&str]) -> Option<&'a str> {
    forms.iter().find_map(|form| uri.strip_prefix(form)).filter(|id| !id.is_empty())
}
