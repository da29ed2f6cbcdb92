//! Commands of hooks, run in a shell as certbot does, with a limit and what they said.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

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

/// Runs commands one after the other, with these variables.
pub fn run(commands: &[String], variables: &[(&str, &str)]) -> Vec<Ran> {
    commands.iter().map(|command| within(LIMIT, command, variables)).collect()
}

fn within(limit: Duration, command: &str, variables: &[(&str, &str)]) -> Ran {
    let (code, output) = match ended(limit, command, variables) {
        Ok((Some(status), output)) => (status.code(), output),
        Ok((None, output)) => (None, format!("{output}\nit was ended after {} s", limit.as_secs())),
        Err(error) => (None, format!("it cannot be run: {error}")),
    };
    let output: Vec<String> = output.lines().map(mask_command).collect();
    Ran { command: mask_command(command), code, output: output.join("\n").trim().to_owned() }
}

/// The status, where it has ended by itself, and the end of what it said.
fn ended(
    limit: Duration,
    command: &str,
    variables: &[(&str, &str)],
) -> io::Result<(Option<ExitStatus>, String)> {
    // A file, and no pipe: a server that a hook starts may keep it open for ever.
    let mut said = tempfile::tempfile()?;
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(said.try_clone()?)
        .stderr(said.try_clone()?)
        .envs(variables.iter().copied())
        .process_group(0)
        .spawn()?;
    let status = wait(&mut child, limit)?;
    Ok((status, end(&mut said).unwrap_or_default()))
}

/// Waits for its end; after the limit all of its group is killed.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() >= limit {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            child.wait()?;
            return Ok(None);
        }
        sleep(LOOK);
    }
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
        let ran = within(LIMIT, command, &[]);
        assert!(ran.output.ends_with("reloaded") && ran.output.len() <= 1_100, "{}", ran.output);
        assert!(!ran.output.contains("abcdefgh12345678"), "{}", ran.output);
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_all_that_it_started() {
        let begin = Instant::now();
        let ran = within(Duration::from_millis(200), "sleep 60 & echo begun; wait", &[]);
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert_eq!(ran.code, None);
        assert!(ran.output.contains("begun") && ran.output.contains("ended after"), "{}", ran.output);
    }

    #[test]
    fn a_server_that_a_hook_leaves_behind_holds_nobody_up() {
        let begin = Instant::now();
        assert_eq!(within(LIMIT, "sleep 20 & exit 0", &[]).code, Some(0));
        assert!(begin.elapsed() < Duration::from_secs(15));
    }
}
