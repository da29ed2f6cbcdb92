//! Mount, network and process namespaces of a test's own.
//!
//! What runs in them sees the true default paths and ports, no route leads out, and everything in them dies with the
//! pipe that this process holds, whatever ends it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::lab::clean;

/// The namespaces while they live.
pub struct Namespaces {
    /// Their first process, as this process sees it.
    pid: String,
    holder: Child,
    hold: Option<ChildStdin>,
}

/// A command in new namespaces; its program and arguments are to be added.
pub fn unshare() -> Command {
    let mut unshare = clean("unshare");
    unshare.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]).current_dir("/");
    unshare
}

impl Namespaces {
    /// Makes them with `sh` and these arguments. The script says `ready` and its process number, as the machine sees
    /// it, and lives as long as its standard input; or it says `no: ` and a reason, which comes back.
    ///
    /// Panics where it says neither.
    pub fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut holder = unshare()
            .arg("sh")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let hold = holder.stdin.take();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        if let Some(why) = line.strip_prefix("no: ") {
            holder.wait().expect("its end");
            return Err(why.trim().to_owned());
        }
        let Some(pid) = line.strip_prefix("ready ") else { panic!("the namespaces did not start: {line}") };
        Ok(Self { pid: pid.trim().to_owned(), holder, hold })
    }

    /// A command in them.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = clean("nsenter");
        command.args(["--target", &self.pid, "--mount", "--pid", "--net", "--root", "--wd", "--"]);
        command.arg(program).stdin(Stdio::null());
        command
    }

    /// A path in them, as this process sees it.
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.pid))
    }

    /// A thread of this process in their network. So are the threads that it starts.
    pub fn thread<T: Send + 'static>(&self, run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let network = File::open(format!("/proc/{}/ns/net", self.pid)).expect("their network");
        thread::spawn(move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("their network");
            run()
        })
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        drop(self.hold.take());
        let _ = self.holder.wait();
    }
}
