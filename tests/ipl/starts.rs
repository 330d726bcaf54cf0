//! How a node reacts to its variables, and to a signal during the start.

use std::{net::TcpListener, path::Path, process::Command};

use super::common::{Beds, eventually, shared, start_node};

#[tokio::test]
async fn a_text_stays_as_it_is_written() {
    let site = shared().await;
    for name in ["007", "1e5", "nan", "1.0", "-0", "+5", "9999999999999999999999", "true", "0x10"] {
        let node = start_node(&site.stack, &[("BEDS__NODE__NAME", name)]);
        assert!(node.log().contains(&format!("starting node=\"{name}\" ")), "{name}: {}", node.log());
    }
}

/// A server that accepts connections and sends nothing.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// The first child of a process.
fn child_of(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

#[tokio::test]
async fn a_signal_ends_a_node_that_starts_also_as_process_1() {
    let site = shared().await;
    let beds = env!("CARGO_BIN_EXE_beds");
    for (program, arguments) in [(beds, &[][..]), ("unshare", &["--fork", "--pid", "--mount-proc", beds][..])]
    {
        for engine in ["MARIADB__CATALOG__URL", "MONGODB__JOURNAL__URL", "AMQP__URL"] {
            let (_listener, port) = silent();
            let url = match engine {
                "MARIADB__CATALOG__URL" => format!("mysql://u@127.0.0.1:{port}/catalog"),
                "MONGODB__JOURNAL__URL" => format!("mongodb://127.0.0.1:{port}/"),
                _ => format!("amqp://127.0.0.1:{port}"),
            };
            let variable = format!("BEDS__{engine}");
            let variables = [
                (variable.as_str(), url.as_str()),
                // Longer than the test waits.
                ("BEDS__NODE__IPL_TIMEOUT_MS", "600000"),
                ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "600000"),
            ];
            let node = Beds::program(Path::new(program), arguments).on(&site.stack).env(&variables).spawn();
            eventually("it starts", || node.log().contains("starting node="));
            let pid = if program == beds { node.pid() } else { child_of(node.pid()).unwrap() };
            assert!(Command::new("kill").arg("-TERM").arg(pid.to_string()).status().unwrap().success());
            let ended = node.await_end().unwrap();
            assert_eq!(ended.code(), Some(0), "{program} {engine}: {}", node.log());
        }
    }
}
