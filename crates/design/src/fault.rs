//! Faults in an input: the place, the fault, and the remedy.

use std::fmt;

use beds_protocol::OneLine;

/// The most faults in one report. More do not help, and a language model pays for each word.
pub const FAULTS_MAX: usize = 100;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path of a member in the model, such as `entities[0].fields[2].max`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub help: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, message, help } = self;
        let path = if path.is_empty() { "the whole" } else { path };
        write!(f, "{}: {}", OneLine(path), OneLine(message))?;
        if help.is_empty() { Ok(()) } else { write!(f, "\n  help: {}", OneLine(help)) }
    }
}

/// Faults, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        let fault = Fault { path: path.into(), message: message.into(), help: help.into() };
        if self.list.contains(&fault) {
            return;
        }
        if self.list.len() < FAULTS_MAX {
            self.list.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// All faults that are kept.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Whether there are no faults.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the path, or a path below it, has a fault already.
    #[must_use]
    pub fn touches(&self, path: &str) -> bool {
        let is_inside = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.list.iter().any(|fault| is_inside(&fault.path, path) || is_inside(path, &fault.path))
    }

    /// `Ok` if there are no faults.
    ///
    /// # Errors
    /// The faults.
    pub fn none_or(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.list {
            writeln!(f, "{fault}")?;
        }
        match (self.list.len(), self.more) {
            (1, 0) => writeln!(f, "1 fault"),
            (count, 0) => writeln!(f, "{count} faults"),
            (count, more) => writeln!(f, "{count} faults are shown, {more} more are not"),
        }
    }
}
