//! What certbot's installer plugins do after a renewal: test the server's configuration, and load it anew.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins>

use crate::facts::{HostFacts, Lineage};
use crate::shell::quote;

/// Where those plugins look for programs, too: timers and crontabs often leave these out.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// What does it for `installer = nginx` or `apache`; nothing for another one.
pub fn after(lineage: &Lineage, host: &HostFacts) -> Option<String> {
    let said = |key: &str| host.option(lineage, key);
    match lineage.installer() {
        Some("nginx") => {
            let ctl = quote(said("nginx_ctl").unwrap_or("nginx")).into_owned();
            let conf =
                said("nginx_server_root").map(|root| format!("{}/nginx.conf", root.trim_end_matches('/')));
            let at = conf.map(|conf| format!(" -c {}", quote(&conf))).unwrap_or_default();
            Some(format!("{ctl}{at} -t -q && {ctl}{at} -s reload"))
        }
        Some("apache") => {
            let ctl = quote(said("apache_ctl").unwrap_or("apachectl")).into_owned();
            Some(format!("{ctl} configtest && {ctl} graceful"))
        }
        _ => None,
    }
}

/// Where its programs are looked for, as `PATH` has it.
pub fn path(own: &str) -> String {
    let mut folders: Vec<&str> = own.split(':').filter(|folder| !folder.is_empty()).collect();
    for folder in FOLDERS {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{host, lineage_with};

    #[test]
    fn the_server_that_the_conf_means_is_tested_and_loaded_anew() {
        let nginx = lineage_with("installer", "nginx");
        assert_eq!(after(&nginx, &host()).unwrap(), "nginx -t -q && nginx -s reload");
        let with = |mut lineage: Lineage, key: &str, value: &str| {
            let more = lineage_with(key, value).conf.unwrap();
            let setting = more.param(key).unwrap().clone();
            lineage.conf.as_mut().unwrap().settings.push(setting);
            lineage
        };
        let openresty =
            with(with(nginx, "nginx_ctl", "/opt/open resty/nginx"), "nginx_server_root", "/opt/conf/");
        assert_eq!(
            after(&openresty, &host()).unwrap(),
            "'/opt/open resty/nginx' -c /opt/conf/nginx.conf -t -q && '/opt/open resty/nginx' -c /opt/conf/nginx.conf \
             -s reload"
        );
        let apache = with(lineage_with("installer", "apache"), "apache_ctl", "apache2ctl");
        assert_eq!(after(&apache, &host()).unwrap(), "apache2ctl configtest && apache2ctl graceful");
        assert_eq!(after(&lineage_with("installer", "None"), &host()), None);
    }

    #[test]
    fn programs_are_found_where_a_timer_does_not_look() {
        assert_eq!(path("/usr/bin:/bin"), "/usr/bin:/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin");
        assert_eq!(path(""), "/usr/sbin:/usr/local/bin:/usr/local/sbin");
    }
}
