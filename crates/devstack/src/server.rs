//! One server of a stack: started, stopped, killed, restarted and paused as a test needs it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::process::{POLL, Process};
use crate::program::{Program, ServerKind};
use crate::{Error, Result, ServerTls, log};

/// A first start on a slow, busy machine takes seconds. After this time something is wrong.
const START_PATIENCE: Duration = Duration::from_secs(90);
/// An orderly end takes a second. After this time the server is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How much of the log an error shows.
const TAIL: usize = 25;

/// One server of a [`crate::Stack`]. All methods block until their work is done.
#[derive(Debug)]
pub struct Server {
    kind: ServerKind,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    /// Started by this stack.
    Own(Box<Own>),
    /// Named by an environment variable. The stack must not stop it.
    External { url: String },
    /// The stack was built without it.
    Absent,
}

#[derive(Debug)]
struct Own {
    program: Box<dyn Program>,
    stack: String,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    server: Option<Process>,
    companion: Option<Process>,
}

impl Server {
    pub(crate) fn own(program: Box<dyn Program>, stack: &str) -> Self {
        let kind = program.kind();
        let own = Own { program, stack: stack.to_owned(), running: Mutex::default() };
        Self { kind, inner: Inner::Own(Box::new(own)) }
    }

    pub(crate) fn external(kind: ServerKind, url: String) -> Self {
        Self { kind, inner: Inner::External { url } }
    }

    pub(crate) fn absent(kind: ServerKind) -> Self {
        Self { kind, inner: Inner::Absent }
    }

    fn own_only(&self, action: &str) -> Result<&Own> {
        let kind = self.kind;
        match &self.inner {
            Inner::Own(own) => Ok(own),
            Inner::External { .. } => Err(Error::new(format!("cannot {action} {kind}: it is not ours"))
                .at(format!("the environment variable {}", kind.variable()))
                .hint(format!("unset {} to get a private {kind}", kind.variable()))),
            Inner::Absent => {
                Err(Error::new(format!("cannot {action} {kind}: this stack was built without it"))
                    .hint(format!("call `.{}()` on the builder", kind.folder())))
            }
        }
    }

    /// Which server this is.
    pub fn kind(&self) -> ServerKind {
        self.kind
    }

    /// Whether this stack started the server, and so may stop, kill and pause it.
    pub fn is_own(&self) -> bool {
        matches!(self.inner, Inner::Own(_))
    }

    /// The address for a driver, with credentials. It stays the same for the life of the stack. If the stack has no
    /// such server, the address is invalid, and every driver refuses it.
    pub fn url(&self) -> String {
        match &self.inner {
            Inner::Own(own) => own.program.url(),
            Inner::External { url } => url.clone(),
            Inner::Absent => format!("not-started:{}", self.kind),
        }
    }

    /// The port for clients; none for an external server.
    pub fn port(&self) -> Option<u16> {
        match &self.inner {
            Inner::Own(own) => own.program.ports().first().copied(),
            Inner::External { .. } | Inner::Absent => None,
        }
    }

    pub(crate) fn ports(&self) -> Vec<u16> {
        match &self.inner {
            Inner::Own(own) => own.program.ports(),
            Inner::External { .. } | Inner::Absent => Vec::new(),
        }
    }

    /// The id of the server's first process; none for an external server, or if it does not run.
    pub fn pid(&self) -> Option<u32> {
        match &self.inner {
            Inner::Own(own) => own.lock().server.as_ref().map(Process::pid),
            Inner::External { .. } | Inner::Absent => None,
        }
    }

    /// The last lines of the log; empty for an external server.
    pub fn log_tail(&self, lines: usize) -> String {
        match &self.inner {
            Inner::Own(own) => log::tail(own.program.log(), lines),
            Inner::External { .. } | Inner::Absent => String::new(),
        }
    }

    /// Whether the server's process exists (a paused one does). An external server counts as running.
    pub fn is_running(&self) -> bool {
        match &self.inner {
            Inner::Own(own) => own.lock().server.as_mut().is_some_and(|process| process.ended().is_none()),
            Inner::External { .. } => true,
            Inner::Absent => false,
        }
    }

    /// Starts the server on the same port and data, and returns when it answers. Does nothing if it runs.
    ///
    /// # Errors
    /// When the server is external, ends early, or does not answer in time. The error has the end of its log.
    pub fn start(&self) -> Result<()> {
        self.own_only("start")?.start()
    }

    /// Ends the server in an orderly way. Does nothing if it does not run.
    ///
    /// # Errors
    /// When the server is external.
    pub fn stop(&self) -> Result<()> {
        self.own_only("stop")?.stop();
        Ok(())
    }

    /// Ends the server at once with SIGKILL, as a power cut would: nothing is flushed. Does nothing if it does not run.
    ///
    /// # Errors
    /// When the server is external.
    pub fn kill(&self) -> Result<()> {
        self.own_only("kill")?.kill();
        Ok(())
    }

    /// [`Server::stop`], then [`Server::start`].
    ///
    /// # Errors
    /// As those two.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    /// Stops the server's processes (SIGSTOP): connections stay open and nothing answers, like a machine that hangs.
    ///
    /// # Errors
    /// When the server is external or does not run.
    pub fn pause(&self) -> Result<()> {
        self.own_only("pause")?.running(Signal::SIGSTOP, Process::pause)
    }

    /// Ends [`Server::pause`].
    ///
    /// # Errors
    /// When the server is external or does not run.
    pub fn resume(&self) -> Result<()> {
        self.own_only("resume")?.signal(Signal::SIGCONT)
    }

    /// Gives the server TLS with these files, or removes TLS, and restarts it. `RabbitMQ` has TLS on a separate port,
    /// [`Server::tls_port`]. `MariaDB` still accepts plain text on its port; the stand-in for `mongod` does not.
    ///
    /// # Errors
    /// As [`Server::restart`].
    pub fn use_tls(&self, tls: Option<ServerTls>) -> Result<()> {
        self.own_only("change the certificate of")?.program.use_tls(tls);
        self.restart()
    }

    /// The port with TLS, if it differs from [`Server::port`]; none for an external server.
    pub fn tls_port(&self) -> Option<u16> {
        match self.kind {
            ServerKind::RabbitMq => self.ports().get(3).copied(),
            ServerKind::MariaDb | ServerKind::MongoDb => self.port(),
        }
    }

    /// Gives a command to the running server as its operator would, such as `set_vm_memory_high_watermark 0.1` to
    /// `rabbitmqctl`, and returns its output.
    ///
    /// # Errors
    /// When the server is external, has no such program, or the command fails. The error has the command's output.
    pub fn control(&self, arguments: &[&str]) -> Result<String> {
        let kind = self.kind;
        let Some(mut command) = self.own_only("control")?.program.control() else {
            return Err(Error::new(format!("{kind} has no program to control it")));
        };
        let ran = command.args(arguments).output();
        let output =
            ran.map_err(|error| Error::new(format!("cannot run {kind}'s control program: {error}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("{kind} refuses `{}`: {}", arguments.join(" "), said.trim())))
    }

    /// Ends the server and all its helpers; `orderly` if its data will be used again.
    pub(crate) fn end(&self, orderly: bool) {
        if let Inner::Own(own) = &self.inner {
            if orderly {
                own.stop();
            } else {
                own.kill();
            }
            if let Some(companion) = own.lock().companion.take() {
                companion.kill();
            }
        }
    }
}

impl Own {
    fn lock(&self) -> MutexGuard<'_, Running> {
        // If a test panics in another thread, the server must still be stopped.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill(&self) {
        if let Some(process) = self.lock().server.take() {
            process.kill();
        }
    }

    fn stop(&self) {
        if let Some(process) = self.lock().server.take() {
            process.stop(STOP_PATIENCE);
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.running(signal, |process| process.signal(signal))
    }

    /// Acts on the process that is to get a signal.
    fn running(&self, signal: Signal, act: impl FnOnce(&Process) -> Result<()>) -> Result<()> {
        let running = self.lock();
        let process = running.server.as_ref().ok_or_else(|| {
            Error::new(format!("cannot send {signal} to {}: it does not run", self.program.kind()))
        })?;
        act(process)
    }

    fn start(&self) -> Result<()> {
        let mut running = self.lock();
        if running.server.as_mut().is_some_and(|process| process.ended().is_none()) {
            return Ok(());
        }
        self.program.prepare()?;
        if running.companion.as_mut().is_none_or(|process| process.ended().is_some())
            && let Some(command) = self.program.companion()
        {
            running.companion = Some(Process::spawn(command, &self.stack, self.program.log())?);
        }
        let process = Process::spawn(self.program.command()?, &self.stack, self.program.log())?;
        self.await_answer(running.server.insert(process)).inspect_err(|_| {
            if let Some(process) = running.server.take() {
                process.kill();
            }
        })
    }

    fn await_answer(&self, process: &mut Process) -> Result<()> {
        let kind = self.program.kind();
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let missing = match self.program.probe() {
                // Another server may answer on a port that this one failed to get.
                Ok(()) if process.ended().is_none() => return Ok(()),
                Ok(()) => "another server answers on its port".to_owned(),
                Err(missing) => missing,
            };
            if let Some(status) = process.ended() {
                return Err(self.failed(format!("{kind} ended while it started: {status}")));
            }
            if Instant::now() > deadline {
                let seconds = START_PATIENCE.as_secs();
                return Err(self.failed(format!("{kind} does not answer after {seconds} s: {missing}")));
            }
            sleep(POLL);
        }
    }

    fn failed(&self, what: String) -> Error {
        let path = self.program.log();
        let tail = log::tail(path, TAIL);
        let lower = log::tail(path, 200).to_lowercase();
        let taken = ["eaddrinuse", "address already in use", "address in use"]
            .iter()
            .any(|text| lower.contains(text));
        let hint = if taken {
            "its port was taken by another program meanwhile; try again"
        } else {
            "the end of its log, below, usually says why"
        };
        Error::new(what)
            .at(format!("ports {:?}", self.program.ports()))
            .hint(hint)
            .log(path, tail)
            .port_taken(taken)
    }
}
