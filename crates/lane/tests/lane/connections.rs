//! Connections that break, come back and end.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use beds_lane::Settings;
use beds_protocol::ErrorCode;

use crate::fake::{Cut, Scripted, Server, Step, World, lane, run, settings, settle, submit, until};

#[tokio::test(start_paused = true)]
async fn what_was_not_past_its_gate_runs_again() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let answer = run(&lane, Scripted::new(&world, "job", &[Step::LoseOn(0), Step::Pass]), 1_000).await;
    assert_eq!(answer.unwrap(), "job");
    assert_eq!(world.log(), ["job on 0", "job on 1", "job done"]);
}

#[tokio::test(start_paused = true)]
async fn of_what_was_past_its_gate_nobody_knows() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let error = run(&lane, Scripted::new(&world, "job", &[Step::Pass, Step::Lose]), 1_000).await.unwrap_err();
    assert!(error.message.contains("may or may not have happened"), "{error}");
    assert!(!error.retryable);
    run(&lane, Scripted::new(&world, "next", &[]), 1_000).await.unwrap();
    assert_eq!(world.log(), ["job on 0", "next on 1", "next done"], "it does not run twice");
}

#[tokio::test(start_paused = true)]
async fn what_breaks_every_connection_is_not_run_for_ever() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let error = run(&lane, Scripted::new(&world, "job", &[Step::Lose]), 60_000).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    // The first connection stood idle: that it broke does not count.
    assert_eq!(world.log(), ["job on 0", "job on 1", "job on 2", "job on 3", "job on 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_job_that_nobody_waits_for_does_not_run_again() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let job = Scripted::new(&world, "job", &[Step::Wait(100), Step::LoseOn(0)]);
    let requester = submit(&lane, job, 5_000).await;
    until(|| world.count("job on 0") == 1).await;
    requester.abort();
    run(&lane, Scripted::new(&world, "next", &[]), 5_000).await.unwrap();
    assert_eq!(world.log(), ["job on 0", "next on 1", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_job_whose_deadline_passes_while_there_is_no_connection_is_unavailable() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { connections: 2, ..settings() }).await;
    world.refuses.store(true, Ordering::Relaxed);
    let job = Scripted::new(&world, "job", &[Step::LoseOn(0), Step::LoseOn(1)]);
    let error = run(&lane, job, 1_000).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true));
}

#[tokio::test(start_paused = true)]
async fn a_job_does_not_wait_for_a_server_that_is_gone() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { connections: 2, ..settings() }).await;
    world.refuses.store(true, Ordering::Relaxed);
    let answer = run(&lane, Scripted::new(&world, "job", &[Step::LoseOn(0)]), 1_000).await;
    assert_eq!(answer.unwrap(), "job");
    assert_eq!(world.log(), ["job on 0", "job on 1", "job done"]);
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_connection_is_not_used_again() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let error = run(&lane, Scripted::new(&world, "bad", &[Step::Abandon]), 1_000).await.unwrap_err();
    assert_eq!(error.message, "bad");
    run(&lane, Scripted::new(&world, "next", &[]), 1_000).await.unwrap();
    assert_eq!(world.log(), ["bad on 0", "next on 1", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn connections_are_made_anew_with_growing_pauses() {
    let world: Arc<World> = Arc::default();
    world.refuses.store(true, Ordering::Relaxed);
    let lane: Arc<Cut> = Arc::new(Cut::open(settings(), vec![Server(Arc::clone(&world))]));
    until(|| world.attempts.lock().unwrap().len() >= 12).await;
    let attempts = world.attempts.lock().unwrap().clone();
    let pauses: Vec<_> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] >= Duration::from_millis(50) && pauses[0] <= Duration::from_millis(150), "{pauses:?}");
    assert!(pauses[10] >= Duration::from_secs(5) && pauses[10] <= Duration::from_secs(11), "{pauses:?}");
    world.refuses.store(false, Ordering::Relaxed);
    let attempts = || world.attempts.lock().unwrap().len();
    let before = attempts();
    until(|| attempts() > before).await;
    run(&lane, Scripted::new(&world, "job", &[]), 20_000).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_costs_a_connection_and_no_more() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let error = run(&lane, Scripted::new(&world, "bad", &[Step::Panic]), 5_000).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true));
    let worse = Scripted::new(&world, "worse", &[Step::Pass, Step::Panic]);
    let error = run(&lane, worse, 5_000).await.unwrap_err();
    assert!(error.message.contains("may or may not have happened") && !error.retryable, "{error}");
    run(&lane, Scripted::new(&world, "next", &[]), 5_000).await.unwrap();
    assert_eq!(world.log(), ["bad on 0", "worse on 1", "next on 2", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_lane_ends_its_tasks() {
    let world: Arc<World> = Arc::default();
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let lane = lane::<true>(&world, Settings { connections: 3, ..settings() }).await;
    // One of the connections is being made anew when the lane ends.
    world.refuses.store(true, Ordering::Relaxed);
    run(&lane, Scripted::new(&world, "bad", &[Step::Abandon]), 1_000).await.unwrap_err();
    drop(lane);
    until(|| tokio::runtime::Handle::current().metrics().num_alive_tasks() == before).await;
    settle().await;
    let closed = world.log().iter().filter(|noted| noted.starts_with("close")).count();
    assert_eq!(closed, 2, "{:?}", world.log());
}
