//! Jobs that run together.

use std::sync::Arc;

use beds_core::Result;
use beds_lane::{Lane, Settings};
use tokio::task::JoinHandle;

use crate::fake::{Scripted, Step, Together, World, lane, run, settings, submit, until};

/// Jobs that come while the only connection is busy: each has a name, its steps, and its fate in the group.
async fn group(
    world: &Arc<World>,
    settings: Settings,
    jobs: &[(&str, &[Step], Together)],
) -> Vec<Result<String>> {
    let lane = lane::<true>(world, settings).await;
    let busy = busy(world, &lane).await;
    let mut running = Vec::new();
    for (name, steps, together) in jobs {
        running.push(submit(&lane, Scripted::new(world, name, steps).in_group(7, *together), 60_000).await);
    }
    busy.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for running in running {
        answers.push(running.await.unwrap());
    }
    answers
}

async fn busy(world: &Arc<World>, lane: &Arc<Lane<Scripted<true>>>) -> JoinHandle<Result<String>> {
    submit(lane, Scripted::new(world, "busy", &[Step::Wait(100)]), 60_000).await
}

fn messages(answers: &[Result<String>]) -> Vec<String> {
    let text = |answer: &Result<String>| match answer {
        Ok(text) => text.clone(),
        Err(error) => format!("error {}", error.message),
    };
    answers.iter().map(text).collect()
}

/// What was noted after the busy job.
fn log(world: &World) -> Vec<String> {
    let log = world.log();
    assert_eq!(log[..2], ["busy on 0", "busy done"]);
    log[2..].to_vec()
}

#[tokio::test(start_paused = true)]
async fn each_fate_reaches_its_own_requester() {
    let world = Arc::default();
    let jobs = [
        ("a", [].as_slice(), Together::Done),
        ("b", &[], Together::Refused),
        ("c", &[], Together::Alone),
        ("d", &[], Together::Done),
    ];
    let answers = group(&world, settings(), &jobs).await;
    assert_eq!(messages(&answers), ["a in a group", "error b", "c", "d in a group"]);
    assert_eq!(log(&world), ["a+b+c+d on 0", "c on 0", "c done"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_group_runs_one_by_one() {
    let world = Arc::default();
    let jobs = [
        ("a", [].as_slice(), Together::Done),
        ("b", &[Step::Pass], Together::Spoils),
        ("c", &[], Together::Done),
    ];
    let answers = group(&world, settings(), &jobs).await;
    assert_eq!(messages(&answers), ["a", "b", "c"]);
    assert_eq!(log(&world)[0], "a+b+c on 0");
    assert_eq!(log(&world).iter().filter(|noted| noted.ends_with("done")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_fate_that_is_not_told_is_no_job_forgotten() {
    let world = Arc::default();
    let jobs = [("a", [].as_slice(), Together::Done), ("b", &[], Together::Forgotten)];
    let answers = group(&world, settings(), &jobs).await;
    assert_eq!(messages(&answers), ["a in a group", "b"]);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_group_takes_all_run() {
    let world = Arc::default();
    let jobs = ["a", "b", "c", "d", "e"].map(|name| (name, [].as_slice(), Together::Done));
    let answers = group(&world, Settings { group_max: 2, ..settings() }, &jobs).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(log(&world), ["a+b on 0", "c+d on 0", "e on 0", "e done"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_takes_what_it_has_time_for() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let job = |name: &str, size| {
        let job = Scripted::new(&world, name, &[Step::Wait(u64::from(size) * 30)]).of(3, size);
        job.in_group(7, Together::Done)
    };
    run(&lane, job("first", 1), 60_000).await.unwrap();
    let busy = submit(&lane, Scripted::new(&world, "busy", &[Step::Wait(100)]), 60_000).await;
    let mut running = Vec::new();
    // There is time for six of one record. One that takes longer by itself runs by itself.
    for (name, size) in [("a", 2), ("b", 2), ("c", 2), ("d", 1), ("e", 10), ("f", 1)] {
        running.push(submit(&lane, job(name, size), 60_000).await);
    }
    busy.await.unwrap().unwrap();
    for running in running {
        running.await.unwrap().unwrap();
    }
    let log = world.log();
    assert_eq!(log[4..], ["a+b+c on 0", "d on 0", "d done", "e on 0", "e done", "f on 0", "f done"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_runs_the_rest_one_by_one() {
    let world: Arc<World> = Arc::default();
    // `b` is past its gate when `c` loses the connection of the group.
    let jobs = [
        ("a", [].as_slice(), Together::Done),
        ("b", &[Step::Pass], Together::Done),
        ("c", &[Step::LoseOn(0)], Together::Done),
        ("d", &[], Together::Done),
    ];
    let answers = group(&world, settings(), &jobs).await;
    let messages = messages(&answers);
    assert_eq!([&messages[0], &messages[2], &messages[3]], ["a", "c", "d"]);
    assert!(messages[1].contains("may or may not have happened"), "{messages:?}");
    assert_eq!(log(&world), ["a+b+c+d on 0", "a on 1", "a done", "c on 1", "c done", "d on 1", "d done"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_breaks_connections_harms_no_other_of_its_group() {
    let world: Arc<World> = Arc::default();
    let jobs = [("a", [Step::Lose].as_slice(), Together::Done), ("b", &[], Together::Done)];
    let answers = group(&world, settings(), &jobs).await;
    assert!(answers[0].as_ref().is_err_and(|error| error.retryable));
    assert_eq!(answers[1].as_deref(), Ok("b"));
}

#[tokio::test(start_paused = true)]
async fn in_a_group_whoever_left_is_left_out() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let busy = busy(&world, &lane).await;
    let job = |name: &str, steps: &[Step]| Scripted::new(&world, name, steps).in_group(7, Together::Alone);
    let gone = submit(&lane, job("gone", &[]), 60_000).await;
    let first = submit(&lane, job("first", &[Step::Wait(200)]), 60_000).await;
    let brief = submit(&lane, job("late", &[]), 350).await;
    let last = submit(&lane, job("last", &[]), 60_000).await;
    gone.abort();
    for running in [busy, first, last] {
        running.await.unwrap().unwrap();
    }
    brief.await.unwrap().unwrap_err();
    assert_eq!(
        log(&world),
        ["first+late+last on 0", "first on 0", "first done", "last on 0", "last done"],
        "`late` was given up while `first` ran"
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_passes_the_gates_of_those_who_wait() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let busy = busy(&world, &lane).await;
    let job = |name: &str, steps: &[Step]| Scripted::new(&world, name, steps).in_group(7, Together::Done);
    let slow = submit(&lane, job("slow", &[Step::Wait(200)]), 60_000).await;
    let brief = submit(&lane, job("late", &[Step::Pass]), 250).await;
    busy.await.unwrap().unwrap();
    assert_eq!(slow.await.unwrap().unwrap(), "slow");
    assert!(brief.await.unwrap().is_err());
    assert_eq!(world.count("late taken back"), 1, "it may not commit for nobody");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_finds_its_idle_connection_dead_runs_together_again() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let job = |name| Scripted::new(&world, name, &[Step::LoseOn(0)]).in_group(7, Together::Done);
    let jobs = ["a", "b", "c"].map(|name| run(&lane, job(name), 60_000));
    let answers = futures_util::future::join_all(jobs).await;
    assert_eq!(messages(&answers), ["a in a group", "b in a group", "c in a group"]);
    assert_eq!(world.log(), ["a+b+c on 0", "a+b+c on 1"]);
}

/// Two groups run at once, as long as they are quick; what waits longer runs beside them.
#[tokio::test(start_paused = true)]
async fn few_groups_run_at_once_and_a_slow_one_keeps_nobody_waiting() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { connections: 4, ..settings() }).await;
    let job = |name: &str, ms| Scripted::new(&world, name, &[Step::Wait(ms)]).in_group(7, Together::Done);
    let mut running = Vec::new();
    for (name, ms) in [("a", 10), ("b", 1_000), ("c", 1_000), ("d", 5), ("e", 5)] {
        running.push(submit(&lane, job(name, ms), 60_000).await);
    }
    let names = |log: Vec<String>| -> Vec<String> {
        log.iter().filter_map(|noted| Some(noted.split_once(" on ")?.0.to_owned())).collect()
    };
    assert_eq!(names(world.log()), ["a", "b"]);
    until(|| world.count("a done") == 1).await;
    until(|| names(world.log()).len() == 3).await;
    assert_eq!(names(world.log())[2], "c+d+e", "they waited together for the place that `a` has left");
    running.push(submit(&lane, job("f", 0), 60_000).await);
    assert_eq!(names(world.log()).len(), 3, "the two that run may still be quick");
    until(|| world.count("f done") == 1).await;
    assert_eq!(world.count("b done"), 0, "the two that run are slow");
    for running in running {
        running.await.unwrap().unwrap();
    }
}

/// A group that ends in a panic gives its place away as well.
#[tokio::test(start_paused = true)]
async fn a_group_that_panics_gives_its_place_away() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    for turn in 0..3 {
        let job = Scripted::new(&world, "panics", &[Step::Panic]).in_group(7, Together::Done);
        run(&lane, job, 60_000).await.unwrap_err();
        let job = Scripted::new(&world, "next", &[]).in_group(7, Together::Done);
        assert_eq!(run(&lane, job, 60_000).await.as_deref(), Ok("next"), "{turn}");
    }
}
