//! What is logged while a job runs belongs to the request that it is run for.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use beds_core::{plan::Asker, stages::Stages};
use tracing::{Instrument as _, error_span};

use crate::fake::{Cut, Scripted, Step, Together, World, lane, settings, settle};

/// Keeps what is logged.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// The lines that these jobs cause, which wait together; each is of a request with its name as id.
async fn lines(jobs: Vec<(&str, Scripted<true>)>, world: &Arc<World>) -> Vec<String> {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .with_target(false);
    let _logged = tracing::subscriber::set_default(subscriber.finish());
    let lane: Arc<Cut> = lane(world, settings()).await;
    let mut running = Vec::new();
    for (id, job) in jobs {
        let lane = Arc::clone(&lane);
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        let request = async move { lane.run(job, Asker::default(), deadline, &Stages::default()).await };
        running.push(tokio::spawn(request.instrument(error_span!("request", request_id = id))));
        settle().await;
    }
    for running in running {
        // How it ends is tried elsewhere.
        let _ = running.await.unwrap();
    }
    sink.lines()
}

#[tokio::test(start_paused = true)]
async fn a_line_that_a_job_causes_bears_its_request() {
    let world = Arc::default();
    let job = Scripted::new(&world, "a", &[Step::LoseOn(0), Step::Say]);
    assert_eq!(
        lines(vec![("r1", job)], &world).await,
        [
            " WARN request{request_id=\"r1\"}: the connection is lost: the fake broke database=\"fake\"",
            " WARN request{request_id=\"r1\"}: a says it",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_line_that_a_group_causes_bears_the_first_request_and_their_number() {
    let world = Arc::default();
    let in_group =
        |name: &str, steps: &[Step]| Scripted::new(&world, name, steps).in_group(7, Together::Alone);
    let jobs = vec![
        ("r0", Scripted::new(&world, "busy", &[Step::Wait(100)])),
        ("r1", in_group("a", &[Step::Say])),
        ("r2", in_group("b", &[Step::Say])),
    ];
    assert_eq!(
        lines(jobs, &world).await,
        [
            " WARN request{request_id=\"r1\"}:together{requests=2}: a says it",
            " WARN request{request_id=\"r1\"}:together{requests=2}: b says it",
            " WARN request{request_id=\"r1\"}: a says it",
            " WARN request{request_id=\"r2\"}: b says it",
        ]
    );
}
