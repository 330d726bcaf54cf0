//! Finds ports that no other program will take.
//!
//! The ports are below the kernel's ephemeral range. So no outgoing connection gets a port while its server is down for
//! a restart. Each port is claimed by a Unix socket in the abstract namespace. Other stacks on this machine see the
//! claim. The claim has the same scope as the port (the network namespace), and ends with the process without a trace.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::SystemTime;

use crate::{Error, Result};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A claimed port. The claim ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _claim: UnixListener,
}

impl Port {
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// A free port, preferably `wanted`.
    pub(crate) fn free(wanted: Option<u16>) -> Result<Self> {
        wanted
            .into_iter()
            .chain((0..COUNT).map(|_| next()))
            .find_map(Self::claim)
            .ok_or_else(|| Error::new(format!("no port from {FIRST} to {} is free", FIRST + COUNT - 1)))
    }

    /// Exactly this port, or an error.
    pub(crate) fn exactly(number: u16) -> Result<Self> {
        Self::claim(number).ok_or_else(|| {
            Error::new(format!("port {number} is taken"))
                .hint(format!("`ss -ltnp 'sport = :{number}'` shows by what; stop it or choose another port"))
        })
    }

    fn claim(number: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("beds-devstack/{number}")).ok()?;
        let claim = UnixListener::bind_addr(&name).ok()?;
        // Bound only for a moment: the server itself binds the port next.
        TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self { number, _claim: claim })
    }
}

/// The next candidate. Each process starts at another number, so that they seldom collide.
fn next() -> u16 {
    static STEP: AtomicU16 = AtomicU16::new(0);
    let step = STEP.fetch_add(1, Ordering::Relaxed);
    let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
    let seed = std::process::id().wrapping_mul(7_919).wrapping_add(nanos / 1_000);
    let offset = (seed % u32::from(COUNT) + u32::from(step)) % u32::from(COUNT);
    FIRST + u16::try_from(offset).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Port;

    #[test]
    fn a_claimed_port_is_not_given_twice() {
        let first = Port::free(None).unwrap();
        let second = Port::free(Some(first.number())).unwrap();
        assert_ne!(first.number(), second.number());
        assert!(Port::exactly(first.number()).is_err());
        let number = first.number();
        drop(first);
        assert_eq!(Port::exactly(number).unwrap().number(), number);
    }
}
