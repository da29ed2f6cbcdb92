//! What the checks of servers that are stopped before a challenge share. No check by itself.

use crate::check::Finding;
use crate::facts::{Before, BeforeKind};

/// Names that nginx and what is built from it go by.
pub(super) const NGINX: [&str; 3] = ["nginx", "openresty", "angie"];
/// Names that Apache goes by.
pub(super) const APACHE: [&str; 4] = ["apache2", "httpd", "apache", "apache24"];

/// Shows the command that stops a server, and says how to take it out.
pub(super) fn with_stop(finding: Finding, before: &Before, server: &str) -> Finding {
    let place = before.r#where.as_str();
    let finding = finding.saw_wanted(place, &before.command, format!("nothing that stops {server}"));
    let summary = format!("leave {server} running");
    match (before.by, place.rsplit_once(':')) {
        (BeforeKind::Conf, Some((file, _))) => {
            finding.fix(summary, [format!("sed -i '/^pre_hook *=/d;/^post_hook *=/d' {file}")])
        }
        (BeforeKind::Folder, _) => finding.fix(summary, [format!("chmod a-x {place}")]),
        _ => finding.fix(format!("{summary}: take the command out of {place}"), [] as [String; 0]),
    }
}
