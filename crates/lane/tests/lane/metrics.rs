//! What a lane tells of its jobs.

use std::{sync::Arc, time::Duration};

use beds_core::{
    meter::{Samples, Snapshot, Value},
    plan::Asker,
    stages::Stages,
};
use tokio::time::Instant;

use crate::fake::{Cut, Scripted, Step, Together, World, lane, settings, submit};

/// The histogram of a family.
fn histogram(lane: &Cut, name: &str) -> Snapshot {
    let mut samples = Samples::default();
    lane.collect(&mut samples);
    let (_, found) = samples.families().find(|(family, _)| family.name == name).unwrap();
    let labels = [("engine", "fake"), ("database", "fake"), ("lane", "read")];
    assert_eq!(found[0].labels, labels.map(|(name, value)| (name, value.to_owned())));
    match &found[0].value {
        Value::Histogram(histogram) => histogram.clone(),
        other @ Value::Number(_) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn waits_runs_and_groups_are_counted() {
    let world = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let busy = submit(&lane, Scripted::new(&world, "busy", &[Step::Wait(100)]), 60_000).await;
    let mut running = Vec::new();
    for name in ["a", "b", "c"] {
        let job = Scripted::new(&world, name, &[]).in_group(7, Together::Done);
        running.push(submit(&lane, job, 60_000).await);
    }
    for job in running.into_iter().chain([busy]) {
        job.await.unwrap().unwrap();
    }
    let groups = histogram(&lane, "beds_lane_group_jobs");
    assert_eq!((groups.count, groups.buckets[0].1, groups.buckets[2].1), (2, 1, 2));
    let waits = histogram(&lane, "beds_lane_wait_seconds");
    // Three of them waited for the first.
    assert_eq!(waits.count, 4);
    assert!((waits.sum - 0.3).abs() < 0.01, "{waits:?}");
    let runs = histogram(&lane, "beds_lane_run_seconds");
    assert_eq!(runs.count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_hears_where_its_time_went_also_where_it_got_no_answer() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let busy = submit(&lane, Scripted::new(&world, "busy", &[Step::Wait(100)]), 60_000).await;
    let stages = Stages::default();
    let slow = Scripted::new(&world, "slow", &[Step::Wait(60_000)]);
    let deadline = Instant::now() + Duration::from_millis(300);
    lane.run(slow, Asker::default(), deadline, &stages).await.unwrap_err();
    busy.await.unwrap().unwrap();
    let near = |time: Duration, ms: u128| time.as_millis().abs_diff(ms) <= 5;
    let times = stages.times();
    assert!(near(times.lane, 100) && near(times.database, 200), "{times:?}");
}
