//! Chooses the servers of a stack, installs missing programs, and starts the servers.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use crate::mariadb::MariaDb;
use crate::mongodb::{Flavor, MongoDb};
use crate::ports::Port;
use crate::program::{Program, ServerKind};
use crate::rabbitmq::RabbitMq;
use crate::stack::Home;
use crate::stand_in::Edition;
use crate::watchdog::Watchdog;
use crate::{Error, Result, Server, Stack, mariadb, packages, rabbitmq};

/// How often other ports are tried if another program takes a port between its choice and the bind.
const PORT_TRIES: u32 = 5;
/// `RabbitMQ` needs four: clients, distribution, epmd, clients with TLS.
const PORTS_PER_SERVER: [usize; 3] = [4, 1, 1];

type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// Chooses the servers of a [`Stack`]. Without a choice it has all three.
#[derive(Clone, Default)]
pub struct Builder {
    dir: Option<PathBuf>,
    wanted: [bool; 3],
    /// How many servers of each kind there are besides the first.
    others: [usize; 3],
    fixed: [Option<u16>; 3],
    progress: Option<Progress>,
    private: bool,
    fast: bool,
    standalone: bool,
    /// Whether installation is forbidden.
    as_it_is: bool,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("dir", &self.dir)
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl Stack {
    /// All three servers, in a temporary folder.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Chooses servers, folder, ports.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Keeps the data in this folder, which is created if missing, and finds the data there again next time. Without
    /// it, the data is in a temporary folder that is removed with the stack.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn dir(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        fs::create_dir_all(path).map_err(Error::io("cannot create the stack's folder", path))?;
        self.dir =
            Some(fs::canonicalize(path).map_err(Error::io("cannot resolve the stack's folder", path))?);
        Ok(self)
    }

    fn with(mut self, kind: ServerKind) -> Self {
        self.wanted[kind as usize] = true;
        self
    }

    /// With a `RabbitMQ`.
    #[must_use]
    pub fn rabbitmq(self) -> Self {
        self.with(ServerKind::RabbitMq)
    }

    /// With a `MariaDB`.
    #[must_use]
    pub fn mariadb(self) -> Self {
        self.with(ServerKind::MariaDb)
    }

    /// With a cluster of this many `RabbitMQ` servers: [`Stack::rabbitmqs`].
    #[must_use]
    pub fn rabbitmq_cluster(mut self, servers: usize) -> Self {
        self.others[ServerKind::RabbitMq as usize] = servers.saturating_sub(1);
        self.rabbitmq()
    }

    /// With a `MariaDB` and this many replicas of it: [`Stack::mariadbs`]. A commit waits until a replica has it. A
    /// server that is started again is a replica at first: [`Stack::fail_over`] and [`Stack::rejoin`] do what a DBA
    /// would do.
    #[must_use]
    pub fn mariadb_replicas(mut self, replicas: usize) -> Self {
        self.others[ServerKind::MariaDb as usize] = replicas;
        self.mariadb()
    }

    /// With a `MongoDB`.
    #[must_use]
    pub fn mongodb(self) -> Self {
        self.with(ServerKind::MongoDb)
    }

    /// With a `MongoDB` whose speed is worth measuring. If the stand-in for `mongod` is needed, it is the edition that
    /// takes minutes to build, once.
    #[must_use]
    pub fn fast_mongodb(mut self) -> Self {
        self.fast = true;
        self.mongodb()
    }

    /// With the document database, but not as a replica set, so it has no transactions.
    #[must_use]
    pub fn standalone_mongodb(mut self) -> Self {
        self.standalone = true;
        self.mongodb()
    }

    /// This server listens for clients on exactly this port, or the start fails.
    #[must_use]
    pub fn port(mut self, kind: ServerKind, port: u16) -> Self {
        self.fixed[kind as usize] = Some(port);
        self
    }

    /// Reports each event in one line to this function. Without it the stack starts silently.
    #[must_use]
    pub fn progress(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(tell));
        self
    }

    /// Starts private servers even if the environment names others.
    #[must_use]
    pub fn ignore_environment(mut self) -> Self {
        self.private = true;
        self
    }

    /// Installs nothing: a missing program is an error.
    #[must_use]
    pub fn install_nothing(mut self) -> Self {
        self.as_it_is = true;
        self
    }

    /// Installs missing programs, starts the servers at the same time, and returns when all of them answer.
    ///
    /// # Errors
    /// When something cannot be installed or started. Servers that did start are ended again.
    pub fn start(mut self) -> Result<Stack> {
        if self.wanted == [false; 3] {
            self.wanted = [true; 3];
        }
        let external = ServerKind::ALL.map(|kind| self.external(kind));
        let own = ServerKind::ALL.map(|kind| self.wanted[kind as usize] && external[kind as usize].is_none());
        self.install(own)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.start_once(own, &external) {
                Err(error) if error.is_port_taken() && tries < PORT_TRIES => {}
                other => return other,
            }
        }
    }

    fn external(&self, kind: ServerKind) -> Option<String> {
        let url = std::env::var(kind.variable()).ok()?;
        (!self.private && self.wanted[kind as usize] && !url.is_empty()).then_some(url)
    }

    fn home(&self) -> Result<Home> {
        let Some(dir) = self.dir.clone() else {
            let dir = tempfile::Builder::new()
                .prefix("beds-stack-")
                .tempdir()
                .map_err(|error| Error::new(format!("cannot create a temporary folder: {error}")))?;
            return Ok(Home::Temporary(dir));
        };
        let path = dir.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io("cannot open the stack's lock", &path))?;
        lock.try_lock().map_err(|error| {
            Error::new(format!("another stack already uses this folder: {error}"))
                .at(dir.display().to_string())
                .hint("stop that one, or choose another folder")
        })?;
        Ok(Home::Kept { dir, _lock: lock })
    }

    fn start_once(&self, own: [bool; 3], external: &[Option<String>; 3]) -> Result<Stack> {
        let home = self.home()?;
        let id = new_id();
        let remove = matches!(home, Home::Temporary(_)).then(|| home.path().to_owned());
        let watchdog = Watchdog::start(&id, remove.as_deref())?;
        let remembered = remembered_ports(home.path());
        let mut servers = Vec::with_capacity(3);
        for kind in ServerKind::ALL {
            let index = kind as usize;
            servers.push(match &external[index] {
                Some(url) => vec![Server::external(kind, url.clone())],
                None if own[index] => {
                    let programs = self.programs(kind, home.path(), &remembered[index])?.into_iter();
                    programs.map(|program| Server::own(program, &id)).collect()
                }
                None => vec![Server::absent(kind)],
            });
        }
        let servers =
            <[Vec<Server>; 3]>::try_from(servers).map_err(|_| Error::new("a stack has three servers"))?;
        // From here on, dropping the stack cleans up.
        let stack = Stack { servers, primary: AtomicUsize::new(0), home, id, watchdog };
        stack.remember_ports()?;
        self.start_all(&stack)?;
        Ok(stack)
    }

    fn start_all(&self, stack: &Stack) -> Result<()> {
        let tell = |line: String| {
            if let Some(progress) = &self.progress {
                progress(&line);
            }
        };
        let start = |server: &Server| {
            let began = Instant::now();
            tell(format!("starting {}", server.kind()));
            server.start()?;
            let seconds = began.elapsed().as_secs_f32();
            tell(format!("{} answers after {seconds:.1} s: {}", server.kind(), server.url()));
            Ok(())
        };
        let own = stack.servers.iter().filter(|servers| servers.iter().any(Server::is_own));
        at_once(own.map(|servers| {
            || {
                // The others join the first.
                let Some((first, others)) = servers.split_first() else { return Ok(()) };
                start(first)?;
                at_once(others.iter().map(|other| || start(other)))
            }
        }))?;
        stack.replicate()
    }

    /// The programs of one kind: of its only server, or of all servers of its cluster.
    fn programs(&self, kind: ServerKind, home: &Path, remembered: &[u16]) -> Result<Vec<Box<dyn Program>>> {
        let count = 1 + self.others[kind as usize];
        let place = |number: usize| {
            let name =
                if number == 1 { kind.folder().to_owned() } else { format!("{}-{number}", kind.folder()) };
            let dir = home.join(&name);
            fs::create_dir_all(&dir).map_err(Error::io("cannot create the server's folder", &dir))?;
            Ok((dir, home.join(format!("{name}.log"))))
        };
        let (dir, log) = place(1)?;
        let first = match self.fixed[kind as usize] {
            Some(port) => Port::exactly(port)?,
            None => Port::free(remembered.first().copied())?,
        };
        let other = |index: usize| Port::free(remembered.get(index).copied());
        let free = || Port::free(None);
        let mut programs: Vec<Box<dyn Program>> = Vec::with_capacity(count);
        match kind {
            ServerKind::RabbitMq => {
                let first = RabbitMq::new(&dir, log, [first, other(1)?, other(2)?, other(3)?], None);
                for number in 2..=count {
                    let ((dir, log), joins) = (place(number)?, first.joined_by(number));
                    let ports = [free()?, free()?, free()?, free()?];
                    programs.push(Box::new(RabbitMq::new(&dir, log, ports, Some(joins))));
                }
                programs.insert(0, Box::new(first));
            }
            ServerKind::MariaDb => {
                let number = |number| (count > 1).then_some(number);
                programs.push(Box::new(MariaDb::new(&dir, log, first, number(1))));
                for replica in 2..=count {
                    let (dir, log) = place(replica)?;
                    programs.push(Box::new(MariaDb::new(&dir, log, free()?, number(replica))));
                }
            }
            ServerKind::MongoDb => {
                programs.push(Box::new(MongoDb::new(&dir, log, first, self.flavor(), self.standalone)));
            }
        }
        Ok(programs)
    }

    fn flavor(&self) -> Flavor {
        // An edition that takes minutes to install is used if it is installed.
        let is_there = self.as_it_is && Edition::Fast.is_installed().unwrap_or(false);
        Flavor::choose(if self.fast || is_there { Edition::Fast } else { Edition::Light })
    }

    fn install(&self, own: [bool; 3]) -> Result<()> {
        let mut missing = Vec::new();
        if own[ServerKind::RabbitMq as usize] && rabbitmq::installed().is_none() {
            missing.push("rabbitmq-server");
        }
        if own[ServerKind::MariaDb as usize] && mariadb::installed().is_none() {
            missing.push("mariadb-server");
        }
        if self.as_it_is {
            if own[ServerKind::MongoDb as usize] && !self.flavor().is_there()? {
                missing.push("mongod, or its stand-in");
            }
            return match missing.as_slice() {
                [] => Ok(()),
                missing => Err(Error::new(format!("this machine has no {}", missing.join(", no ")))),
            };
        }
        packages::ensure_packages(&missing)?;
        if own[ServerKind::MongoDb as usize] { self.flavor().ensure() } else { Ok(()) }
    }
}

/// Runs these at the same time. All of them end before the first error is reported.
fn at_once<'a, F: Fn() -> Result<()> + Send + 'a>(works: impl Iterator<Item = F>) -> Result<()> {
    std::thread::scope(|scope| {
        let works: Vec<_> = works.map(|work| scope.spawn(work)).collect();
        let ends: Vec<Result<()>> = works
            .into_iter()
            .map(|work| {
                work.join().unwrap_or_else(|_| Err(Error::new("a thread that starts a server panicked")))
            })
            .collect();
        ends.into_iter().collect()
    })
}

/// The ports of the last start in this folder. They are only a preference, so a file that cannot be read is ignored.
fn remembered_ports(home: &Path) -> [Vec<u16>; 3] {
    let text = fs::read_to_string(home.join("ports")).unwrap_or_default();
    ServerKind::ALL.map(|kind| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind.folder()));
        let ports = line.unwrap_or_default().split_whitespace().filter_map(|port| port.parse().ok());
        ports.take(PORTS_PER_SERVER[kind as usize]).collect()
    })
}

/// Unique among all stacks of all processes on this machine.
fn new_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
    format!("{}-{}-{nanos}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A port of the loopback interface that is free at this moment, for a program that cannot choose one itself.
///
/// # Errors
/// When none is free.
pub fn free_port() -> Result<u16> {
    Port::free(None).map(|port| port.number())
}

/// Installs the missing programs of all three servers, so that a later [`Builder::start`] takes seconds.
///
/// # Errors
/// When they cannot be installed; the error says what to run by hand.
pub fn ensure_servers() -> Result<()> {
    let builder = Builder { wanted: [true; 3], ..Builder::default() };
    builder.install(ServerKind::ALL.map(|kind| builder.external(kind).is_none()))
}
