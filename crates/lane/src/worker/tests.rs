use tokio::{sync::oneshot, time::Instant};

use super::*;
use crate::queue::Settings;

struct Nowhere;

impl Connect for Nowhere {
    type Connection = ();

    async fn connect(&self) -> std::result::Result<(), String> {
        Ok(())
    }

    async fn close(&self, (): ()) {}

    fn server(&self) -> String {
        String::new()
    }
}

struct Nothing;

impl Job for Nothing {
    type Connection = ();
    type Output = ();

    const CAN_BE_CUT: bool = true;

    async fn run(&self, (): &mut (), _: &Gate) -> std::result::Result<(), Fault> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_group_stays_with_its_connection_where_the_queue_is_full() {
    let settings = Settings {
        name: "nowhere".to_owned(),
        lane: "read",
        connections: 0,
        queue_max: 1,
        group_max: 2,
        connect_timeout: Duration::ZERO,
        patience: Duration::ZERO,
    };
    let (queue, calls) = async_channel::bounded(1);
    let shared = Arc::new(Shared::new(settings));
    let tickets = (0..5).map(|_| Ticket {
        job: Nothing,
        gate: Arc::new(Gate::new(Instant::now() + Duration::from_secs(1))),
        reply: oneshot::channel().0,
        span: tracing::Span::none(),
        losses: 0,
        request: Span::none(),
        waiting: Span::none(),
        running: Span::none(),
    });
    shared.groups().insert(7, tickets.collect());
    let server = Arc::new(Server::new(Nowhere));
    let mut worker =
        Worker { shared, server, calls, again: queue.downgrade(), first: Vec::new(), was_idle: false };

    assert_eq!(worker.take(Call::Group(7)).len(), 2);
    assert_eq!((worker.first.len(), queue.len()), (0, 1), "another connection is called for the rest");
    assert_eq!(worker.take(Call::Group(7)).len(), 2);
    assert_eq!(worker.first.len(), 1, "the queue is full");
    assert!(worker.shared.groups()[&7].is_empty());
}
