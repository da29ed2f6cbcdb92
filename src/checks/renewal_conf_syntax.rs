//! A conf that ConfigObj cannot parse.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage, Why};

/// The conf is not in ConfigObj's format.
pub static CHECK: Check = Check {
    id: "renewal-conf-syntax",
    title: "the renewal configuration does not parse",
    severity: Severity::WillFail,
    why: "certbot says `error parsing …/renewal/NAME.conf` and skips the lineage at every renewal",
    fix: "mend the line, then try certbot renew --cert-name NAME --dry-run",
    cites: &[
        "https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    let Err(missing) = &lineage.conf else { return Ok(vec![]) };
    let Why::Malformed(line, what) = &missing.why else { return Err(Skip::from(missing)) };
    // The line itself is not shown: it may hold a hook with a password.
    let place = match line {
        0 => missing.what.clone(),
        line => format!("{}:{line}", missing.what),
    };
    let finding =
        Finding::new(format!("the renewal configuration of {} does not parse: {what}", lineage.name))
            .saw_wanted(&place, what, "`key = value`, `[section]` or a comment")
            .fix(format!("mend {place}"), [format!("certbot renew --cert-name {} --dry-run", lineage.name)]);
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Missing, Role, Why};

    #[test]
    fn a_line_that_does_not_parse_fails_and_is_named_once() {
        let mut lineage = lineage();
        let why = Why::Malformed(12, "the key `server` stands twice".into());
        lineage.conf = Err(Missing::new("/etc/letsencrypt/renewal/example.com.conf", why, Role::Conf));
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].r#where, "/etc/letsencrypt/renewal/example.com.conf:12");
        assert!(finding.says.ends_with("does not parse: the key `server` stands twice"), "{}", finding.says);
        assert_eq!(loud(&[lineage], &host()), ["renewal-conf-syntax"]);
    }

    #[test]
    fn a_conf_that_parses_is_silent_and_so_is_one_that_is_a_folder() {
        silent(&CHECK, &lineage(), &host());
        let mut folder = lineage();
        folder.conf = Err(Missing::new("/x", Why::NotAFile("a folder".into()), Role::Conf));
        silent(&CHECK, &folder, &host());
    }

    #[test]
    fn a_conf_we_may_not_read_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
