//! The parent's side of the child that answers.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::answer::is_token;
use super::listen::{Socket, SocketFile};
use super::message::{Asked, Order, Report};
use super::{lock, pass};

/// This program, also where its file has been replaced since.
const SELF: &str = "/proc/self/exe";
/// How long the child may take to start, or to answer an order: much longer than it does on a loaded host.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the child may take to end.
const END: Duration = Duration::from_secs(3);

/// Why a responder cannot be had, or no longer works.
#[derive(Debug)]
pub enum Error {
    /// The child could not be started, or the sockets could not be passed to it.
    Start(io::Error),
    /// The child says that it cannot serve.
    Failed(String),
    /// The child has ended, or answers no longer.
    Gone,
    /// This is no token: it is not base64url, or longer than 255 characters.
    NotAToken(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Start(e) => write!(f, "the responder cannot be started: {e}"),
            Error::Failed(why) => write!(f, "the responder cannot serve: {why}"),
            Error::Gone => f.write_str("the responder has ended before its time"),
            Error::NotAToken(token) => write!(f, "`{}` is not a token", token.escape_debug()),
        }
    }
}

impl std::error::Error for Error {}

/// A child that answers for challenges. Dropped, it ends the child at once; see [`Responder::end`].
pub struct Responder {
    child: Child,
    control: UnixStream,
    replies: Receiver<Report>,
    asked: Arc<Mutex<Vec<Asked>>>,
    reader: Option<JoinHandle<()>>,
    user: u32,
    /// The files of unix sockets, removed when nobody answers there any more.
    _files: Vec<SocketFile>,
}

impl Responder {
    /// Starts the child, this program once more, and gives it the sockets; returns once it serves.
    ///
    /// Our own copies of the sockets are closed: the ports are free when the child ends.
    ///
    /// # Errors
    /// The child cannot be started or does not serve within 10 seconds.
    pub fn start(sockets: Vec<Socket>) -> Result<Self, Error> {
        Self::start_program(Path::new(SELF), sockets)
    }

    /// The same with a certain `acme-audit` program.
    ///
    /// # Errors
    /// As [`Responder::start`].
    pub fn start_program(program: &Path, sockets: Vec<Socket>) -> Result<Self, Error> {
        let (control, input) = UnixStream::pair().map_err(Error::Start)?;
        let replies_of = control.try_clone().map_err(Error::Start)?;
        // A group of its own: Ctrl-C is for us, and we decide when the child ends.
        let child = Command::new(program)
            .arg0("acme-audit")
            .arg("responder")
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(OwnedFd::from(input))
            .stdout(Stdio::null())
            .spawn()
            .map_err(Error::Start)?;
        let (replies, asked) = (channel(), Arc::default());
        let reader = {
            let (told, asked) = (replies.0, Arc::clone(&asked));
            std::thread::spawn(move || read(replies_of, &told, &asked))
        };
        let reader = Some(reader);
        let mut responder =
            Self { child, control, replies: replies.1, asked, reader, user: 0, _files: Vec::new() };
        let fds: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
        pass::send(&responder.control, &fds).map_err(|e| match e.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Error::Gone,
            _ => Error::Start(e),
        })?;
        responder._files = sockets.into_iter().filter_map(Socket::into_file).collect();
        match responder.replies.recv_timeout(PATIENCE) {
            Ok(Report::Ready { user }) => responder.user = user,
            Ok(Report::Failed(why)) => return Err(Error::Failed(why)),
            _ => return Err(Error::Gone),
        }
        Ok(responder)
    }

    /// Answers for a token, from when this returns.
    ///
    /// # Errors
    /// It is not a token, or the child is gone.
    pub fn plant(&mut self, token: &str, key_authorization: &str) -> Result<(), Error> {
        let token = checked(token)?;
        self.order(&Order::Plant { token, key_authorization: key_authorization.to_owned() })
    }

    /// Answers for it no longer. When this returns, [`Responder::asked`] has all requests that were answered.
    ///
    /// # Errors
    /// It is not a token, or the child is gone. A token that was not planted is no error.
    pub fn remove(&mut self, token: &str) -> Result<(), Error> {
        let token = checked(token)?;
        self.order(&Order::Remove { token })
    }

    /// Who has asked so far, in the order of the requests.
    ///
    /// Of each token that is planted the first 64 requests since, and of all others the first 64 in total. A request is
    /// in it soon after its answer, at the latest when a later [`Responder::plant`] or [`Responder::remove`] returns.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).clone()
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The user who answers: 65534 (nobody) where this process is root, unless the host does not let root change its
    /// user; otherwise the user of this process.
    pub fn user(&self) -> u32 {
        self.user
    }

    /// Ends the child in good order: who is being answered gets the answer, for a second at most.
    pub fn end(mut self) {
        if self.say(&Order::End).is_ok() {
            self.wait();
        }
    }

    fn order(&mut self, order: &Order) -> Result<(), Error> {
        let done = self.say(order).is_ok() && matches!(self.replies.recv_timeout(PATIENCE), Ok(Report::Done));
        if done {
            return Ok(());
        }
        // Its answers would no longer be those to our orders.
        let _ = self.child.kill();
        Err(Error::Gone)
    }

    fn say(&mut self, order: &Order) -> io::Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.control.write_all(&line)
    }

    /// Waits for the child's end, and brings it about when that takes too long.
    fn wait(&mut self) {
        let since = Instant::now();
        while since.elapsed() < END {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.control.shutdown(Shutdown::Both);
        self.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn checked(token: &str) -> Result<String, Error> {
    if is_token(token) { Ok(token.to_owned()) } else { Err(Error::NotAToken(token.to_owned())) }
}

/// Sorts what the child says, until it says no more.
fn read(from: UnixStream, replies: &Sender<Report>, asked: &Mutex<Vec<Asked>>) {
    for line in BufReader::new(from).lines() {
        let Some(report) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else { return };
        match report {
            Report::Asked(request) => lock(asked).push(request),
            // Nobody waits for it when the handle is being dropped.
            reply => drop(replies.send(reply)),
        }
    }
}
