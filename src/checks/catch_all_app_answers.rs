//! An application answers for the challenge path.

use super::walked::{MAY_BE_SERVED, shown};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// An application answers for the challenge path.
pub static CHECK: Check = Check {
    id: "catch-all-app-answers",
    title: "an application answers whatever path is asked for",
    severity: Severity::MayFail,
    why: "where the application comes before the files the CA gets its page: `Invalid response from URL: \
          \"<!doctype html>…\"` or `The key authorization file from the server did not match this challenge`",
    fix: "serve /.well-known/acme-challenge/ from the web root before the application: `location ^~ \
          /.well-known/acme-challenge/ { root DIR; }` in nginx",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://nginx.org/en/docs/http/ngx_http_core_module.html#location",
        "https://github.com/certbot/certbot/issues/5559",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::CatchAll)?;
    let says = |names: &str, walk: &Walk| {
        let what = match walk.answer().and_then(|hop| Some((hop, hop.status?))) {
            Some((hop, 200)) if hop.is_html() => "a page".to_owned(),
            Some((_, status)) => format!("status {status}"),
            None => "something that is no HTTP/1.1".to_owned(),
        };
        format!("{names}: {what} comes for a challenge that does not exist, where a 404 would be right")
    };
    let findings = shown.findings(
        says,
        "404",
        "serve /.well-known/acme-challenge/ as files before the application, then try",
    );
    // Files may come before the application, and nobody planted one.
    let open = |walk: &Walk| walk.expected.is_none() && walk.answer().is_some();
    let lower =
        |(finding, walk): (Finding, &Walk)| finding.lowered_if(open(walk), Severity::Note, MAY_BE_SERVED);
    Ok(findings.into_iter().map(lower).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, ended, fails, hop, miss, passes};
    use crate::facts::net::Fault;

    #[test]
    fn a_page_for_a_miss_is_a_note_for_files_may_come_first() {
        let walk = miss(vec![answered(URL, 200, "nginx", "<!doctype html>")]);
        passes(&CHECK, "nginx", walk.clone());
        assert_eq!(fails(&CHECK, walk, "a page comes").0, Severity::Note);
        let broken = miss(vec![answered(URL, 502, "nginx", "")]);
        assert_eq!(fails(&CHECK, broken, "status 502").0, Severity::Note);
    }

    #[test]
    fn a_page_in_place_of_a_planted_token_or_no_http_at_all_may_fail() {
        let mut walk = miss(vec![answered(URL, 200, "nginx", "<!doctype html>")]);
        walk.expected = Some("token.thumbprint".into());
        assert_eq!(fails(&CHECK, walk, "a page comes").0, Severity::MayFail);
        assert_eq!(fails(&CHECK, ended(vec![hop(URL)], Fault::Http2), "no HTTP/1.1").0, Severity::MayFail);
    }
}
