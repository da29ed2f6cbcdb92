//! The challenge path is denied.

use super::walked::{shown, start, with_suspects};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// The challenge path is denied.
pub static CHECK: Check = Check {
    id: "dotfile-deny",
    title: "the server denies the challenge path",
    severity: Severity::MayFail,
    why: "a rule against dotfiles (`location ~ /\\. { deny all; }`) wins over the plain location, and the CA \
          gets `Invalid response from URL: 403`",
    fix: "`location ^~ /.well-known/acme-challenge/ { … }` in nginx, which wins over regular expressions; an \
          exception in Apache's rule",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://nginx.org/en/docs/http/ngx_http_core_module.html#location",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Deny)?;
    let says = |names: &str, walk: &Walk| {
        let server = walk.last().and_then(|hop| hop.server.as_deref()).map(start);
        format!("{names}: {} denies the challenge path with 403", server.as_deref().unwrap_or("the server"))
    };
    let findings =
        shown.finding(says, "404", "let the path through before the rule that denies it, then try");
    Ok(findings.into_iter().map(|finding| with_suspects(finding, host, CHECK.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{host, only};
    use crate::checks::walked::fixture::{URL, answered, fails, lineage, miss, passes};
    use crate::facts::Suspect;

    #[test]
    fn a_403_may_fail() {
        let walk = miss(vec![answered(URL, 403, "nginx/1.26.0", "")]);
        passes(&CHECK, "nginx", walk.clone());
        passes(&CHECK, "standalone", walk.clone());
        assert_eq!(fails(&CHECK, walk, "nginx/1.26.0 denies").0, Severity::MayFail);
    }

    #[test]
    fn the_line_that_may_deny_it_is_shown() {
        let mut host = host();
        host.servers.suspects = ["auth-on-site", "dotfile-deny"]
            .map(|id| Suspect {
                id: id.into(),
                r#where: format!("/etc/nginx/{id}:3"),
                text: "location ~ /\\.".into(),
            })
            .to_vec();
        let denied = lineage("webroot", Some(Ok(miss(vec![answered(URL, 403, "nginx", "")]))));
        let (severity, finding) = only(&CHECK, &denied, &host);
        assert_eq!(severity, Severity::MayFail);
        let files: Vec<&str> =
            finding.evidence.iter().map(|e| e.r#where.as_str()).filter(|w| w.starts_with('/')).collect();
        assert_eq!(files, ["/etc/nginx/dotfile-deny:3"]);
    }
}
