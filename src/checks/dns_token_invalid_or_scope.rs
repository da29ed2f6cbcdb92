//! A DNS plugin's credentials are not what the plugin, or its provider, takes.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::dns_plugins::{self, Plugin};
use crate::facts::{Credentials, HostFacts, Lineage, Logged, Properties, Why, try_it};

/// The credentials lack a property, contradict each other, or were refused.
pub static CHECK: Check = Check {
    id: "dns-token-invalid-or-scope",
    title: "the credentials of the DNS plugin are incomplete, or the provider refuses them",
    severity: Severity::WillFail,
    why: "the plugin reads the file at each renewal and stops where a property is missing or one too many; a token that \
          has expired, was revoked or does not reach the zone is refused by the provider",
    fix: "write the properties that the plugin's manual names, with a token that may edit the DNS records of the zone",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#dns-plugins",
        "https://certbot-dns-cloudflare.readthedocs.io/en/stable/#credentials",
        "https://github.com/certbot/certbot/issues/9768",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Why a refusal in the past is not certain to come again.
const REFUSED_ONCE: &str = "seen in certbot's log, and perhaps mended since";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    if host.chooses_authenticator(lineage) {
        return Err(Skip::NotApplicable("the authenticator is chosen outside the conf"));
    }
    let Some(plugin) = lineage.authenticator().and_then(dns_plugins::find) else { return Ok(vec![]) };
    if let Some(finding) = of_file(lineage, host, plugin)? {
        return Ok(vec![finding]);
    }
    Ok(host.failed(lineage)?.and_then(|failed| of_log(lineage, plugin, failed)).into_iter().collect())
}

/// What the plugin itself says of the file.
fn of_file(lineage: &Lineage, host: &HostFacts, plugin: &Plugin) -> Result<Option<Finding>, Skip> {
    let Some(read) = lineage.properties.as_ref() else { return Ok(None) };
    let Some(Credentials { path: file, .. }) = lineage.credentials(host)? else { return Ok(None) };
    let (what, place, saw) = match read {
        Ok(properties) => {
            // Tokens came with certbot 1.2.
            let old = host.newest_certbot().is_some_and(|newest| newest < (1, 2));
            let names_project = lineage.conf.as_ref()?.param("dns_google_project").is_some()
                || host.given("dns-google-project").is_some();
            let fault = plugin.fault(properties, names_project).filter(|_| !old);
            let Some(fault) = fault else { return Ok(None) };
            (fault, file.to_owned(), held(properties))
        }
        Err(missing) => match &missing.why {
            Why::Malformed(line, what) => {
                (format!("cannot be parsed: line {line} {what}"), format!("{file}:{line}"), what.clone())
            }
            // Another check speaks of a file that is not there.
            Why::NotFound | Why::NotAFile(_) => return Ok(None),
            _ => return Err(Skip::from(missing)),
        },
    };
    let finding = Finding::new(format!("{file}, the credentials of {}, {what}", plugin.name))
        .about(Subject::Path(file.to_owned()))
        .saw_wanted(place, saw, format!("what {} asks for", plugin.name))
        .fix("complete the file, then try", [try_it(lineage)]);
    Ok(Some(finding))
}

/// The names of the properties; their values are nobody's business.
fn held(properties: &Properties) -> String {
    let named = |property: &crate::facts::Property| {
        let empty = if properties.is_set(&property.name) { "" } else { " (empty)" };
        format!("{}{empty}", property.name)
    };
    match properties.held.as_slice() {
        [] => "no property".to_owned(),
        held => held.iter().map(named).collect::<Vec<_>>().join(", "),
    }
}

/// What the provider said, where nobody has changed the file since.
fn of_log(lineage: &Lineage, plugin: &Plugin, failed: &Logged) -> Option<Finding> {
    let is_refusal = plugin.refusals.iter().any(|words| failed.error.contains(words));
    let changed = lineage.properties.as_ref().and_then(|read| read.as_ref().ok()?.modified);
    if !is_refusal || changed.is_some_and(|changed| changed > failed.at) {
        return None;
    }
    let finding = Finding::new(format!(
        "on {} {} was refused by its provider, or was not shown the zone",
        failed.at.strftime("%Y-%m-%d"),
        plugin.name
    ))
    .evidence(Evidence {
        kind: Source::Log,
        wanted: Some("a token that may edit the zone".into()),
        ..Evidence::file(&failed.place, &failed.error)
    })
    .fix(
        "see at the provider whether the token still holds, whether it may edit this zone, and from which addresses; then try",
        [try_it(lineage)],
    );
    Some(finding.lowered(Severity::MayFail, REFUSED_ONCE))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{
        cli_ini, days, denied, failed, host, lineage, only, params, silent, unknown, with_certbots,
        with_command,
    };
    use crate::facts::{
        Fact, HostFacts, Lineage, Missing, PathState, Properties, Property, Role, Shape, Why,
    };

    const FILE: &str = "/root/.secrets/cloudflare.ini";

    fn with(read: Fact<Properties>) -> Lineage {
        let mut lineage =
            params(&[("authenticator", "dns-cloudflare"), ("dns_cloudflare_credentials", FILE)]);
        lineage.paths.insert(FILE.into(), PathState::File { executable: false, readable_by_all: false });
        lineage.properties = Some(read);
        lineage
    }

    fn holds(names: &[&str]) -> Lineage {
        let property =
            |name: &&str| Property { name: format!("dns_cloudflare_{name}"), line: 1, shape: Shape::Text };
        let held = names.iter().map(property).collect();
        with(Ok(Properties { path: FILE.into(), modified: Some(days(-20)), held }))
    }

    fn missing(why: Why) -> Lineage {
        with(Err(Missing::new(FILE, why, Role::Other)))
    }

    #[test]
    fn half_a_key_and_a_token_together_with_one_fail() {
        let (severity, finding) = only(&CHECK, &holds(&["email"]), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(
            finding.says,
            "/root/.secrets/cloudflare.ini, the credentials of dns-cloudflare, has dns_cloudflare_email and no \
             dns_cloudflare_api_key"
        );
        assert_eq!(finding.subject, Subject::Path(FILE.into()));
        assert_eq!(finding.evidence[0].saw, "dns_cloudflare_email");
        only(&CHECK, &holds(&["api_token", "email", "api_key"]), &host());
        only(&CHECK, &holds(&[]), &host());
    }

    #[test]
    fn a_file_that_does_not_parse_fails() {
        let broken = missing(Why::Malformed(3, "is no NAME = VALUE".into()));
        let (severity, finding) = only(&CHECK, &broken, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.ends_with("cannot be parsed: line 3 is no NAME = VALUE"), "{}", finding.says);
    }

    #[test]
    fn a_refusal_in_the_log_may_fail_until_the_file_is_changed() {
        let refused = "Error determining zone_id: 6003 Invalid request headers. Please confirm that you have supplied \
                       valid Cloudflare API credentials.";
        let (severity, finding) = only(&CHECK, &holds(&["api_token"]), &failed(-1, refused, &[]));
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[0].saw, refused);
        silent(&CHECK, &holds(&["api_token"]), &failed(-40, refused, &[]));
        let mut changed = holds(&["api_token"]);
        if let Some(Ok(properties)) = &mut changed.properties {
            properties.modified = Some(days(0));
        }
        silent(&CHECK, &changed, &failed(-1, refused, &[]));
        let network = "Network error communicating with the Cloudflare API";
        silent(&CHECK, &holds(&["api_token"]), &failed(-1, network, &[]));
        let route53 = params(&[("authenticator", "dns-route53")]);
        only(
            &CHECK,
            &route53,
            &failed(-1, "An error occurred (AccessDenied) when calling ListHostedZones", &[]),
        );
    }

    #[test]
    fn complete_credentials_and_other_plugins_are_silent() {
        silent(&CHECK, &holds(&["api_token"]), &host());
        silent(&CHECK, &holds(&["email", "api_key"]), &host());
        silent(&CHECK, &lineage(), &failed(-1, "401 Client Error", &[]));
        silent(&CHECK, &params(&[("authenticator", "dns-hetzner")]), &failed(-1, "401 Client Error", &[]));
        silent(&CHECK, &missing(Why::NotFound), &host());
    }

    #[test]
    fn what_is_given_outside_the_conf_and_certbots_before_tokens_are_silent() {
        silent(&CHECK, &holds(&[]), &cli_ini(&[("dns-cloudflare-credentials", "/etc/cf.ini")]));
        silent(&CHECK, &holds(&[]), &with_command("certbot renew --dns-cloudflare-credentials /etc/cf.ini"));
        silent(&CHECK, &holds(&[]), &with_command("certbot renew --webroot"));
        silent(&CHECK, &holds(&["api_token"]), &with_certbots(&["0.31.0"]));
    }

    #[test]
    fn what_may_not_be_read_is_unknown() {
        unknown(&CHECK, &missing(Why::Denied), &host());
        unknown(&CHECK, &holds(&["api_token"]), &HostFacts { logged: denied(Role::Other), ..host() });
        let mut unread = lineage();
        unread.conf = denied(Role::Conf);
        unknown(&CHECK, &unread, &host());
    }
}
