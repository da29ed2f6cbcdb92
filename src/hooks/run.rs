//! Commands of hooks, run in a shell as certbot does, with a limit and what they said.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::MemfdFlags;
use rustix::process::{Pid, Signal, kill_process_group};

use super::cut::Cut;
use crate::gather::secrets::mask_command;

/// How long one may take; certbot waits for ever, and holds its locks meanwhile.
const LIMIT: Duration = Duration::from_secs(600);

/// How often it is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How much of its end is kept of what it said, in bytes.
const KEPT: u64 = 1_024;

/// What came of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The command, secrets masked.
    pub command: String,
    /// Its exit code; `None` where a signal ended it, it could not be started, or it took too long.
    pub code: Option<i32>,
    /// The end of what it said, secrets masked, or why it was not run to its end.
    pub output: String,
}

/// A command, and what it is given.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'a> {
    /// For the shell.
    pub command: &'a str,
    /// What it finds in its environment.
    pub variables: &'a [(&'a str, &'a str)],
    /// What it must not find there.
    pub without: &'a [&'a str],
}

/// Runs commands one after the other, with these variables.
pub fn run(commands: &[String], variables: &[(&str, &str)]) -> Vec<Ran> {
    let never = Cut::default();
    let hook = |command| Hook { command, variables, without: &[] };
    commands.iter().map(|command| hook(command).run(&never)).collect()
}

/// How it ended.
enum End {
    Itself(ExitStatus),
    TooLong,
    Cut,
}

/// Where it writes to. Files, and no pipes: a server that a hook starts may keep them open for ever.
struct Said {
    out: File,
    /// `None` where it goes where the rest goes.
    err: Option<File>,
}

impl Hook<'_> {
    /// Runs it until it ends, is cut short or has taken too long.
    pub fn run(self, cut: &Cut) -> Ran {
        self.within(LIMIT, false, cut).0
    }

    /// The same where its output is of use; gives what it wrote to standard output besides, up to so many bytes.
    pub fn heard(self, most: u64, cut: &Cut) -> (Ran, String) {
        let (ran, said) = self.within(LIMIT, true, cut);
        (ran, said.and_then(|mut said| begin(&mut said.out, most).ok()).unwrap_or_default())
    }

    fn within(self, limit: Duration, apart: bool, cut: &Cut) -> (Ran, Option<Said>) {
        let (code, output, said) = match self.ended(limit, apart, cut) {
            Ok((end, mut said)) => {
                let words = said.words();
                let (code, output) = match end {
                    End::Itself(status) => (status.code(), words),
                    End::TooLong => (None, format!("{words}\nit was ended after {} s", limit.as_secs())),
                    End::Cut => (None, format!("{words}\nit was ended by a second signal")),
                };
                (code, output, Some(said))
            }
            Err(error) => (None, format!("it cannot be run: {error}"), None),
        };
        let output: Vec<String> = output.lines().map(mask_command).collect();
        let output = output.join("\n").trim().to_owned();
        (Ran { command: mask_command(self.command), code, output }, said)
    }

    fn ended(self, limit: Duration, apart: bool, cut: &Cut) -> io::Result<(End, Said)> {
        let err = if apart { Some(room()?) } else { None };
        let said = Said { out: room()?, err };
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(self.command).stdin(Stdio::null());
        shell.stdout(said.out.try_clone()?);
        shell.stderr(said.err.as_ref().unwrap_or(&said.out).try_clone()?);
        for name in self.without {
            shell.env_remove(name);
        }
        let calls = cut.calls();
        let mut child = shell.envs(self.variables.iter().copied()).process_group(0).spawn()?;
        let end = wait(&mut child, limit, || cut.calls() != calls)?;
        Ok((end, said))
    }
}

/// A file for what a hook says: in memory, where no folder has room for one.
fn room() -> io::Result<File> {
    tempfile::tempfile().or_else(|_| Ok(rustix::fs::memfd_create("hook", MemfdFlags::CLOEXEC)?.into()))
}

/// Waits for its end; after the limit, or where it is cut short, all of its group is killed.
fn wait(child: &mut Child, limit: Duration, is_cut: impl Fn() -> bool) -> io::Result<End> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Itself(status));
        }
        let is_cut = is_cut();
        if is_cut || begin.elapsed() >= limit {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            child.wait()?;
            return Ok(if is_cut { End::Cut } else { End::TooLong });
        }
        sleep(LOOK);
    }
}

impl Said {
    /// The end of all of it.
    fn words(&mut self) -> String {
        let mut words = end(&mut self.out).unwrap_or_default();
        if let Some(err) = &mut self.err {
            words = format!("{}\n{}", words.trim_end(), end(err).unwrap_or_default());
        }
        let mut from = words.len().saturating_sub(usize::try_from(KEPT).unwrap_or_default());
        while !words.is_char_boundary(from) {
            from += 1;
        }
        words.split_off(from)
    }
}

fn begin(said: &mut File, most: u64) -> io::Result<String> {
    said.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    said.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn end(said: &mut File) -> io::Result<String> {
    let length = said.seek(SeekFrom::End(0))?;
    said.seek(SeekFrom::Start(length.saturating_sub(KEPT)))?;
    let mut bytes = Vec::new();
    said.take(KEPT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(limit: Duration, command: &str) -> Ran {
        Hook { command, variables: &[], without: &[] }.within(limit, false, &Cut::default()).0
    }

    #[test]
    fn hooks_run_in_a_shell_with_certbots_variables() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("said");
        let command = format!("echo \"$RENEWED_LINEAGE\" > {}", file.display());
        let ran = run(&[command, "exit 3".into()], &[("RENEWED_LINEAGE", "/etc/letsencrypt/live/a")]);
        assert_eq!(std::fs::read_to_string(file).unwrap(), "/etc/letsencrypt/live/a\n");
        assert_eq!(ran.iter().map(|ran| ran.code).collect::<Vec<_>>(), [Some(0), Some(3)]);
    }

    #[test]
    fn what_a_hook_says_last_is_kept_without_secrets() {
        let command = "seq 2000; echo token=abcdefgh12345678 >&2; echo reloaded; exit 1";
        let ran = quick(LIMIT, command);
        assert!(ran.output.ends_with("reloaded") && ran.output.len() <= 1_100, "{}", ran.output);
        assert!(!ran.output.contains("abcdefgh12345678"), "{}", ran.output);
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_all_that_it_started() {
        let begin = Instant::now();
        let ran = quick(Duration::from_millis(200), "sleep 60 & echo begun; wait");
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert_eq!(ran.code, None);
        assert!(ran.output.contains("begun") && ran.output.contains("ended after"), "{}", ran.output);
    }

    #[test]
    fn a_server_that_a_hook_leaves_behind_holds_nobody_up() {
        let begin = Instant::now();
        assert_eq!(quick(LIMIT, "sleep 20 & exit 0").code, Some(0));
        assert!(begin.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn what_it_writes_to_standard_output_is_given_apart() {
        let hook = Hook {
            command: "echo $A ${B-none}; echo trouble >&2; exit 2",
            variables: &[("A", "a"), ("B", "b")],
            without: &[],
        };
        let (ran, out) = hook.heard(3, &Cut::default());
        assert_eq!((out.as_str(), ran.output.as_str()), ("a b", "a b\ntrouble"));
        let without = Hook { variables: &hook.variables[..1], without: &["B"], ..hook };
        assert_eq!(without.heard(64, &Cut::default()).1, "a none\n");
    }

    #[test]
    fn one_that_is_cut_short_is_ended_and_the_next_one_begun() {
        let cut = Cut::default();
        let begin = Instant::now();
        let hook = Hook { command: "sleep 60 & wait", variables: &[], without: &[] };
        let ran = std::thread::scope(|scope| {
            let runs = scope.spawn(|| hook.run(&cut));
            while !runs.is_finished() {
                sleep(LOOK * 5);
                cut.now();
            }
            runs.join().unwrap()
        });
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert_eq!((ran.code, ran.output.as_str()), (None, "it was ended by a second signal"));
        assert_eq!(Hook { command: "exit 0", ..hook }.run(&cut).code, Some(0));
    }
}
