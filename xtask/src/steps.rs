//! Reports which step of a command runs, and how long each one took.

use std::time::Instant;

use anyhow::Result;

/// Counts the steps of a command.
#[derive(Debug)]
pub(crate) struct Steps {
    total: u32,
    done: u32,
    began: Instant,
}

impl Steps {
    pub(crate) fn new(total: u32) -> Self {
        Self { total, done: 0, began: Instant::now() }
    }

    /// Runs one step, with a line before and a line after it.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let began = Instant::now();
        self.announce(name);
        let value = work()?;
        println!("      done in {:.1} s", began.elapsed().as_secs_f32());
        Ok(value)
    }

    /// Announces a step. For the last step, whose own output must come last.
    pub(crate) fn announce(&mut self, name: &str) {
        self.done += 1;
        let (done, total, seconds) = (self.done, self.total, self.began.elapsed().as_secs());
        println!("[{done}/{total}] {name}  (after {seconds} s)");
    }
}
