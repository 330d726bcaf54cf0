//! The connection on which confirmed messages are published, and the topology is declared: one for all brokers, made
//! again whenever it ends. The brokers go on meanwhile; their confirmed messages wait.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    connection::{Connection, connect},
    error::{BusError, Told},
    hosting::Shared,
    session::{Restarts, goodbye, supervise},
    topology,
};

/// The upkeep of the topology takes at most one part in this many of the time. RabbitMQ needs some 0.3 ms for a
/// binding, so 1,800 bindings are checked every half minute.
const UPKEEP_SHARE: u32 = 50;

/// On a busy machine a check is slow. The topology is still checked at least this often.
const UPKEEP_LONGEST: Duration = Duration::from_mins(1);

/// Parts may vanish again and again. The topology is checked no more often than this.
const UPKEEP_PAUSE: Duration = Duration::from_millis(200);

/// Keeps the connection until `stop` is cancelled.
pub(crate) async fn keep(shared: Arc<Shared>, stop: CancellationToken) {
    let mut restarts = Restarts::new(&shared.amqp);
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = connected(&shared, &mut restarts, &stop) => ended,
        };
        shared.publishing.send_replace(None);
        let Err(error) = ended else { return };
        shared.meter.lost.count();
        let why = Told(&error).to_string();
        warn!("the connection to RabbitMQ for dead letters and events is lost, or could not be made: {why}");
        shared.board.publishing(Err(why.into()));
        if !restarts.again(&stop).await {
            return;
        }
    }
}

/// One life of the connection.
async fn connected(
    shared: &Arc<Shared>,
    restarts: &mut Restarts,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    let connection = Arc::new(connect(&shared.amqp, &format!("{} publishing", shared.node)).await?);
    shared.meter.sessions.count();
    shared.sizes.forget();
    restarts.begun();
    // Dropping the set aborts it with the connection.
    let mut upkeep = JoinSet::new();
    upkeep.spawn(look_after(Arc::clone(&connection), Arc::clone(shared), stop.clone()));
    let ended = supervise(&connection, shared, &mut upkeep, stop).await;
    goodbye(&connection).await;
    ended
}

/// Declares the topology, and declares again the parts that vanish, for as long as the connection lives. A failed
/// declaration stops nobody: consumers finish what is in their queues.
async fn look_after(
    connection: Arc<Connection>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) -> Result<(), BusError> {
    let period = shared.amqp.topology_check_ms.duration();
    let mut is_first = true;
    loop {
        let begun = Instant::now();
        let declared = if is_first {
            topology::declare(&connection, &shared).await.map(|()| Vec::new())
        } else {
            topology::restore(&connection, &shared).await
        };
        let took = begun.elapsed();
        match declared {
            Ok(missing) => {
                for what in missing {
                    warn!("{what} had vanished: declared again, with its bindings");
                }
                shared.board.topology(Ok(()));
                shared.times_looked_after.send_modify(|times| *times += 1);
            }
            // Nothing is sent while RabbitMQ blocks the connection.
            Err(_) if connection.status().blocked() => {}
            Err(reason) if !connection.is_open() => return Err(reason),
            Err(reason) => {
                let why = Told(&reason).to_string();
                if shared.board.topology(Err(why.as_str().into())) {
                    warn!("the topology cannot be declared: {why}");
                }
            }
        }
        if std::mem::take(&mut is_first) {
            shared.publishing.send_replace(Some(Arc::clone(&connection)));
            shared.board.publishing(Ok(()));
        }
        let later = period.max((took * UPKEEP_SHARE).min(UPKEEP_LONGEST));
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(later) => {}
            () = shared.vanished.notified() => tokio::time::sleep(UPKEEP_PAUSE.max(took)).await,
        }
    }
}
