//! The command line: one file per subcommand.

mod args;
mod audit;
mod config;
mod demo;
mod domains;
mod dry_run;
mod explain;
mod facts;
mod global;
mod host;
mod network;
mod renew;
mod replay;
mod responder;
mod schedule;
mod settings;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub use args::{Args, Command};
pub use global::{Format, Global};

use self::audit::AuditArgs;
use self::schedule::ScheduleCommand;
use self::settings::Settings;
use crate::config::Config;
use crate::error::Error;

/// Exit code for bad usage and for our own failures.
const OURS: u8 = 3;

/// Runs the program: parses the command line and calls one function per subcommand.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let fine = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // A closed pipe is no reason to fail differently.
            let _ = e.print();
            return ExitCode::from(if fine { 0 } else { OURS });
        }
    };
    // A monitoring plugin knows no exit code 101: should there be a bug, it is ours, and it is said.
    let done = std::panic::catch_unwind(|| run(&args)).unwrap_or_else(|_| {
        Err(Error::new("acme-audit itself failed; this is a bug")
            .hint("report it with the lines above and the output of `acme-audit facts`"))
    });
    match done {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            anstream::eprintln!("{e}");
            ExitCode::from(OURS)
        }
    }
}

fn run(args: &Args) -> Result<u8, Error> {
    // It has been started by a run that has read all there is to read.
    if matches!(args.command, Some(Command::Responder)) {
        return responder::run();
    }
    let global = &args.global;
    // What needs no decisions about a host is not stopped by a file that is wrong.
    let own =
        matches!(args.command, Some(Command::Explain { .. } | Command::Config { .. } | Command::Demo { .. }));
    // What this machine's file decides is not meant for another host.
    let elsewhere =
        global.root.is_some() || matches!(&args.command, Some(Command::Audit(a)) if a.facts.is_some());
    let config = match &global.config {
        _ if own => Config::default(),
        None if elsewhere => Config::default(),
        named => Config::load(named.as_deref())?,
    };
    let settings = Settings::new(global, config)?;
    settings.color.write_global();
    if settings.verbose > 0 {
        log_to_stderr(settings.verbose);
    }
    match &args.command {
        None => audit::run(&settings, &AuditArgs::default()),
        Some(Command::Audit(audit)) => audit::run(&settings, audit),
        Some(Command::Explain { id, markdown }) => explain::run(id.as_deref(), *markdown),
        Some(Command::DryRun(dry_run)) => dry_run::run(&settings, dry_run),
        Some(Command::Renew(renew)) => renew::run(&settings, renew),
        Some(Command::Facts) => facts::run(&settings),
        Some(Command::Schedule { command: None }) => schedule::run(&settings),
        Some(Command::Schedule { command: Some(ScheduleCommand::Next(next)) }) => {
            schedule::next(&settings, next)
        }
        Some(Command::Config { command }) => config::run(global, command),
        Some(Command::Demo { keep }) => demo::run(&settings, keep.as_deref()),
        Some(Command::Responder) => responder::run(),
    }
}

/// A reader that has seen enough (`| head`) is no failure.
fn written(result: std::io::Result<()>) -> Result<(), Error> {
    match result {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(format!("cannot write the report: {e}"))
                .hint("check the space behind standard output"))
        }
        _ => Ok(()),
    }
}

fn log_to_stderr(verbose: u8) {
    let level = if verbose > 1 { tracing::Level::TRACE } else { tracing::Level::DEBUG };
    let to_stderr = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_level(false)
        .with_target(false)
        .without_time();
    let _ = tracing::subscriber::set_global_default(to_stderr.finish());
}
