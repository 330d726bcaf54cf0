//! The one error type of this crate: what failed, where, what to do about it, and what the server's log says.
//!
//! People read the error in the output of a test, so it must contain everything that they need.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed, where, and what to do about it.
#[derive(Debug)]
pub struct Error(Box<Parts>);

#[derive(Debug)]
struct Parts {
    what: String,
    place: Option<String>,
    hint: Option<String>,
    log: Option<(PathBuf, String)>,
    port_taken: bool,
}

impl Error {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Parts { what: what.into(), place: None, hint: None, log: None, port_taken: false }))
    }

    /// For `map_err` on I/O: "cannot create the folder: permission denied", at that path.
    pub(crate) fn io(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let (what, place) = (what.to_owned(), path.display().to_string());
        move |error| Self::new(format!("{what}: {error}")).at(place)
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.0.place = Some(place.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn log(mut self, path: &Path, tail: String) -> Self {
        self.0.log = Some((path.to_owned(), tail));
        self
    }

    /// Another process took the port between the check and the server's bind, so another port is worth a try.
    pub(crate) fn port_taken(mut self, taken: bool) -> Self {
        self.0.port_taken = taken;
        self
    }

    pub(crate) fn is_port_taken(&self) -> bool {
        self.0.port_taken
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { what, place, hint, log, .. } = &*self.0;
        write!(f, "{what}")?;
        if let Some(place) = place {
            write!(f, "\n  where: {place}")?;
        }
        if let Some(hint) = hint {
            write!(f, "\n  what to do: {hint}")?;
        }
        if let Some((path, tail)) = log {
            write!(f, "\n  log: {}", path.display())?;
            for line in tail.lines() {
                write!(f, "\n    | {line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
