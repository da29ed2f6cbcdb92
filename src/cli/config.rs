//! `acme-audit config check|show|schema`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::global::{Format, Global};
use super::network::DEADLINE;
use super::settings::Settings;
use crate::config::{Config, DEFAULT_PATH, schema};
use crate::error::Error;
use crate::facts::ENOUGH_ATTEMPTS;

/// What to do with the configuration file.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Tell everything that is wrong in the file
    Check {
        /// The file; /etc/acme-audit.yaml or that of --config by default
        file: Option<PathBuf>,
    },
    /// Print what holds, after the file and the flags, and where each value comes from
    Show,
    /// Print the file's JSON Schema, for editors
    Schema,
}

/// Does it; gives the exit code.
pub fn run(global: &Global, command: &ConfigCommand) -> Result<u8, Error> {
    match command {
        ConfigCommand::Check { file } => check(global, file.as_deref()),
        ConfigCommand::Show => show(global),
        ConfigCommand::Schema => {
            anstream::println!("{:#}", schema());
            Ok(0)
        }
    }
}

fn path(global: &Global) -> PathBuf {
    global.config.clone().unwrap_or_else(|| DEFAULT_PATH.into())
}

fn check(global: &Global, file: Option<&Path>) -> Result<u8, Error> {
    let path = file.map_or_else(|| path(global), Path::to_path_buf);
    let config = Config::load(Some(&path))?;
    anstream::println!("{}: ok", path.display());
    let now = global.at.unwrap_or_else(jiff::Timestamp::now);
    for ignore in config.ignored() {
        let names = ignore.lineage.all();
        let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        let until = match ignore.until {
            Some(day) if ignore.ended(now) => format!(", ended on {day}"),
            Some(day) => format!(" until {day}"),
            None => String::new(),
        };
        anstream::println!("  ignores {}{of}{until}: {}", ignore.id, ignore.because);
    }
    for (name, lineage) in &config.lineages {
        if let Some(most) = lineage.at_most {
            anstream::println!("  {name} is at most {}", most.word());
        }
    }
    let settings = Settings::new(global, config)?;
    let renewal = match &global.root {
        Some(root) => root.join(settings.config_dir.strip_prefix("/").unwrap_or(&settings.config_dir)),
        None => settings.config_dir.clone(),
    }
    .join("renewal");
    let ignored = settings.config.ignored().flat_map(|ignore| ignore.lineage.all().to_vec());
    let named: BTreeSet<String> = settings.config.lineages.keys().cloned().chain(ignored).collect();
    for name in named.iter().filter(|_| renewal.is_dir()) {
        if !renewal.join(format!("{name}.conf")).exists() {
            anstream::eprintln!(
                "hint: no lineage is named `{name}`: {} has no {name}.conf",
                renewal.display()
            );
        }
    }
    Ok(0)
}

/// One setting, its value and where that comes from.
struct Row {
    key: &'static str,
    value: Value,
    from: String,
}

fn show(global: &Global) -> Result<u8, Error> {
    let config = Config::load(global.config.as_deref())?;
    let file = path(global);
    let lines = config.lines.clone();
    let settings = Settings::new(global, config)?;
    let row = |key: &'static str, flag: bool, value: Value| {
        let from = match lines.get(key) {
            _ if flag => "command line".to_owned(),
            Some(line) => format!("{}:{line}", file.display()),
            None => "default".to_owned(),
        };
        Row { key, value, from }
    };
    let config = &settings.config;
    let text = |path: &Path| json!(path.to_string_lossy());
    let format = match settings.format {
        Format::Text => "text",
        Format::Json => "json",
        Format::Nagios => "nagios",
    };
    let until = global.until.clone().or(config.until.clone()).unwrap_or_else(|| "3y".to_owned());
    let network = &global.network;
    let rows = [
        row("config-dir", global.config_dir.is_some(), text(&settings.config_dir)),
        row("work-dir", global.work_dir.is_some(), text(&settings.work_dir)),
        row("logs-dir", global.logs_dir.is_some(), text(&settings.logs_dir)),
        row("state-dir", global.state_dir.is_some(), text(&settings.state_dir)),
        row("offline", network.offline, json!(network.offline || config.offline == Some(true))),
        row(
            "resolver",
            network.resolver.is_some(),
            json!(network.resolver.as_ref().or(config.resolver.as_ref())),
        ),
        row(
            "http-port",
            network.http_port.is_some(),
            json!(network.http_port.or(config.http_port).unwrap_or(80)),
        ),
        row(
            "https-port",
            network.https_port.is_some(),
            json!(network.https_port.or(config.https_port).unwrap_or(443)),
        ),
        row(
            "allow-private-addresses",
            network.allow_private_addresses,
            json!(network.allow_private_addresses || config.allow_private_addresses == Some(true)),
        ),
        row(
            "ca-bundle",
            network.ca_bundle.is_some(),
            json!(network.ca_bundle.as_ref().or(config.ca_bundle.as_ref())),
        ),
        row(
            "deadline",
            network.deadline.is_some(),
            json!(network.deadline.or(config.deadline).unwrap_or(DEADLINE)),
        ),
        row("format", global.format.is_some(), json!(format)),
        row("jobs", global.jobs.is_some(), settings.jobs.map_or(Value::Null, |jobs| json!(jobs))),
        row("quiet", global.quiet, json!(settings.quiet)),
        row("verbose", global.verbose > 0, json!(settings.verbose)),
        row("color", global.color.is_some(), json!(format!("{:?}", settings.color).to_lowercase())),
        row("until", global.until.is_some(), json!(until)),
        row("min-attempts", false, json!(config.min_attempts.unwrap_or(ENOUGH_ATTEMPTS))),
        row("fallback", false, json!(config.fallback)),
        row("lineages", false, json!(config.lineages)),
        row("ignore", false, json!(config.ignore)),
    ];
    if settings.format == Format::Json {
        let member = |row: Row| (row.key.to_owned(), json!({"value": row.value, "from": row.from}));
        let object: serde_json::Map<String, Value> = rows.into_iter().map(member).collect();
        anstream::println!("{:#}", Value::Object(object));
        return Ok(0);
    }
    for row in rows {
        let single = std::collections::BTreeMap::from([(row.key, &row.value)]);
        let yaml = serde_yaml::to_string(&single)
            .map_err(|e| Error::new(format!("cannot print {}: {e}", row.key)))?;
        let (first, rest) = yaml.split_once('\n').unwrap_or((&yaml, ""));
        anstream::println!("{first}  # {}", row.from);
        anstream::print!("{rest}");
    }
    Ok(0)
}
