//! This host's resolver gives other addresses than the public DNS.

use crate::check::{Check, Evidence, Finding, Run, Severity, Verdict};
use crate::facts::{HTTP_01, HostFacts, Lineage};

/// Inside there are private addresses, outside public ones.
pub static CHECK: Check = Check {
    id: "split-horizon",
    title: "this host resolves the name otherwise than the CA does",
    severity: Severity::Note,
    why: "the CA follows the public addresses, so what this host reaches by its own resolver is not the CA's way",
    fix: "nothing needs mending; --resolver asks a public resolver instead",
    cites: &["https://www.rfc-editor.org/rfc/rfc8499#section-6"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, Some(HTTP_01))?;
    let split: Vec<_> = resolved.known.iter().filter(|(_, dns)| dns.has_a_view_of_its_own()).collect();
    let Some((first, dns)) = split.first() else { return resolved.verdict(vec![]) };
    let inside: Vec<String> = dns.a.records().iter().map(ToString::to_string).collect();
    let inside6 = dns.aaaa.records().iter().map(ToString::to_string);
    let outside: Vec<String> = dns.addresses().iter().map(ToString::to_string).collect();
    let place = format!("A and AAAA of {}", first.identifier);
    let shown: Vec<String> = inside.into_iter().chain(inside6).collect();
    let finding = Finding::new(format!(
        "this host reaches {} at {}, and the CA at {}",
        first.identifier,
        shown.join(", "),
        outside.join(", ")
    ))
    .identifiers(split.iter().map(|(name, _)| name.identifier.as_str()))
    .evidence(Evidence::dns(place.as_str(), shown.join(", "), &dns.resolver))
    .evidence(Evidence::dns(place, outside.join(", "), dns.public().2));
    resolved.verdict(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{host, only, silent, unknown, unresolved, with_dns};
    use crate::facts::net::{Direct, Dns, Outcome};

    fn views(inside: [u8; 4], outside: [u8; 4]) -> impl Fn(&mut Dns) {
        move |dns| {
            dns.a = Outcome::Found(vec![inside.into()]);
            let a = Outcome::Found(vec![outside.into()]);
            dns.direct = Some(Direct { server: "45.45.45.53".into(), a, aaaa: Outcome::Nothing });
        }
    }

    #[test]
    fn private_inside_and_public_outside_is_a_note() {
        let (severity, finding) = only(&CHECK, &with_dns(views([10, 0, 0, 7], [45, 45, 45, 7])), &host());
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.says, "this host reaches example.com at 10.0.0.7, and the CA at 45.45.45.7");
    }

    #[test]
    fn one_view_and_a_network_that_answers_by_place_are_silent() {
        silent(&CHECK, &with_dns(views([10, 0, 0, 7], [10, 0, 0, 7])), &host());
        silent(&CHECK, &with_dns(views([45, 45, 45, 7], [45, 45, 46, 7])), &host());
        unknown(&CHECK, &unresolved(), &host());
    }
}
