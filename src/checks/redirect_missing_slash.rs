//! A redirect glues the path to the host.

use super::walked::{shown, start, with_suspects};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// A redirect glues the path to the host.
pub static CHECK: Check = Check {
    id: "redirect-missing-slash",
    title: "a redirect lacks the slash after the host",
    severity: Severity::WillFail,
    why: "the CA is sent to HOST.well-known: `Invalid host in redirect target … Check webserver config for \
          missing '/' in redirect target`",
    fix: "end the redirect's target with a slash: `Redirect / https://example.org/` in Apache, `return 301 \
          https://$host$request_uri;` in nginx",
    cites: &[
        "https://github.com/letsencrypt/boulder/blob/main/va/http.go",
        "https://httpd.apache.org/docs/2.4/mod/mod_alias.html#redirect",
        "https://github.com/letsencrypt/boulder/issues/3606",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::MissingSlash)?;
    let says = |names: &str, walk: &Walk| {
        let to = walk.last().and_then(|hop| hop.location.as_deref()).unwrap_or_default();
        format!("{names}: the challenge is redirected to {}: a slash is missing after the host", start(to))
    };
    let findings = shown.finding(
        says,
        "a host and a path",
        "end the redirect's target with a slash (`Redirect / https://example.org/`), then try",
    );
    Ok(findings.into_iter().map(|finding| with_suspects(finding, host, CHECK.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, ended, fails, moved, passes};
    use crate::facts::net::Fault;

    #[test]
    fn a_path_that_is_glued_to_the_host_fails() {
        let host = "example.com.well-known";
        let walk = ended(vec![moved(URL, &format!("https://{host}/x"))], Fault::MissingSlash(host.into()));
        passes(&CHECK, "nginx", walk.clone());
        let (severity, _) = fails(&CHECK, walk, "redirected to https://example.com.well-known/x");
        assert_eq!(severity, Severity::MayFail);
    }
}
