//! A small shell process that cleans up if the owner of a stack dies without the chance to do so.
//!
//! It waits for the end of its standard input: the kernel closes that pipe however the owner dies (SIGKILL, Ctrl-C,
//! abort, `exit` with the stack in a static). It then kills all processes with the stack's marker in their environment,
//! and removes the stack's temporary folder. It must never act on anything without the marker. The kernel's
//! parent-death signal is no substitute: it follows the *thread* that started a server, does not reach the
//! grandchildren that `RabbitMQ` has, and removes no folder.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::process::MARKER;
use crate::{Error, Result};

/// `$1` is the marker, `$2` the folder to remove or empty. There are several passes, because a process may fork during
/// a pass.
const SCRIPT: &str = r#"
trap '' INT TERM HUP QUIT TSTP
read -r word
[ "$word" = done ] && exit 0
for pass in 1 2 3; do
  for file in $(grep -lzxF "$1" /proc/[0-9]*/environ 2>/dev/null); do
    pid=${file#/proc/}
    kill -KILL "${pid%/environ}" 2>/dev/null
  done
done
[ -n "$2" ] && rm -rf -- "$2"
exit 0
"#;

/// The watchdog of one stack.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    pub(crate) fn start(stack: &str, remove: Option<&Path>) -> Result<Self> {
        Command::new("sh")
            .args(["-c", SCRIPT, "beds-devstack-watchdog"])
            .arg(format!("{MARKER}={stack}"))
            .arg(remove.unwrap_or(Path::new("")))
            .current_dir("/")
            .env_remove(MARKER)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C at the terminal must not kill it.
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(|error| Error::new(format!("cannot start the watchdog process: {error}")).at("sh"))
    }

    /// The owner has cleaned up itself.
    pub(crate) fn dismiss(&mut self) {
        if let Some(mut stdin) = self.0.stdin.take() {
            // If it is already gone, there is nobody to inform.
            let _ = stdin.write_all(b"done\n");
        }
        let _ = self.0.wait();
    }
}
