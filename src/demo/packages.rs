//! What a packaged certbot leaves on a host: its metadata, units, cron lines and defaults, each written as a manifest of its own.

use super::Error;
use super::host::Host;
use super::manifest;

/// A package: its text, the ones it needs, and what its `@…@` stand for.
struct Package {
    name: &'static str,
    needs: &'static [&'static str],
    text: &'static str,
    says: &'static [(&'static str, &'static str)],
}

/// Where a certbot's plugins are installed.
struct Plugins {
    packaged: &'static str,
    version: &'static str,
    site: &'static str,
    /// After `NAME-VERSION`, the name of the metadata folder.
    info: &'static str,
    metadata: &'static str,
    debian: Option<&'static str>,
}

/// Standing alone in a line: what follows is left out of an `unscheduled` package.
const SCHEDULED: &str = "@IF-SCHEDULED@\n";

const BOOKWORM: &[(&str, &str)] =
    &[("@DEBIAN@", "12"), ("@CODENAME@", "bookworm"), ("@PYMINOR@", "11"), ("@SYSTEMD@", "252.38-1~deb12u1")];

const TRIXIE: &[(&str, &str)] =
    &[("@DEBIAN@", "13"), ("@CODENAME@", "trixie"), ("@PYMINOR@", "13"), ("@SYSTEMD@", "257.8-1~deb13u2")];

const PACKAGES: &[Package] = &[
    Package { name: "debian", needs: &[], text: include_str!("packages/debian.txt"), says: BOOKWORM },
    Package { name: "debian-13", needs: &[], text: include_str!("packages/debian.txt"), says: TRIXIE },
    Package {
        name: "debian-certbot-2.1",
        needs: &["debian"],
        text: include_str!("packages/debian-certbot.txt"),
        says: &[("@VERSION@", "2.1.0"), ("@DEB@", "2.1.0-4")],
    },
    Package {
        name: "debian-certbot-4.0",
        needs: &["debian-13"],
        text: include_str!("packages/debian-certbot.txt"),
        says: &[("@VERSION@", "4.0.0"), ("@DEB@", "4.0.0-2+deb13u1")],
    },
    Package {
        name: "debian-nginx",
        needs: &["debian"],
        text: include_str!("packages/debian-nginx.txt"),
        says: &[("@NGINX@", "1.26.3-3+deb13u1")],
    },
    Package {
        name: "pip-certbot-5.8",
        needs: &["debian"],
        text: include_str!("packages/pip-certbot.txt"),
        says: &[("@VERSION@", "5.8.0")],
    },
    Package {
        name: "snap-certbot",
        needs: &["debian"],
        text: include_str!("packages/snap-certbot.txt"),
        says: &[("@VERSION@", "5.8.0"), ("@REVISION@", "5214")],
    },
    Package {
        name: "rhel-certbot",
        needs: &[],
        text: include_str!("packages/rhel-certbot.txt"),
        says: &[("@VERSION@", "3.1.0")],
    },
];

const PLUGINS: &[Plugins] = &[
    Plugins {
        packaged: "debian-certbot-2.1",
        version: "2.1.0",
        site: "/usr/lib/python3/dist-packages",
        info: ".egg-info",
        metadata: "PKG-INFO",
        debian: Some("2.1.0-2"),
    },
    Plugins {
        packaged: "debian-certbot-4.0",
        version: "4.0.0",
        site: "/usr/lib/python3/dist-packages",
        info: ".egg-info",
        metadata: "PKG-INFO",
        debian: Some("4.0.0-2"),
    },
    Plugins {
        packaged: "pip-certbot-5.8",
        version: "5.8.0",
        site: "/opt/certbot/lib/python3.11/site-packages",
        info: ".dist-info",
        metadata: "METADATA",
        debian: None,
    },
    Plugins {
        packaged: "snap-certbot",
        version: "5.8.0",
        // nginx and apache are inside the certbot snap; the others are snaps of their own.
        site: "/snap/certbot/5214/lib/python3.12/site-packages",
        info: ".dist-info",
        metadata: "METADATA",
        debian: None,
    },
    Plugins {
        packaged: "rhel-certbot",
        version: "3.1.0",
        site: "/usr/lib/python3.9/site-packages",
        info: "-py3.9.egg-info",
        metadata: "PKG-INFO",
        debian: None,
    },
];

/// Installs a package and what it needs; a second time is nothing.
pub(super) fn install(host: &mut Host, name: &str, scheduled: bool) -> Result<(), Error> {
    if host.packaged.iter().any(|installed| installed == name) {
        return Ok(());
    }
    let Some(package) = PACKAGES.iter().find(|package| package.name == name) else {
        let names: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
        return Err(Error::new(format!("no package `{name}`; there are {}", names.join(", "))));
    };
    for needed in package.needs {
        // Any Debian will do for a package that runs on each.
        let there = host.packaged.iter().any(|installed| installed.starts_with(needed));
        if !there {
            install(host, needed, scheduled)?;
        }
    }
    host.packaged.push(name.to_owned());
    let mut text = match package.text.split_once(SCHEDULED) {
        Some((rest, schedule)) if scheduled => format!("{rest}{schedule}"),
        Some((rest, _)) => rest.to_owned(),
        None => package.text.to_owned(),
    };
    for (mark, value) in package.says {
        text = text.replace(mark, value);
    }
    let steps = manifest::parse(&text).map_err(|e| e.inside(name))?;
    host.obey(&steps).map_err(|e| e.inside(name))
}

/// Installs a plugin's metadata beside a certbot: the one named, or the one packaged last.
pub(super) fn plugin(host: &mut Host, name: &str, packaged: Option<&str>) -> Result<(), Error> {
    let known = |packaged: &str| PLUGINS.iter().find(|plugins| plugins.packaged == packaged);
    let plugins = match packaged {
        Some(packaged) => known(packaged),
        None => host.packaged.iter().rev().find_map(|packaged| known(packaged)),
    }
    .ok_or_else(|| Error::new(format!("no packaged certbot for the plugin `{name}`")))?;
    if plugins.packaged == "snap-certbot" && !matches!(name, "nginx" | "apache") {
        return plugin_snap(host, name, plugins.version);
    }
    let site = plugins.site;
    write_plugin(host, name, plugins, site)?;
    let Some(deb) = plugins.debian else {
        return Ok(());
    };
    let entry = format!(
        "Package: python3-certbot-{name}\nStatus: install ok installed\nPriority: optional\nSection: python\nArchitecture: all\nVersion: {deb}\nDescription: {name} plugin for Certbot\n\n"
    );
    host.place.edit("/var/lib/dpkg/status", |mut status| {
        status.extend_from_slice(entry.as_bytes());
        Ok(status)
    })
}

fn write_plugin(host: &Host, name: &str, plugins: &Plugins, site: &str) -> Result<(), Error> {
    let module = format!("certbot_{}", name.replace('-', "_"));
    let (version, metadata) = (plugins.version, plugins.metadata);
    // setuptools wrote NAME-VERSION with the module's name, dist-info and egg-info alike.
    let info = format!("{site}/{module}-{version}{}", plugins.info);
    let write = |path: String, text: String| host.place.write(&path, text.as_bytes(), 0o644);
    write(format!("{site}/{module}/__init__.py"), format!("\"\"\"Certbot {name} plugin.\"\"\"\n"))?;
    write(
        format!("{info}/{metadata}"),
        format!(
            "Metadata-Version: 2.1\nName: certbot-{name}\nVersion: {version}\nSummary: {name} plugin for Certbot\n"
        ),
    )?;
    let entry = match name {
        "nginx" if !version.starts_with("5.") => "configurator:NginxConfigurator".to_owned(),
        "nginx" | "apache" => "entrypoint:ENTRYPOINT".to_owned(),
        _ => format!("{}:Authenticator", name.replace('-', "_")),
    };
    write(
        format!("{info}/entry_points.txt"),
        format!("[certbot.plugins]\n{name} = {module}._internal.{entry}\n"),
    )
}

/// A plugin snap, installed and connected.
fn plugin_snap(host: &Host, name: &str, version: &str) -> Result<(), Error> {
    let snap = format!("/snap/certbot-{name}");
    host.place.link(&format!("{snap}/current"), "2914")?;
    let Some(plugins) = PLUGINS.iter().find(|plugins| plugins.packaged == "snap-certbot") else {
        return Ok(());
    };
    write_plugin(host, name, plugins, &format!("{snap}/2914/lib/python3.12/site-packages"))?;
    let yaml = format!("name: certbot-{name}\nversion: {version}\nbase: core24\nconfinement: strict\n");
    host.place.write(&format!("{snap}/2914/meta/snap.yaml"), yaml.as_bytes(), 0o644)?;
    let squashed = format!("/var/lib/snapd/snaps/certbot-{name}_2914.snap");
    host.place.write(&squashed, b"", 0o600)
}
