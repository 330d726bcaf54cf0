//! More work than the connections can do, and who gets what then.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use beds_core::{plan::Asker, stages::Stages};
use beds_lane::Settings;
use beds_protocol::ErrorCode;
use tokio::{task::JoinHandle, time::Instant};

use crate::fake::{Cut, Scripted, Step, World, lane, run, settings, settle, submit, submit_as, until};

const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long a client waits.
const WITHIN: Duration = Duration::from_secs(10);

fn bounded(connections: usize) -> Settings {
    Settings { connections, wait_max: WAIT_MAX, ..settings() }
}

fn job(world: &Arc<World>, name: &str, kind: usize, ms: u64) -> Scripted<true> {
    Scripted::new(world, name, &[Step::Wait(ms)]).of(kind, 1)
}

/// What a requester got, how long it waited, and when it came.
type Heard = (beds_core::Result<String>, Duration, Instant);

fn ask(lane: &Arc<Cut>, job: Scripted<true>, client: u64, within: Duration) -> JoinHandle<Heard> {
    let lane = Arc::clone(lane);
    tokio::spawn(async move {
        let begun = Instant::now();
        let answer =
            lane.run(job, Asker { client, is_part: false }, begun + within, &Stages::default()).await;
        (answer, begun.elapsed(), begun)
    })
}

/// Asks so often a second, for so long.
async fn load(
    lane: &Arc<Cut>,
    world: &Arc<World>,
    rate: u64,
    seconds: u64,
    (client, ms): (u64, u64),
) -> Vec<Heard> {
    load_of(lane, world, rate, seconds, (move |_| client, ms)).await
}

/// The same, of clients that have a number for each request.
async fn load_of(
    lane: &Arc<Cut>,
    world: &Arc<World>,
    rate: u64,
    seconds: u64,
    (client, ms): (impl Fn(u64) -> u64, u64),
) -> Vec<Heard> {
    let mut asked = Vec::new();
    let begun = Instant::now();
    for number in 0..rate * seconds {
        tokio::time::sleep_until(begun + Duration::from_micros(1_000_000 / rate * number)).await;
        asked.push(ask(lane, job(world, "job", 1, ms), client(number), WITHIN));
    }
    let mut heard = Vec::new();
    for asked in asked {
        heard.push(asked.await.unwrap());
    }
    heard
}

fn done(heard: &[Heard]) -> usize {
    heard.iter().filter(|(answer, ..)| answer.is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn beyond_the_capacity_all_that_can_be_done_is_done_and_the_rest_refused_at_once() {
    // Eight connections and 20 ms: 400 a second.
    for times in [1, 2, 3, 10] {
        let world = Arc::default();
        let lane = lane::<true>(&world, bounded(8)).await;
        let begun = Instant::now();
        let heard = load(&lane, &world, 400 * times, 10, (1, 20)).await;
        let good = done(&heard);
        assert!(good >= 3_900, "{times}: {good} of 4,000");
        for (answer, waited, at) in &heard {
            match answer {
                Ok(_) => {
                    // Of a burst, half of the time of each may be gone before it begins.
                    let most = if *at - begun < Duration::from_secs(6) { WITHIN / 2 } else { WAIT_MAX };
                    assert!(*waited <= most + Duration::from_millis(100), "{times}: {waited:?}");
                }
                Err(error) => {
                    assert_eq!((error.code, error.retryable), (ErrorCode::Overloaded, true));
                    assert_eq!(*waited, Duration::ZERO, "{times}: it is refused before anything else");
                }
            }
        }
        // What comes right afterwards is served.
        let after = load(&lane, &world, 200, 5, (1, 20)).await;
        let refused =
            after.iter().filter(|(answer, _, at)| answer.is_err() && at.elapsed() < Duration::from_secs(4));
        assert_eq!(refused.count(), 0, "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_clients_with_one_job_each_are_held_to_what_can_be_done() {
    let world = Arc::default();
    let lane =
        lane::<true>(&world, Settings { queue_max: 1_000_000, requests_max: 1_000_000, ..bounded(8) }).await;
    let heard = load_of(&lane, &world, 1_200, 20, (|number| number, 20)).await;
    let good = done(&heard);
    assert!(good >= 7_900, "{good} of 8,000");
    for (answer, waited, _) in &heard {
        assert!(*waited <= WITHIN / 2 + Duration::from_millis(100), "{waited:?}");
        assert!(answer.is_ok() || *waited == Duration::ZERO, "it is refused before anything else");
    }
}

#[tokio::test(start_paused = true)]
async fn the_flood_of_one_client_does_not_hold_up_another() {
    let world = Arc::default();
    let lane = lane::<true>(&world, bounded(8)).await;
    let (flood, other) =
        tokio::join!(load(&lane, &world, 4_000, 5, (1, 20)), load(&lane, &world, 100, 5, (2, 20)));
    assert_eq!(done(&other), other.len(), "it has less than its share");
    let slowest = other.iter().map(|(_, waited, _)| *waited).max().unwrap();
    assert!(slowest < Duration::from_millis(60), "{slowest:?}");
    assert!(done(&flood) > 1_400, "{}: what the other leaves is the flood's", done(&flood));
}

#[tokio::test(start_paused = true)]
async fn two_floods_share_alike() {
    let world = Arc::default();
    let lane = lane::<true>(&world, bounded(8)).await;
    let (one, two) =
        tokio::join!(load(&lane, &world, 4_000, 5, (1, 20)), load(&lane, &world, 1_000, 5, (2, 20)));
    let (one, two) = (done(&one), done(&two));
    assert!(one.abs_diff(two) < 200 && one + two > 1_900, "{one} and {two}");
}

#[tokio::test(start_paused = true)]
async fn the_flood_of_one_kind_does_not_hold_up_another() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, bounded(2)).await;
    let flood = tokio::spawn({
        let (lane, world) = (Arc::clone(&lane), Arc::clone(&world));
        async move { load(&lane, &world, 1_000, 4, (1, 20)).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..20 {
        let (answer, waited, _) =
            ask(&lane, job(&world, "other", 2, 1), 1, Duration::from_secs(1)).await.unwrap();
        answer.unwrap();
        assert!(waited < Duration::from_millis(50), "{waited:?}");
    }
    assert!(done(&flood.await.unwrap()) > 300);
}

#[tokio::test(start_paused = true)]
async fn what_takes_long_leaves_a_connection_to_the_others() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, bounded(3)).await;
    let report = || job(&world, "report", 1, 5_000);
    run(&lane, report(), 60_000).await.unwrap();
    let mut reports = Vec::new();
    for _ in 0..4 {
        reports.push(submit(&lane, report(), 60_000).await);
    }
    assert_eq!(world.count("report on 0") + world.count("report on 1") + world.count("report on 2"), 3);
    for _ in 0..10 {
        let begun = Instant::now();
        run(&lane, job(&world, "small", 2, 1), 1_000).await.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(2), "{:?}", begun.elapsed());
    }
    for report in reports {
        report.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_job_does_not_hold_up_small_ones_of_its_kind() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, bounded(1)).await;
    run(&lane, job(&world, "small", 1, 1), 1_000).await.unwrap();
    let large = || Scripted::new(&world, "large", &[Step::Wait(1_000)]).of(1, 1_000);
    let first = submit(&lane, large(), 60_000).await;
    let second = submit(&lane, large(), 60_000).await;
    let small = submit(&lane, job(&world, "small", 1, 1), 60_000).await;
    for running in [first, second, small] {
        running.await.unwrap().unwrap();
    }
    let log = world.log();
    assert_eq!(
        log[2..],
        ["large on 0", "large done", "small on 0", "small done", "large on 0", "large done"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_end_in_its_time_is_refused_at_once() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    let job = || job(&world, "job", 1, 500);
    run(&lane, job(), 10_000).await.unwrap();
    let _busy = submit(&lane, job(), 10_000).await;
    let _next = submit(&lane, job(), 10_000).await;
    // It would begin in half a second at best.
    let begun = Instant::now();
    let error = run(&lane, job(), 900).await.unwrap_err();
    assert_eq!((error.code, begun.elapsed()), (ErrorCode::Overloaded, Duration::ZERO));
    run(&lane, job(), 3_000).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_taken_any_more_what_comes_is_refused() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, bounded(2)).await;
    let _hung = [
        submit(&lane, job(&world, "hung", 1, 30_000), 60_000).await,
        submit(&lane, job(&world, "hung", 1, 30_000), 60_000).await,
    ];
    let early = submit(&lane, job(&world, "early", 2, 1), 60_000).await;
    // A server may stall for a while.
    tokio::time::sleep(WAIT_MAX + Duration::from_millis(1)).await;
    let patient = submit(&lane, job(&world, "patient", 2, 1), 60_000).await;
    assert!(!patient.is_finished());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begun = Instant::now();
    let error = run(&lane, job(&world, "late", 2, 1), 60_000).await.unwrap_err();
    assert_eq!((error.code, begun.elapsed()), (ErrorCode::Overloaded, Duration::ZERO));
    // A part of what was let in before waits as long as it may.
    let part = Asker::default().part();
    lane.run(job(&world, "part", 2, 1), part, begun + Duration::from_mins(2), &Stages::default())
        .await
        .unwrap();
    early.await.unwrap().unwrap();
    patient.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_been_away_is_not_waited_for() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    world.refuses.store(true, Ordering::Relaxed);
    run(&lane, Scripted::new(&world, "bad", &[Step::Abandon]), 1_000).await.unwrap_err();
    // It may be back soon.
    let patient = submit(&lane, Scripted::new(&world, "patient", &[]), 30_000).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let begun = Instant::now();
    let error = run(&lane, Scripted::new(&world, "late", &[]), 30_000).await.unwrap_err();
    assert_eq!((error.code, begun.elapsed()), (ErrorCode::Unavailable, Duration::ZERO));
    world.refuses.store(false, Ordering::Relaxed);
    assert_eq!(patient.await.unwrap().unwrap(), "patient");
    run(&lane, Scripted::new(&world, "again", &[]), 1_000).await.unwrap();
}

/// Each lane of a quiet node learns by its first request that the server is away. The next one knows.
#[tokio::test(start_paused = true)]
async fn a_server_is_away_from_the_first_attempt_that_fails() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { connections: 2, ..settings() }).await;
    world.refuses.store(true, Ordering::Relaxed);
    let lost = Scripted::new(&world, "lost", &[Step::LoseOn(0), Step::LoseOn(1)]);
    run(&lane, lost, 8_000).await.unwrap_err();
    let begun = Instant::now();
    let error = run(&lane, Scripted::new(&world, "next", &[]), 8_000).await.unwrap_err();
    assert_eq!((error.code, begun.elapsed()), (ErrorCode::Unavailable, Duration::ZERO));
}

/// A client of MongoDB is made without asking its server, which may be known to be away.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_known_to_be_away_is_not_back_with_a_new_connection() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    world.unreachable.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        run(&lane, Scripted::new(&world, "bad", &[Step::Wait(600), Step::Abandon]), 30_000)
            .await
            .unwrap_err();
    }
    let begun = Instant::now();
    let error = run(&lane, Scripted::new(&world, "late", &[]), 30_000).await.unwrap_err();
    assert_eq!((error.code, begun.elapsed()), (ErrorCode::Unavailable, Duration::ZERO));
    world.unreachable.store(false, Ordering::Relaxed);
    run(&lane, Scripted::new(&world, "again", &[]), 1_000).await.unwrap();
}

/// A server that answered meanwhile has not been away, though each request finds its connection about to be made.
#[tokio::test(start_paused = true)]
async fn connections_that_are_made_anew_are_no_absence() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, settings()).await;
    world.refuses.store(true, Ordering::Relaxed);
    run(&lane, Scripted::new(&world, "bad", &[Step::Abandon]), 1_000).await.unwrap_err();
    let worse = [Step::Wait(2_000), Step::Abandon];
    let worse = submit(&lane, Scripted::new(&world, "worse", &worse), 30_000).await;
    world.refuses.store(false, Ordering::Relaxed);
    until(|| world.log().iter().any(|line| line.starts_with("worse on"))).await;
    world.refuses.store(true, Ordering::Relaxed);
    worse.await.unwrap().unwrap_err();
    let last = submit(&lane, Scripted::new(&world, "last", &[]), 30_000).await;
    world.refuses.store(false, Ordering::Relaxed);
    assert_eq!(last.await.unwrap().unwrap(), "last");
}

#[tokio::test(start_paused = true)]
async fn a_queue_full_of_what_nobody_waits_for_has_room() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { queue_max: 3, ..settings() }).await;
    let busy = submit(&lane, job(&world, "busy", 1, 5_000), 60_000).await;
    for _ in 0..3 {
        submit(&lane, job(&world, "gone", 2, 1), 60_000).await.abort();
    }
    settle().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let next = submit(&lane, job(&world, "next", 2, 1), 60_000).await;
    busy.await.unwrap().unwrap();
    next.await.unwrap().unwrap();
    assert_eq!(world.count("gone done"), 0);
}

#[tokio::test(start_paused = true)]
async fn one_client_leaves_room_for_others() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { requests_max: 9, ..settings() }).await;
    let _busy = submit(&lane, job(&world, "busy", 1, 500), 60_000).await;
    until(|| world.count("busy on 0") == 1).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let mut held = 0;
    loop {
        let asked = submit_as(1, &lane, job(&world, "one", 1, 1), 60_000).await;
        if asked.is_finished() {
            break;
        }
        held += 1;
    }
    assert_eq!(held, 8);
    lane.make_room(11);
    let held = submit_as(1, &lane, job(&world, "one", 1, 1), 60_000).await;
    assert!(!held.is_finished(), "there is room for one more");
    assert!(submit_as(1, &lane, job(&world, "one", 1, 1), 60_000).await.is_finished());
    let other = submit_as(2, &lane, job(&world, "two", 1, 1), 60_000).await;
    assert_eq!(other.await.unwrap().unwrap(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_can_be_done_is_done() {
    let world: Arc<World> = Arc::default();
    let lane = lane::<true>(&world, Settings { requests_max: 512, ..bounded(8) }).await;
    run(&lane, job(&world, "job", 1, 20), 1_000).await.unwrap();
    // A second of work at once; and so again, as long as they wait for the last.
    for _ in 0..5 {
        let asked: Vec<_> = (0..400).map(|_| ask(&lane, job(&world, "job", 1, 20), 1, WITHIN)).collect();
        for asked in asked {
            asked.await.unwrap().0.unwrap();
        }
    }
    // What takes no time is no flood, however much of it there is.
    run(&lane, job(&world, "quick", 2, 0), 1_000).await.unwrap();
    let asked: Vec<_> = (0..990).map(|_| ask(&lane, job(&world, "quick", 2, 0), 1, WITHIN)).collect();
    for asked in asked {
        asked.await.unwrap().0.unwrap();
    }
}

/// Twelve that wait for the same lock say nothing of those that come after it, though they are the first of their kind.
#[tokio::test(start_paused = true)]
async fn a_burst_after_a_wait_for_a_lock_is_done() {
    for is_first in [false, true] {
        let world: Arc<World> = Arc::default();
        let lane = lane::<true>(&world, Settings { requests_max: 512, ..bounded(8) }).await;
        let waiting = if is_first { 1 } else { 12 };
        if !is_first {
            run(&lane, job(&world, "job", 1, 5), 1_000).await.unwrap();
        }
        let within = Duration::from_mins(1);
        let locked: Vec<_> =
            (0..waiting).map(|_| ask(&lane, job(&world, "locked", 1, 9_000), 1, within)).collect();
        for locked in locked {
            locked.await.unwrap().0.unwrap();
        }
        let asked: Vec<_> = (0..250).map(|_| ask(&lane, job(&world, "job", 1, 5), 1, within / 2)).collect();
        for asked in asked {
            asked.await.unwrap().0.unwrap();
        }
    }
}
