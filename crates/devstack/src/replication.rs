//! `MariaDB` servers that replicate, and what a DBA does with them when one dies. Replication uses global transaction
//! ids and is semi-synchronous, so that a replica has what the primary has committed.

use std::sync::atomic::Ordering;

use crate::sql::Client;
use crate::{Error, Result, Server, Stack};

/// How long a replica may take to apply what it has received, in seconds.
const APPLY_SECONDS: u32 = 60;

impl Stack {
    /// Makes the first server the primary, and the others its replicas.
    pub(crate) fn replicate(&self) -> Result<()> {
        let Some((first, replicas)) = self.mariadbs().split_first().filter(|(_, others)| !others.is_empty())
        else {
            return Ok(());
        };
        replicas.iter().try_for_each(|replica| follow(replica, first, ""))?;
        query(first, PROMOTED).map(drop)
    }

    /// Makes the replica with the most transactions the primary, and the others its replicas, as a DBA does when the
    /// primary is gone. If the old primary still answers, it takes no more writes, and becomes a replica as well.
    ///
    /// # Errors
    /// When no replica runs, or one refuses a command.
    pub fn fail_over(&self) -> Result<&Server> {
        let old = self.mariadb();
        let demoted = "set global read_only = 1, rpl_semi_sync_master_enabled = 0";
        let answers = old.is_running() && query(old, demoted).is_ok();
        let running = |server: &&Server| server.is_running() && server.port() != old.port();
        let replicas: Vec<&Server> = self.mariadbs().iter().filter(running).collect();
        let mut best: Option<(Position, &Server)> = None;
        for &replica in &replicas {
            query(replica, "stop slave io_thread")?;
            let position = received(replica)?;
            if best.as_ref().is_none_or(|(most, _)| position.number > most.number) {
                best = Some((position, replica));
            }
        }
        let Some((Position { text, .. }, new)) = best else { return Err(Error::new("no replica runs")) };
        let done = query(new, &format!("select master_gtid_wait('{text}', {APPLY_SECONDS})"))?;
        if done.trim() != "0" {
            return Err(Error::new(format!("the replica did not get to {text}: {}", done.trim())));
        }
        query(new, &format!("stop slave; reset slave all; {PROMOTED}"))?;
        let number =
            self.mariadbs().iter().position(|server| server.port() == new.port()).unwrap_or_default();
        self.primary.store(number, Ordering::Relaxed);
        for &replica in replicas.iter().filter(|replica| replica.port() != new.port()) {
            query(replica, "stop slave")?;
            follow(replica, new, "")?;
        }
        if answers {
            follow(old, new, DEMOTED)?;
        }
        Ok(new)
    }

    /// Starts a server if it does not run, and makes it a replica of the primary. The server is a former replica, or
    /// the primary before the last [`Stack::fail_over`].
    ///
    /// # Errors
    /// When the server does not start, or refuses a command.
    pub fn rejoin(&self, server: &Server) -> Result<()> {
        server.start()?;
        let was_replica = !query(server, "show slave status")?.trim().is_empty();
        follow(server, self.mariadb(), if was_replica { "" } else { DEMOTED })
    }
}

/// Only the primary waits for replicas.
const PROMOTED: &str = "set global rpl_semi_sync_master_enabled = 1, read_only = 0";
/// The server's own binary log says which transactions it has.
const DEMOTED: &str = ", master_demote_to_slave = 1";

/// Makes a server that does not replicate a replica of another one.
fn follow(replica: &Server, primary: &Server, how: &str) -> Result<()> {
    let port = primary.port().unwrap_or_default();
    let sql = format!(
        "stop slave; change master to master_host = '127.0.0.1', master_port = {port}, master_user = 'root', \
         master_connect_retry = 1, master_use_gtid = slave_pos{how}; start slave"
    );
    query(replica, &sql).map(drop)
}

/// A position in the only replication domain of these servers.
struct Position {
    text: String,
    number: u64,
}

/// How much of the primary's log a replica has received, applied or not.
fn received(replica: &Server) -> Result<Position> {
    let status = query(replica, "show slave status")?;
    // The column `Using_Gtid`, followed by `Gtid_IO_Pos`.
    let mut fields = status.trim_end_matches('\n').split('\t').skip_while(|field| *field != "Slave_Pos");
    let text = fields.nth(1).unwrap_or_default().to_owned();
    let number = text.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    Ok(Position { text, number })
}

fn query(server: &Server, sql: &str) -> Result<String> {
    Client::parse(&server.url())?.query(None, sql)
}
