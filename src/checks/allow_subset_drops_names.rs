//! A name was lost at the last renewal, and the conf allows that.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage};

/// `allow_subset_of_names`, and a name less than before.
pub static CHECK: Check = Check {
    id: "allow-subset-drops-names",
    title: "the last renewal dropped a name",
    severity: Severity::MayFail,
    why: "certbot leaves out a name whose challenge fails and takes the names of the next renewal from the certificate that \
          it has: the name never comes back",
    fix: "reissue with every name: certbot certonly --cert-name NAME -d …, and remove allow_subset_of_names",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#certbot-command-line-options",
        "https://github.com/certbot/certbot/issues/7922",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let (place, saw) = match (host.cli_true("allow-subset-of-names"), conf.param("allow_subset_of_names")) {
        (Some((file, setting)), _) => (format!("{}:{}", file.path, setting.line), setting.shown()),
        (None, Some(setting)) if conf.param_true("allow_subset_of_names") => {
            (conf.at(setting), setting.shown())
        }
        _ => return Ok(vec![]),
    };
    let cert = lineage.cert.as_ref()?;
    let archive = lineage.archive.as_ref()?;
    let Some(current) = lineage.link(Kind::Cert).version() else { return Ok(vec![]) };
    let before = archive.versions.iter().rev().find(|v| v.number < current && v.issued.is_some());
    let Some((before, issued)) = before.and_then(|v| Some((v, v.issued.as_ref()?))) else {
        return Ok(vec![]);
    };
    let lost: Vec<&str> =
        issued.names.iter().filter(|n| !cert.names.contains(n)).map(String::as_str).collect();
    if lost.is_empty() {
        return Ok(vec![]);
    }
    let all: String = issued.names.iter().map(|name| format!(" -d {name}")).collect();
    Ok(vec![
        Finding::new(format!("{} lost {} at the last renewal", lineage.name, lost.join(", ")))
            .identifiers(lost.iter().copied())
            .saw(place, saw)
            .saw(format!("{}/cert{}.pem", archive.path, before.number), issued.names.join(" "))
            .saw_wanted(
                format!("{}/cert{current}.pem", archive.path),
                cert.names.join(" "),
                issued.names.join(" "),
            )
            .fix(
                "reissue with every name, if it is still yours",
                [format!("certbot certonly --cert-name {}{all}", lineage.name)],
            ),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::{Lineage, Role};

    fn lost(mut lineage: Lineage) -> Lineage {
        lineage.cert.as_mut().unwrap().names.pop();
        lineage
    }

    #[test]
    fn a_name_less_than_before_may_fail() {
        let (severity, finding) = only(&CHECK, &lost(lineage_with("allow_subset_of_names", "True")), &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.identifiers, ["www.example.com"]);
    }

    #[test]
    fn without_the_flag_or_without_a_loss_it_is_silent() {
        silent(&CHECK, &lost(lineage()), &host());
        silent(&CHECK, &lineage_with("allow_subset_of_names", "True"), &host());
        silent(&CHECK, &lost(lineage_with("allow_subset_of_names", "False")), &host());
    }

    #[test]
    fn an_archive_we_may_not_list_is_unknown() {
        let mut lineage = lineage_with("allow_subset_of_names", "True");
        lineage.archive = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
