//! The conf was written by a newer certbot than any on this host.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage, release};

/// `version` in the conf is above every certbot found.
pub static CHECK: Check = Check {
    id: "newer-conf-older-certbot",
    title: "a newer certbot wrote this conf",
    severity: Severity::Note,
    why: "the certbot that is left may not know what the newer one wrote, and it has neither its plugins nor its rules",
    fix: "install at least the version that wrote the conf, or find out where that certbot went",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(setting) = conf.top("version") else { return Ok(vec![]) };
    let Some(written) = setting.text().and_then(release) else { return Ok(vec![]) };
    let installs = host.installs.as_ref()?;
    // One of unknown version may be the one that wrote it.
    let all_known = installs.iter().all(|install| install.release().is_some());
    let Some(newest) = installs.iter().max_by_key(|i| i.release()).filter(|_| all_known) else {
        return Ok(vec![]);
    };
    if newest.release() >= Some(written) {
        return Ok(vec![]);
    }
    let has = newest.version.as_deref().unwrap_or_default();
    let finding = Finding::new(format!(
        "certbot {} wrote the conf of {}, and this host has {has}",
        setting.text().unwrap_or_default(),
        lineage.name
    ))
    .saw(conf.at(setting), setting.shown())
    .saw(&newest.path, format!("certbot {has} ({})", newest.kind.word()));
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, unknown, with_certbots};
    use crate::facts::Role;

    #[test]
    fn an_older_certbot_alone_is_noted() {
        assert_eq!(only(&CHECK, &lineage(), &with_certbots(&["2.1.0"])).0, Severity::Note);
    }

    #[test]
    fn the_same_or_a_newer_one_or_none_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &with_certbots(&["2.1.0", "5.9.0"]));
        silent(&CHECK, &lineage(), &with_certbots(&["5.8.1"]));
        silent(&CHECK, &lineage(), &with_certbots(&[]));
    }

    #[test]
    fn certbots_that_cannot_be_listed_are_unknown() {
        let mut host = host();
        host.installs = denied(Role::Other);
        unknown(&CHECK, &lineage(), &host);
    }
}
