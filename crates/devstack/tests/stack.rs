//! The servers start, answer, survive what tests do to them, and leave nothing behind.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in test functions only, not in their helpers")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use beds_devstack::{ServerKind, Stack};

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        sleep(Duration::from_millis(25));
    }
}

/// The processes whose command line or working folder lies in `dir`.
fn processes_in(dir: &Path) -> Vec<String> {
    let dir = dir.to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .filter_map(|entry| {
            let arguments = fs::read(entry.path().join("cmdline")).ok()?;
            let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
            let cwd = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            (arguments.contains(&dir) || cwd.starts_with(&dir)).then_some(arguments)
        })
        .collect()
}

fn assert_nothing_left(dir: &Path) {
    eventually("its processes are gone", || processes_in(dir).is_empty());
    assert!(!dir.exists(), "{} is still there", dir.display());
}

/// The broker's answer to a protocol header.
fn amqp_answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut frame = [0; 11];
    stream.write_all(b"AMQP\0\0\x09\x01").is_ok() && stream.read_exact(&mut frame).is_ok() && frame[0] == 1
}

#[test]
fn all_three_start_and_leave_nothing() {
    let stack = Stack::builder().ignore_environment().start().unwrap();
    let dir = stack.dir().to_owned();
    for server in [stack.rabbitmq(), stack.mariadb(), stack.mongodb()] {
        assert!(server.is_running(), "{}", server.kind());
        assert!(server.url().contains(&server.port().unwrap().to_string()));
        eventually("it says something", || !server.log_tail(5).is_empty());
    }
    let port = stack.rabbitmq().port().unwrap();
    eventually("the broker answers", || amqp_answers(port));
    assert_eq!(stack.mariadb_query(None, "select 1 + 1").unwrap(), "2\n");
    assert!(!processes_in(&dir).is_empty());
    drop(stack);
    assert_nothing_left(&dir);
}

#[test]
fn mariadb_keeps_its_data_over_restart_and_kill() {
    let stack = Stack::builder().mariadb().ignore_environment().start().unwrap();
    let url = stack.mariadb_url();
    stack
        .mariadb_query(None, "create database shop; create table shop.t (n int); insert shop.t values (1)")
        .unwrap();
    stack.mariadb().restart().unwrap();
    stack.mariadb_query(Some("shop"), "insert t values (2)").unwrap();
    stack.mariadb().kill().unwrap();
    assert!(!stack.mariadb().is_running());
    assert!(stack.mariadb_query(Some("shop"), "select 1").is_err());
    stack.mariadb().start().unwrap();
    assert_eq!(stack.mariadb_query(Some("shop"), "select n from t order by n").unwrap(), "1\n2\n");
    assert_eq!(stack.mariadb_url(), url);
    // A server that the stack lacks says so.
    let error = stack.rabbitmq().kill().unwrap_err().to_string();
    assert!(error.contains("built without it"), "{error}");
}

#[test]
fn rabbitmq_and_mongodb_come_back_after_a_kill() {
    let stack = Stack::builder().rabbitmq().mongodb().ignore_environment().start().unwrap();
    let port = stack.rabbitmq().port().unwrap();
    for server in [stack.rabbitmq(), stack.mongodb()] {
        server.kill().unwrap();
        assert!(!server.is_running());
        server.start().unwrap();
        server.restart().unwrap();
        assert!(server.is_running());
    }
    eventually("the broker answers", || amqp_answers(port));
}

#[test]
fn a_paused_server_hangs_and_goes_on() {
    let stack = Stack::builder().rabbitmq().ignore_environment().start().unwrap();
    let (server, port) = (stack.rabbitmq(), stack.rabbitmq().port().unwrap());
    server.pause().unwrap();
    assert!(server.is_running());
    assert!(!amqp_answers(port), "a paused broker must not answer");
    server.resume().unwrap();
    eventually("the broker answers again", || amqp_answers(port));
    server.pause().unwrap();
    server.kill().unwrap();
    assert!(!server.is_running());
    assert!(server.resume().unwrap_err().to_string().contains("does not run"));
}

#[test]
fn a_panic_leaves_nothing() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let stack = Stack::builder().rabbitmq().mariadb().ignore_environment().start().unwrap();
        sender.send(stack.dir().to_owned()).unwrap();
        panic!("on purpose");
    });
    let dir = receiver.recv().unwrap();
    assert!(thread.join().is_err());
    assert_nothing_left(&dir);
}

#[test]
fn two_stacks_live_side_by_side() {
    let start = || Stack::builder().rabbitmq().mariadb().ignore_environment().start().unwrap();
    let (one, two) = std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(start), scope.spawn(start));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_ne!(one.rabbitmq().port(), two.rabbitmq().port());
    one.mariadb_query(None, "create database only_in_one").unwrap();
    assert!(two.mariadb_query(Some("only_in_one"), "select 1").is_err());
    drop(one);
    assert!(two.rabbitmq().is_running());
    eventually("the broker answers", || amqp_answers(two.rabbitmq().port().unwrap()));
}

#[test]
fn a_kept_folder_keeps_data_and_ports_and_admits_one_stack() {
    let home = tempfile::tempdir().unwrap();
    let start = || Stack::builder().dir(home.path()).unwrap().mariadb().ignore_environment().start();
    let stack = start().unwrap();
    stack.mariadb_query(None, "create database kept").unwrap();
    let url = stack.mariadb_url();
    let error = start().unwrap_err().to_string();
    assert!(error.contains("another stack already uses this folder"), "{error}");
    drop(stack);
    let stack = start().unwrap();
    assert_eq!(stack.mariadb_url(), url);
    stack.mariadb_query(Some("kept"), "select 1").unwrap();
}

#[test]
fn sql_files_run_with_delimiter_and_errors_have_file_and_line() {
    let stack = Stack::builder().mariadb().ignore_environment().start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("10_good.sql");
    fs::write(
        &good,
        "create database shop;\nuse shop;\nDELIMITER //\ncreate procedure p()\nbegin\n  select 'é';\nend//\nDELIMITER ;\n",
    )
    .unwrap();
    stack.mariadb_exec(None, &good).unwrap();
    assert_eq!(stack.mariadb_query(Some("shop"), "call p()").unwrap(), "é\n");
    let bad = dir.path().join("20_bad.sql");
    fs::write(&bad, "select 1;\nselect * from nothing_here;\n").unwrap();
    let error = stack.mariadb_exec(Some("shop"), &bad).unwrap_err().to_string();
    assert!(error.contains("20_bad.sql:2"), "{error}");
    assert!(error.contains("nothing_here"), "{error}");
}

#[test]
fn a_fixed_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error =
        Stack::builder().mariadb().port(ServerKind::MariaDb, port).ignore_environment().start().unwrap_err();
    assert!(error.to_string().contains(&format!("port {port} is taken")), "{error}");
}

/// Not a real test: the next test runs it in another process, to kill that process.
#[test]
#[ignore = "run by a_sigkill_of_the_owner_leaves_nothing"]
fn helper_that_waits_to_be_killed() {
    let stack = Stack::builder().rabbitmq().mariadb().mongodb().ignore_environment().start().unwrap();
    println!("dir={}", stack.dir().display());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_sigkill_of_the_owner_leaves_nothing() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "helper_that_waits_to_be_killed"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(owner.stdout.take().unwrap());
    let dir = std::io::BufRead::lines(output)
        .map_while(Result::ok)
        .find_map(|line| line.split_once("dir=").map(|(_, dir)| Path::new(dir).to_owned()))
        .expect("the owner says where its stack is");
    assert!(!processes_in(&dir).is_empty());
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the watchdog removed the folder", || !dir.exists());
    assert_nothing_left(&dir);
}

#[test]
fn a_replica_takes_over_and_the_old_primary_comes_back() {
    let stack = Stack::builder().mariadb_replicas(2).ignore_environment().start().unwrap();
    let sql = |sql: &str| stack.mariadb_query(None, sql).unwrap();
    sql("create database shop; create table shop.t (n int)");
    for number in 0..3 {
        sql(&format!("insert into shop.t values ({number})"));
        let old = stack.mariadb();
        if number < 2 {
            old.kill().unwrap();
        }
        let new = stack.fail_over().unwrap();
        assert!(new.port() == stack.mariadb().port() && new.port() != old.port());
        assert_eq!(sql("select count(*) from shop.t"), format!("{}\n", number + 1));
        stack.rejoin(old).unwrap();
    }
    sql("insert into shop.t values (9)");
    eventually("all servers have it", || {
        stack.mariadbs().iter().all(|server| {
            let address = server.url();
            let port = address.rsplit_once(':').unwrap().1;
            let count = Command::new("mariadb")
                .args(["--no-defaults", "-h127.0.0.1", "-uroot", "-N", "-P", port])
                .args(["-e", "select count(*) from shop.t"])
                .output();
            count.unwrap().stdout == b"4\n"
        })
    });
}

#[test]
fn the_servers_of_a_cluster_end_one_by_one() {
    let stack = Stack::builder().rabbitmq_cluster(3).ignore_environment().start().unwrap();
    let running = |server: &beds_devstack::Server| {
        let status = server.control(&["cluster_status", "--formatter", "json"]).unwrap();
        let (_, running) = status.split_once("\"running_nodes\":[").unwrap();
        running.split_once(']').unwrap().0.matches("@localhost").count()
    };
    let servers = stack.rabbitmqs();
    eventually("they are one cluster", || servers.iter().all(|server| running(server) == 3));
    for (dead, alive) in [(0, 1), (1, 2), (2, 0)] {
        servers[dead].kill().unwrap();
        assert!(!servers[dead].is_running());
        eventually("the others notice", || running(&servers[alive]) == 2);
        servers[dead].start().unwrap();
        eventually("it is back", || running(&servers[alive]) == 3);
    }
}
