//! What the checks of servers that are stopped before a challenge share. No check by itself.

use crate::check::Finding;
use crate::facts::{Before, BeforeKind};

/// Names that nginx and what is built from it go by.
pub(super) const NGINX: [&str; 3] = ["nginx", "openresty", "angie"];
/// Names that Apache goes by.
pub(super) const APACHE: [&str; 4] = ["apache2", "httpd", "apache", "apache24"];

/// Shows the command that stops a server, by the name that it uses, and says how to take it out.
pub(super) fn with_stop(finding: Finding, before: &Before, name: &str) -> Finding {
    let server = name.strip_suffix(".service").unwrap_or(name);
    let place = before.r#where.as_str();
    let saw = match before.command == place {
        true => format!("it stops {server}"),
        false => before.command.clone(),
    };
    let finding = finding.saw_wanted(place, saw, format!("nothing that stops {server}"));
    let summary = format!("leave {server} running");
    match (before.by, place.rsplit_once(':')) {
        // To start a server that runs would not bring it the new certificate.
        (BeforeKind::Conf, Some((file, _))) => finding
            .fix(summary, [format!("sed -i '/^pre_hook *=/d;/^post_hook *=/s/\\bstart\\b/reload/' {file}")]),
        (BeforeKind::Folder, _) => finding.fix(summary, [format!("chmod a-x {place}")]),
        _ => finding.fix(format!("{summary}: take the command out of {place}"), [] as [String; 0]),
    }
}
