//! `previous_*.pem` links: an update of the live links was cut off.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Kind, Lineage};

/// certbot was stopped between setting the four links aside and removing the old ones.
pub static CHECK: Check = Check {
    id: "interrupted-update-previous-links",
    title: "an update of the live links was cut off",
    severity: Severity::MayFail,
    why: "with all four previous_*.pem there certbot goes back to them at its next run and links anew, without a hook or a \
          reload; with fewer it removes them and leaves live as it is, which may be half old and half new",
    fix: "certbot renew --cert-name NAME, then reload by hand every server that uses it",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let left: Vec<&String> = Kind::ALL
        .iter()
        .filter_map(|kind| {
            let name = format!("/previous_{}.pem", kind.word());
            lineage.previous_links.iter().find(|path| path.ends_with(&name))
        })
        .collect();
    if left.is_empty() {
        return Ok(vec![]);
    }
    if matches!(host.locked_by, Some(Ok(Some(_)))) {
        return Err(Skip::NotApplicable("a certbot holds its lock and may be linking now"));
    }
    let mut finding = Finding::new(format!("an update of the live links of {} was cut off", lineage.name));
    for path in &left {
        finding = finding.saw_wanted(path.as_str(), "a link", "nothing");
    }
    let finding = finding.fix(
        "let certbot clean up, then reload by hand what uses the certificate",
        [format!("certbot renew --cert-name {}", lineage.name), "systemctl reload nginx".to_owned()],
    );
    let first = lineage.live.first().and_then(|link| link.version());
    let agree = first.is_some() && lineage.live.iter().all(|link| link.version() == first);
    Ok(vec![if left.len() == Kind::ALL.len() {
        finding.lowered(Severity::Note, "all four are there, so certbot restores them by itself")
    } else {
        finding.lowered_if(
            agree,
            Severity::Note,
            "the four live links agree, and certbot removes the rest by itself",
        )
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, link, only, silent, unknown};
    use crate::facts::{Kind, Lineage, Role};

    fn left(words: &[&str]) -> Lineage {
        let mut lineage = lineage();
        lineage.previous_links = words
            .iter()
            .map(|word| format!("/etc/letsencrypt/live/example.com/previous_{word}.pem"))
            .collect();
        lineage
    }

    #[test]
    fn some_beside_links_that_do_not_agree_may_fail() {
        let mut lineage = left(&["chain", "fullchain"]);
        lineage.live[0].state = link(Kind::Cert, 1);
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::MayFail);
    }

    #[test]
    fn all_four_or_a_rest_beside_good_links_are_a_note() {
        assert_eq!(
            only(&CHECK, &left(&["cert", "privkey", "chain", "fullchain"]), &host()).0,
            Severity::Note
        );
        assert_eq!(only(&CHECK, &left(&["fullchain"]), &host()).0, Severity::Note);
    }

    #[test]
    fn none_or_a_running_certbot_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &left(&["notes"]), &host());
        let mut host = host();
        host.locked_by = Some(Ok(Some(4711)));
        silent(&CHECK, &left(&["cert"]), &host);
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
