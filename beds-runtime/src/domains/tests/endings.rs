//! How a request ends: done, answered with an error, retried, or dead-lettered.

use super::{super::method::GRACE, *};

#[tokio::test]
async fn a_write_without_an_answer_is_done_or_retried_or_dead() {
    let unavailable = || Err(Error::unavailable("the database"));
    let create = || incoming("person.create", CREATE);
    let in_time = Ok(Some(now_ms() + 60_000));
    for (result, deadline, expected) in [
        (Ok(done()), Ok(None), End::Reply("ok")),
        (unavailable(), Ok(None), End::Retry(ErrorCode::Unavailable)),
        (unavailable(), in_time, End::Retry(ErrorCode::Unavailable)),
        (Err(Error::deadline()), Ok(None), End::Retry(ErrorCode::DeadlineExceeded)),
        // The client's own deadline: a later answer is useless.
        (Err(Error::deadline()), in_time, End::Dead(ErrorCode::DeadlineExceeded)),
        (Ok(done()), Ok(Some(now_ms() - 1)), End::Dead(ErrorCode::DeadlineExceeded)),
        (Err(Error::unknown_effect("it broke")), Ok(None), End::Dead(ErrorCode::Unavailable)),
        (Err(Error::internal("a defect")), Ok(None), End::Dead(ErrorCode::Internal)),
    ] {
        let (domains, _) = service(result);
        assert_eq!(end(&domains, Incoming { deadline, ..create() }).await, expected);
    }
    let (domains, databases) = service(unavailable());
    assert_eq!(end(&domains, incoming("person.create", "{}")).await, End::Dead(ErrorCode::BadRequest));
    let expected = End::Dead(ErrorCode::ValidationFailed);
    assert_eq!(end(&domains, incoming("person.create", r#"{"data": {"x": 1}}"#)).await, expected);
    // A read without a reply is useless.
    assert_eq!(end(&domains, incoming("person.fetch", FETCH)).await, End::Dead(ErrorCode::BadRequest));
    assert!(databases.deadlines.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reply_is_no_longer_than_its_limit() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2)).into_bytes();
    let with = |length: usize| service(Ok(Outcome::data(text(length)))).0;
    let around = Outcome::data(Vec::new()).size();
    assert_eq!(reply(&with(1_000 - around), incoming("person.fetch", FETCH)).await.0, "ok");
    assert_eq!(reply(&with(1_001 - around), incoming("person.fetch", FETCH)).await.0, "too_large");
    // The write of a method is done, however long its reply is.
    let update = incoming("person.update", r#"{"key": 1, "data": {}}"#);
    let Verdict::Reply(done) = with(2).handle(update).await else { panic!("no reply") };
    let body = String::from_utf8(done.body).unwrap();
    assert!(body.starts_with(r#"{"ok":true,"note":"the request is done; "#) && body.len() < 1_000, "{body}");
}

#[tokio::test]
async fn a_panic_is_one_internal_error() {
    let (domains, _) = service(Ok(done()));
    let count = reply(&domains, incoming("person.count", "{}")).await;
    let delete = reply(&domains, incoming("person.delete", FETCH)).await;
    let unheard = end(&domains, incoming("person.delete", FETCH)).await;
    let expected = ("internal", "the operation failed unexpectedly".to_owned());
    assert_eq!((&count, &delete), (&expected, &expected));
    assert_eq!(unheard, End::Dead(ErrorCode::Internal), "it would panic again");
    assert_eq!(reply(&domains, incoming("person.fetch", FETCH)).await.0, "ok", "the service goes on");
}

#[tokio::test]
async fn a_reply_that_nobody_hears_has_no_length() {
    let long = || service(Ok(Outcome::data(vec![b'1'; 10_000]))).0;
    let create = || incoming("person.create", CREATE);
    assert_eq!(reply(&long(), create()).await.0, "too_large", "the database takes it back");
    assert_eq!(end(&long(), create()).await, End::Reply("ok"), "it is done");
    let items = vec![json!({ "template": "person", "op": "create", "body": { "data": { "id": 1 } } }); 100];
    for mode in ["parallel", "ordered", "atomic"] {
        let body = json!({ "mode": mode, "items": items }).to_string();
        let write = || Incoming {
            broker: Broker::AppWrite,
            message_id: Some("m1"),
            ..incoming("app_server.batch.write", &body)
        };
        let limits = Limits { reply_bytes_max: 1_000, ..Limits::default() };
        let databases = Databases { end: Ok(Outcome::data(vec![b'1'; 1_000])), deadlines: Mutex::default() };
        let domains = Domains::<People>::new(vec![&PERSON], Arc::new(databases), limits);
        assert_eq!(reply(&domains, write()).await.0, "too_large", "{mode}");
        assert_eq!(end(&domains, write()).await, End::Reply("ok"), "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_does_not_end_is_cut_off_after_its_deadline() {
    let (domains, _) = service(Ok(done()));
    let begun = tokio::time::Instant::now();
    let update = incoming("person.update", r#"{"key": 1, "data": {}}"#);
    // It may have had an effect, so it is not repeated.
    assert_eq!(end(&domains, update).await, End::Dead(ErrorCode::Unavailable));
    let (took, limit) = (begun.elapsed(), Limits::default().request_timeout_ms.duration() + GRACE);
    let tick = Duration::from_secs(1);
    assert!(took < limit + tick && took + tick > limit, "{took:?}");
    // The clock of the test has advanced.
    let now = tokio::time::Instant::now().into_std();
    let cx = domains.context(&incoming("person.fetch", FETCH), Lane::Read, now).await.unwrap();
    let read = perform(&cx, Lane::Read, Ok(Work::method(std::future::pending()))).await.unwrap_err();
    assert_eq!((read.code, read.retryable), (ErrorCode::DeadlineExceeded, true));
    let late = async {
        tokio::time::sleep(GRACE / 2).await;
        Err(Error::not_found(&PERSON))
    };
    let cx = Context { deadline: tokio::time::Instant::now().into_std(), ..cx };
    let told = perform(&cx, Lane::Write, Ok(Work::method(late))).await.unwrap_err();
    assert_eq!(told.code, ErrorCode::NotFound, "what it says right after the deadline is heard");
}
