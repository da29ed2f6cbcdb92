//! Flags about the network.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::config::Config;
use crate::error::Error;
use crate::gather::net::{Options, own_environment};

/// How long the network may take in all, in seconds.
pub const DEADLINE: u64 = 600;

/// The URL of a CA's directory, as far as it can be told before the CA is asked.
pub fn directory(text: &str) -> Result<String, String> {
    let host = text.parse::<hyper::Uri>().ok().filter(|url| url.scheme_str() == Some("https"));
    match host.is_some_and(|url| url.host().is_some_and(|host| !host.is_empty())) {
        true => Ok(text.to_owned()),
        false => Err("it is a URL that begins with https://".to_owned()),
    }
}

/// What is asked of the network, and how.
#[derive(Clone, Debug, Default, Args)]
pub struct NetworkArgs {
    /// Use no network at all
    #[arg(long, global = true)]
    pub offline: bool,
    /// Look at the network from here with --root too, where it is not asked otherwise
    #[arg(long, global = true, conflicts_with = "offline")]
    pub online: bool,
    /// Ask this name server instead of the system's
    #[arg(long, global = true, value_name = "IP[:PORT]")]
    pub resolver: Option<String>,
    /// The port of HTTP-01 validations, for test CAs [default: 80]
    #[arg(long, global = true, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub http_port: Option<u16>,
    /// The port that redirects to https lead to, for test CAs [default: 443]
    #[arg(long, global = true, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub https_port: Option<u16>,
    /// Take private and reserved addresses for reachable ones, for internal CAs
    #[arg(long, global = true)]
    pub allow_private_addresses: bool,
    /// Trust the CA certificates of this file too, for the CA's own server
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// End the look at the network after so many seconds [default: 600]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub deadline: Option<u64>,
}

impl NetworkArgs {
    /// How the network is asked; `None` where it is not. `elsewhere` says that another host is looked at.
    ///
    /// # Errors
    /// `--resolver` is no address.
    pub fn options(&self, config: &Config, elsewhere: bool, quiet: bool) -> Result<Option<Options>, Error> {
        let resolver = self.resolver.as_deref().or(config.resolver.as_deref()).map(server).transpose()?;
        if self.offline || config.offline == Some(true) || (elsewhere && !self.online) {
            return Ok(None);
        }
        let seconds = self.deadline.or(config.deadline).unwrap_or(DEADLINE);
        Ok(Some(Options {
            resolver,
            http_port: self.http_port.or(config.http_port).unwrap_or(80),
            https_port: self.https_port.or(config.https_port).unwrap_or(443),
            allow_private: self.allow_private_addresses || config.allow_private_addresses == Some(true),
            own: own_environment(),
            ca_bundle: self.ca_bundle.clone().or(config.ca_bundle.clone()),
            deadline: Duration::from_secs(seconds),
            progress: !quiet,
        }))
    }
}

/// `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`.
fn server(text: &str) -> Result<SocketAddr, Error> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)).or_else(|_| text.parse());
    address.map_err(|_| {
        Error::new(format!("--resolver: `{text}` is no address"))
            .hint("give the address of a name server, such as 9.9.9.9 or [2620:fe::fe]:53")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_is_an_address_with_or_without_a_port() {
        let shown = |text| server(text).unwrap().to_string();
        assert_eq!(shown("192.0.2.1"), "192.0.2.1:53");
        assert_eq!(shown("192.0.2.1:5353"), "192.0.2.1:5353");
        assert_eq!(shown("2001:db8::1"), "[2001:db8::1]:53");
        assert_eq!(shown("[2001:db8::1]"), "[2001:db8::1]:53");
        assert_eq!(shown("[2001:db8::1]:5353"), "[2001:db8::1]:5353");
        assert!(server("ns1.example").is_err());
    }

    #[test]
    fn another_host_is_looked_at_from_here_only_when_told() {
        let asked = |args: &NetworkArgs, elsewhere| {
            args.options(&Config::default(), elsewhere, false).unwrap().is_some()
        };
        let plain = NetworkArgs::default();
        assert!(asked(&plain, false) && !asked(&plain, true));
        assert!(asked(&NetworkArgs { online: true, ..plain.clone() }, true));
        assert!(!asked(&NetworkArgs { offline: true, ..plain }, false));
    }
}
