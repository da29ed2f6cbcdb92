//! The challenge path wants a password.

use super::walked::{MAY_BE_SERVED, shown, start, with_suspects};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// The challenge path wants a password.
pub static CHECK: Check = Check {
    id: "auth-on-site",
    title: "a password or a sign-in stands before the challenge path",
    severity: Severity::MayFail,
    why: "the CA has no password: `Invalid response from URL: 401`",
    fix: "exempt /.well-known/acme-challenge/: `auth_basic off;` in its location in nginx, `Require all \
          granted` in Apache",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://nginx.org/en/docs/http/ngx_http_auth_basic_module.html",
        "https://github.com/NginxProxyManager/nginx-proxy-manager/issues/3539",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Auth)?;
    let says = |names: &str, walk: &Walk| match walk.answer().and_then(|hop| hop.header("www-authenticate")) {
        Some(wanted) => format!("{names}: the challenge path wants a password ({})", start(wanted)),
        None => format!("{names}: the challenge path leads to a sign-in"),
    };
    let findings = shown.findings(says, "no password for this path", "exempt the path, then try");
    // An application's sign-in page, where a file may come before the application.
    let page =
        |walk: &Walk| walk.expected.is_none() && walk.answer().is_some_and(|hop| hop.status == Some(200));
    let lower =
        |(finding, walk): (Finding, &Walk)| finding.lowered_if(page(walk), Severity::Note, MAY_BE_SERVED);
    Ok(findings.into_iter().map(lower).map(|finding| with_suspects(finding, host, CHECK.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, fails, miss, moved, passes};

    #[test]
    fn a_401_may_fail() {
        let mut hop = answered(URL, 401, "nginx", "");
        hop.headers.insert("www-authenticate".into(), "Basic realm=\"staff\"".into());
        let walk = miss(vec![hop]);
        passes(&CHECK, "nginx", walk.clone());
        assert_eq!(fails(&CHECK, walk, "wants a password (Basic realm").0, Severity::MayFail);
    }

    #[test]
    fn a_sign_in_page_for_a_miss_is_a_note() {
        let to = "http://example.com/login?return=x";
        let walk = miss(vec![moved(URL, to), answered(to, 200, "nginx", "<html>")]);
        assert_eq!(fails(&CHECK, walk, "leads to a sign-in").0, Severity::Note);
    }
}
