//! How jobs and requesters part.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use beds_core::Error;
use beds_protocol::ErrorCode;
use tokio::time::Instant;

use crate::fake::{Cut, Scripted, Server, Step, World, lane, run, settings, settle, submit, until};

fn assert_unknown(error: &Error) {
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("may or may not have happened"), "{error}");
    assert!(!error.retryable, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_past_its_deadline_is_given_up() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let busy = submit(&lane, Scripted::new(&world, "busy", &[Step::Wait(1_000)]), 5_000).await;
    let error = run(&lane, Scripted::new(&world, "late", &[]), 100).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DeadlineExceeded);
    busy.await.unwrap().unwrap();
    settle().await;
    assert_eq!(world.log(), ["busy on 0", "busy done"], "it does not run for nobody");
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_it_is_unavailable() {
    let world = Arc::<World>::default();
    world.refuses.store(true, Ordering::Relaxed);
    let lane: Arc<Cut> = Arc::new(Cut::open(settings(), vec![Server(Arc::clone(&world))]));
    let begin = Instant::now();
    let error = run(&lane, Scripted::new(&world, "late", &[]), 100).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true));
    assert_eq!(begin.elapsed(), Duration::from_millis(100), "the server might have come back");
}

#[tokio::test(start_paused = true)]
async fn without_a_server_it_is_unavailable() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    world.unreachable.store(true, Ordering::Relaxed);
    let error = run(&lane, Scripted::new(&world, "late", &[Step::Wait(500)]), 100).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_lane_without_connections_is_unavailable_at_once() {
    let world = Arc::default();
    let lane = Arc::new(Cut::open(settings(), Vec::<Server>::new()));
    let error = run(&lane, Scripted::new(&world, "none", &[]), 100).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
}

/// A job that passes its gate and then takes its time.
async fn after_the_gate<const CUT: bool>(wait: u64) -> (beds_core::Result<String>, Duration, Vec<String>) {
    let world = Arc::default();
    let lane = lane::<CUT>(&world, settings()).await;
    let begin = Instant::now();
    let job = Scripted::new(&world, "write", &[Step::Wait(50), Step::Pass, Step::Wait(wait)]);
    let answer = run(&lane, job, 100).await;
    let took = begin.elapsed();
    // The next job shows what became of the connection.
    run(&lane, Scripted::new(&world, "next", &[]), 60_000).await.unwrap();
    (answer, took, world.log())
}

#[tokio::test(start_paused = true)]
async fn past_the_gate_the_true_outcome_is_waited_for() {
    let (answer, took, log) = after_the_gate::<true>(500).await;
    assert_eq!(answer.unwrap(), "write");
    assert_eq!(took, Duration::from_millis(550));
    assert_eq!(log, ["write on 0", "write done", "next on 0", "next done"], "the connection is good");
}

#[tokio::test(start_paused = true)]
async fn past_the_gate_patience_ends_with_the_truth() {
    let (answer, took, log) = after_the_gate::<true>(60_000).await;
    assert_unknown(&answer.unwrap_err());
    assert_eq!(took, Duration::from_millis(2_100));
    assert_eq!(log, ["write on 0", "next on 1", "next done"], "no connection is waited for for ever");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_cut_is_awaited_past_all_patience() {
    let (answer, took, log) = after_the_gate::<false>(30_000).await;
    assert_unknown(&answer.unwrap_err());
    assert_eq!(took, Duration::from_millis(2_100));
    assert_eq!(log, ["write on 0", "write done", "next on 0", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_job_costs_its_connection() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let error = run(&lane, Scripted::new(&world, "slow", &[Step::Wait(5_000)]), 100).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DeadlineExceeded);
    run(&lane, Scripted::new(&world, "next", &[]), 1_000).await.unwrap();
    assert_eq!(world.log(), ["slow on 0", "next on 1", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_cannot_be_cut_is_awaited_and_keeps_its_connection() {
    let world = Arc::default();
    let lane = lane::<false>(&world, settings()).await;
    let begin = Instant::now();
    let steps = [Step::Wait(500), Step::Pass];
    let error = run(&lane, Scripted::new(&world, "slow", &steps), 100).await.unwrap_err();
    assert_eq!((error.code, begin.elapsed()), (ErrorCode::DeadlineExceeded, Duration::from_millis(100)));
    run(&lane, Scripted::new(&world, "next", &[]), 1_000).await.unwrap();
    assert_eq!(world.log(), ["slow on 0", "slow taken back", "next on 0", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_requester_that_leaves_has_its_job_taken_back() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let write = Scripted::new(&world, "write", &[Step::Wait(100), Step::Pass]);
    let requester = submit(&lane, write, 5_000).await;
    until(|| world.count("write on 0") == 1).await;
    requester.abort();
    run(&lane, Scripted::new(&world, "next", &[]), 5_000).await.unwrap();
    assert_eq!(world.log(), ["write on 0", "write taken back", "next on 0", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_requester_that_leaves_the_queue_takes_its_job_along() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let busy = submit(&lane, Scripted::new(&world, "busy", &[Step::Wait(100)]), 5_000).await;
    submit(&lane, Scripted::new(&world, "gone", &[]), 5_000).await.abort();
    busy.await.unwrap().unwrap();
    run(&lane, Scripted::new(&world, "next", &[]), 5_000).await.unwrap();
    assert_eq!(world.log(), ["busy on 0", "busy done", "next on 0", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_requester_that_leaves_past_the_gate_leaves_the_job_alone() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let steps = [Step::Pass, Step::Wait(100), Step::Pass];
    let requester = submit(&lane, Scripted::new(&world, "write", &steps), 5_000).await;
    requester.abort();
    run(&lane, Scripted::new(&world, "next", &[]), 5_000).await.unwrap();
    assert_eq!(world.log(), ["write on 0", "write done", "next on 0", "next done"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_overloaded() {
    let world = Arc::default();
    let lane = lane::<true>(&world, beds_lane::Settings { queue_max: 2, ..settings() }).await;
    let mut running = Vec::new();
    for name in ["one", "two", "three"] {
        running.push(submit(&lane, Scripted::new(&world, name, &[Step::Wait(10)]), 5_000).await);
    }
    let error = run(&lane, Scripted::new(&world, "four", &[]), 5_000).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Overloaded, true));
    for running in running {
        running.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_job_leaves_the_connection_good() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let error = run(&lane, Scripted::new(&world, "bad", &[Step::Refuse]), 1_000).await.unwrap_err();
    assert_eq!(error.message, "bad");
    run(&lane, Scripted::new(&world, "next", &[]), 1_000).await.unwrap();
    assert_eq!(world.log(), ["bad on 0", "next on 0", "next done"]);
}
