//! Installs missing Debian packages, as root or through `sudo`, after a message.
//!
//! It must never let a package start a system service, and never replace or remove a package.

use std::io::IsTerminal;
use std::process::{Command, Stdio};

use nix::unistd::Uid;

use crate::program::on_path;
use crate::progress::{run, say, undisturbed};
use crate::{Error, Result, exclusively};

/// With `policy-rc.d`, Debian keeps packages from starting services. An existing file stays as it is. The package of
/// `RabbitMQ` starts an epmd all the same: it is ended if none ran before.
const SCRIPT: &str = r#"
set -e
guard=/usr/sbin/policy-rc.d
epmds() {
  for dir in /proc/[0-9]*; do
    read -r name <"$dir/comm" && [ "$name" = epmd ] && [ "$(stat -c %U "$dir")" = rabbitmq ] && echo "${dir#/proc/}"
  done 2>/dev/null || true
}
before=" $(epmds | tr '\n' ' ')"
made=
cleanup() {
  [ -z "$made" ] || rm -f "$guard"
  for pid in $(epmds); do
    case "$before" in *" $pid "*) ;; *) kill "$pid" || true ;; esac
  done
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ ! -e "$guard" ]; then
  made=yes
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod 755 "$guard"
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }
if apt-get install -s --no-install-recommends "$@" >/dev/null 2>&1 && install "$@"; then exit 0; fi
apt-get update -o DPkg::Lock::Timeout=300
install "$@"
"#;

/// Installs these Debian packages if they are missing. If none is missing, it does nothing and needs no rights.
///
/// ```no_run
/// beds_devstack::packages::ensure_packages(&["iso-codes"])?;
/// # Ok::<(), beds_devstack::Error>(())
/// ```
///
/// # Errors
/// When a package is missing and cannot be installed. The error has the command to run by hand.
pub fn ensure_packages(packages: &[&str]) -> Result<()> {
    if packages.iter().all(|package| is_installed(package)) {
        return Ok(());
    }
    let waiting = || say("waiting for another installation of packages to end");
    exclusively("packages", waiting, || {
        // The previous holder of the lock may have installed them.
        let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
        if missing.is_empty() { Ok(()) } else { install(&missing) }
    })
}

/// Whether a Debian package is installed.
pub fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

fn install(missing: &[&str]) -> Result<()> {
    let list = missing.join(" ");
    let by_hand =
        format!("run: apt-get update && apt-get install -y --no-install-recommends {list}   (as root)");
    let failed =
        |why: &str| Error::new(format!("cannot install the packages {list}: {why}")).hint(by_hand.clone());
    if on_path("apt-get").is_none() {
        return Err(failed("there is no apt-get on this machine")
            .hint(format!("install what corresponds to these Debian packages: {list}")));
    }
    let mut command = as_root(&list).ok_or_else(|| failed("you are not root and sudo does not let you"))?;
    command.args(["sh", "-c", SCRIPT, "beds-packages"]).args(missing);
    run(&format!("installing the Debian packages {list} (services are not started)"), command)
        .map_err(|error| failed(&error.to_string()))
}

/// A command line that runs the rest of its arguments as root.
fn as_root(list: &str) -> Option<Command> {
    if Uid::effective().is_root() {
        return Some(Command::new("env"));
    }
    let sudo = on_path("sudo")?;
    let works = |mut command: Command| command.status().is_ok_and(|status| status.success());
    let mut silent = Command::new(&sudo);
    silent.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !works(silent) {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        say(&format!("to install {list}, sudo asks for your password:"));
        let mut ask = Command::new(&sudo);
        ask.arg("-v");
        if !undisturbed(|| works(ask)) {
            return None;
        }
    }
    let mut command = Command::new(sudo);
    command.arg("-n");
    Some(command)
}
