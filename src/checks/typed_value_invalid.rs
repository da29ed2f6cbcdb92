//! A number or a truth value that certbot cannot read.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage, Setting, SettingValue};

/// An integer or boolean of `[renewalparams]` is neither.
pub static CHECK: Check = Check {
    id: "typed-value-invalid",
    title: "a number or a True/False in the renewal configuration is neither",
    severity: Severity::WillFail,
    why: "certbot says `An error occurred while parsing … The error was Expected …` and skips the lineage at every renewal",
    fix: "correct the value in renewal/NAME.conf, or remove the line",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py"],
    explains: &[
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

/// certbot's BOOL_CONFIG_ITEMS with the options of cli.ini that would replace them.
const BOOLS: [(&str, &[&str]); 4] = [
    ("must_staple", &["must-staple"]),
    ("allow_subset_of_names", &["allow-subset-of-names"]),
    ("reuse_key", &["reuse-key", "no-reuse-key"]),
    ("autorenew", &["autorenew", "no-autorenew"]),
];

/// certbot's INT_CONFIG_ITEMS, likewise.
const INTS: [(&str, &[&str]); 2] = [("rsa_key_size", &["rsa-key-size"]), ("http01_port", &["http-01-port"])];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let bools = BOOLS.iter().map(|item| (item, is_bool as fn(&Setting) -> bool, "True or False"));
    let ints = INTS.iter().map(|item| (item, is_int as fn(&Setting) -> bool, "a whole number"));
    let mut wrong = Vec::new();
    for ((key, options), reads, wanted) in bools.chain(ints) {
        let Some(setting) = conf.setting("renewalparams", key) else { continue };
        // What cli.ini sets is not read from the conf at all; interpolation has a check of its own.
        let replaced = options.iter().any(|option| host.cli(option).is_some());
        if !replaced && setting.unresolved.is_none() && !reads(setting) {
            wrong.push((setting, wanted));
        }
    }
    let Some((first, wanted)) = wrong.first() else { return Ok(vec![]) };
    let says = format!("{} of {} is not {wanted}", first.key, lineage.name);
    let mut finding = Finding::new(says).fix(
        format!("correct {} in {}", first.key, conf.at(first)),
        [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
    );
    for (setting, wanted) in wrong {
        finding = finding.saw_wanted(conf.at(setting), setting.shown(), wanted);
    }
    Ok(vec![finding])
}

/// `true` or `false` in any case; `None` is neither.
fn is_bool(setting: &Setting) -> bool {
    matches!(&setting.value, SettingValue::Text(text) if ["true", "false"].contains(&text.to_lowercase().as_str()))
}

/// What Python's `int()` takes; `None` is taken for `http01_port` alone.
fn is_int(setting: &Setting) -> bool {
    let SettingValue::Text(text) = &setting.value else { return false };
    if setting.key == "http01_port" && text == "None" {
        return true;
    }
    let digits = text.trim();
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    digits.split('_').all(|group| !group.is_empty() && group.chars().all(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, loud, only, silent, unknown};
    use crate::facts::{Role, SettingValue};

    #[test]
    fn what_certbot_refuses_fails() {
        for (key, value) in [
            ("rsa_key_size", "big"),
            ("rsa_key_size", ""),
            ("rsa_key_size", "None"),
            ("rsa_key_size", "2048.0"),
            ("rsa_key_size", "20__48"),
            ("http01_port", "none"),
            ("must_staple", "yes"),
            ("reuse_key", "1"),
            ("autorenew", "None"),
            ("allow_subset_of_names", ""),
        ] {
            let lineage = lineage_with(key, value);
            assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail, "{key} = {value}");
            assert_eq!(loud(&[lineage], &host()), ["typed-value-invalid"]);
        }
    }

    #[test]
    fn a_list_is_no_value() {
        let mut lineage = lineage_with("reuse_key", "True");
        let setting =
            lineage.conf.as_mut().unwrap().settings.iter_mut().find(|s| s.key == "reuse_key").unwrap();
        setting.value = SettingValue::List(vec!["True".into()]);
        only(&CHECK, &lineage, &host());
    }

    #[test]
    fn what_certbot_takes_is_silent() {
        silent(&CHECK, &lineage(), &host());
        for (key, value) in [
            ("rsa_key_size", "4096"),
            ("rsa_key_size", "+4_096"),
            ("http01_port", "None"),
            ("http01_port", "-1"),
            ("must_staple", "FALSE"),
            ("reuse_key", "true"),
            ("unheard_of", "maybe"),
        ] {
            silent(&CHECK, &lineage_with(key, value), &host());
        }
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
