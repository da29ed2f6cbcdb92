//! The server takes the connection and then takes its time.

use super::walked::{shown, start};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// The server takes the connection and then takes its time.
pub static CHECK: Check = Check {
    id: "slow-server",
    title: "the server does not answer in time",
    severity: Severity::MayFail,
    why: "the CA waits a few seconds in all: `Timeout during read (your server may be slow or overloaded)`, or \
          `Timeout after connect`",
    fix: "serve /.well-known/acme-challenge/ as plain files, before anything that is slow",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://github.com/letsencrypt/boulder/blob/main/va/http.go",
        "https://github.com/certbot/certbot/issues/3361",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Slow)?;
    let says = |names: &str, walk: &Walk| {
        let (url, millis) = walk.last().map(|hop| (start(&hop.url), hop.millis)).unwrap_or_default();
        format!(
            "{names}: {url} takes the connection and gives no answer within {}.{} s",
            millis / 1000,
            millis % 1000 / 100
        )
    };
    Ok(shown.finding(says, "an answer within a few seconds", "serve the path as plain files, then try"))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, ended, fails, hop, passes};
    use crate::facts::net::Fault;

    #[test]
    fn silence_after_the_connection_may_fail() {
        for fault in [Fault::AnswerTimeout, Fault::ReadTimeout, Fault::BodyTimeout] {
            let slow = crate::facts::net::Hop { millis: 10_230, ..hop(URL) };
            let walk = ended(vec![slow], fault);
            passes(&CHECK, "standalone", walk.clone());
            assert_eq!(fails(&CHECK, walk, "within 10.2 s").0, Severity::MayFail);
        }
    }
}
