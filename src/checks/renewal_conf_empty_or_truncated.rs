//! A conf that lost its content: one of the four path keys is not there.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage};

/// The conf is empty, or does not name all four files.
pub static CHECK: Check = Check {
    id: "renewal-conf-empty-or-truncated",
    title: "the renewal configuration is empty or cut off",
    severity: Severity::WillFail,
    why: "certbot refuses it (`renewal config file {} is missing a required file reference`) and skips the lineage at \
          every renewal",
    fix: "restore renewal/NAME.conf from a backup or write it after another lineage's, then try certbot renew --dry-run",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
        "https://github.com/certbot/certbot/issues/5868",
    ],
    explains: &[
        "live-not-symlink",
        "symlink-target-missing",
        "renewalparams-missing",
        "authenticator-missing",
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let absent: Vec<&str> =
        Kind::ALL.iter().map(|kind| kind.word()).filter(|key| conf.top(key).is_none()).collect();
    if absent.is_empty() {
        return Ok(vec![]);
    }
    let finding = if conf.settings.is_empty() {
        let saw = match conf.size {
            0 => "the file is empty".to_owned(),
            n => format!("{n} bytes, and no `key = value` among them"),
        };
        Finding::new(format!("the renewal configuration of {} holds nothing", lineage.name)).saw_wanted(
            &conf.path,
            saw,
            "cert, privkey, chain and fullchain with their paths",
        )
    } else {
        let keys = absent.join(", ");
        Finding::new(format!(
            "the renewal configuration of {} does not say where to find: {keys}",
            lineage.name
        ))
        .saw_wanted(
            &conf.path,
            format!("{} bytes, no line for {keys} before the first section", conf.size),
            absent
                .iter()
                .map(|key| format!("{key} = {}/live/{}/{key}.pem", host.dirs.config, lineage.name))
                .collect::<Vec<_>>()
                .join("; "),
        )
    };
    Ok(vec![finding.fix(
        "restore the file from a backup; the four paths and [renewalparams] can be copied from another lineage's conf",
        [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
    )])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{conf, denied, host, lineage, loud, only, silent, unknown, unset};
    use crate::facts::Role;

    #[test]
    fn a_conf_of_no_bytes_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        let mut empty = conf(&[]);
        empty.size = 0;
        lineage.conf = Ok(empty);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].saw, "the file is empty");
        assert_eq!(loud(&[lineage], &host()), ["renewal-conf-empty-or-truncated"]);
    }

    #[test]
    fn a_conf_cut_off_after_its_first_lines_fails_and_names_what_is_gone() {
        let mut lineage = lineage();
        lineage.conf =
            Ok(conf(&[("", "version", "5.8.0"), ("", "cert", "/etc/letsencrypt/live/example.com/cert.pem")]));
        assert!(only(&CHECK, &lineage, &host()).1.says.ends_with("privkey, chain, fullchain"));
        assert_eq!(loud(&[lineage], &host()), ["renewal-conf-empty-or-truncated"]);
    }

    #[test]
    fn a_path_key_inside_a_section_does_not_count() {
        let mut lineage = lineage();
        let conf = lineage.conf.as_mut().unwrap();
        unset(conf, "", "chain");
        crate::checks::testing::set(
            conf,
            "renewalparams",
            "chain",
            "/etc/letsencrypt/live/example.com/chain.pem",
        );
        only(&CHECK, &lineage, &host());
    }

    #[test]
    fn four_paths_are_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
