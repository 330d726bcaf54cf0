//! `MariaDB` servers that replicate, and what a DBA does with them when one dies: by global transaction ids, semi-synchronous,
//! so that what the primary has committed is with a replica.

use std::sync::atomic::Ordering;

use crate::sql::Client;
use crate::{Error, Result, Server, Stack};

/// How long a replica may take to do what it has received, in seconds.
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

    /// Makes the replica that has most the primary, and the others its replicas, as whoever looks after the servers does when
    /// the primary is gone. One that still answers takes no writes from here on, and is a replica as well.
    ///
    /// # Errors
    /// When no replica runs, or one refuses.
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

    /// Starts a server if it does not run, and makes it a replica of the primary: one that was a replica before, or the
    /// primary before the last [`Stack::fail_over`].
    ///
    /// # Errors
    /// When it does not start, or refuses.
    pub fn rejoin(&self, server: &Server) -> Result<()> {
        server.start()?;
        let was_replica = !query(server, "show slave status")?.trim().is_empty();
        follow(server, self.mariadb(), if was_replica { "" } else { DEMOTED })
    }
}

/// The primary alone waits for replicas.
const PROMOTED: &str = "set global rpl_semi_sync_master_enabled = 1, read_only = 0";
/// Its own binary log tells what it has.
const DEMOTED: &str = ", master_demote_to_slave = 1";

/// Makes a server that replicates nothing a replica of another.
fn follow(replica: &Server, primary: &Server, how: &str) -> Result<()> {
    let port = primary.port().unwrap_or_default();
    let sql = format!(
        "stop slave; change master to master_host = '127.0.0.1', master_port = {port}, master_user = 'root', \
         master_connect_retry = 1, master_use_gtid = slave_pos{how}; start slave"
    );
    query(replica, &sql).map(drop)
}

/// A position in the one domain that these servers have.
struct Position {
    text: String,
    number: u64,
}

/// What a replica has of its primary's log, done or not.
fn received(replica: &Server) -> Result<Position> {
    let status = query(replica, "show slave status")?;
    // Using_Gtid, and behind it Gtid_IO_Pos.
    let mut fields = status.trim_end_matches('\n').split('\t').skip_while(|field| *field != "Slave_Pos");
    let text = fields.nth(1).unwrap_or_default().to_owned();
    let number = text.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    Ok(Position { text, number })
}

fn query(server: &Server, sql: &str) -> Result<String> {
    Client::parse(&server.url())?.query(None, sql)
}
