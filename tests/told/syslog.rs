//! Syslog: over every transport, with any content, and if there is no room for it.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream, UdpSocket},
    process::Command,
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use beds_client::{ClientError, Request};
use beds_devstack::{Node, certificates::Authority};
use serde_json::{Value, json};

use super::{
    call,
    common::{Site, blocking, end_site, eventually, eventually_async, unique},
    count, found, metric, node, operator, site,
};

/// The address on which the node listens, from its log.
fn address(node: &Node, by: &str) -> SocketAddr {
    let log = node.log();
    // The log has a line for each start. The last one counts.
    let line = log.lines().rfind(|line| line.contains(&format!("syslog by {by}")));
    let line = line.unwrap_or_else(|| panic!("no syslog by {by}: {log}"));
    let (_, address) = line.rsplit_once("address=").unwrap();
    address.trim().parse().unwrap()
}

fn texts<'a>(records: &'a [Value], field: &str) -> Vec<&'a str> {
    records.iter().map(|record| record[field].as_str().unwrap_or("-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_by_every_way_and_are_found_by_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ours").unwrap();
    let certificate = authority.certificate("syslog", &["localhost"], 2100).unwrap();
    let (cert, key) = (certificate.cert.clone(), certificate.key.clone());
    let site = blocking(move || {
        let stack = super::stack();
        let node = node(
            &stack,
            &[
                ("BEDS__SYSLOG__UDP", "127.0.0.1:0"),
                ("BEDS__SYSLOG__TCP", "127.0.0.1:0"),
                ("BEDS__SYSLOG__TLS", "127.0.0.1:0"),
                ("BEDS__SYSLOG__CERT_FILE", cert.to_str().unwrap()),
                ("BEDS__SYSLOG__KEY_FILE", key.to_str().unwrap()),
                ("BEDS__SYSLOG__ZONE", "Europe/Berlin"),
                ("BEDS__SYSLOG__LINE_BYTES_MAX", "1024"),
            ],
        );
        &*Box::leak(Box::new(Site { node, stack }))
    })
    .await;
    let client = operator(&site.stack).await;

    let by = |way: &str| address(&site.node, way);
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(b"<165>1 2026-03-01T10:00:00.5+01:00 h1 app1 42 ID1 [x@1 a=\"b\"] by udp", by("udp"))
        .unwrap();
    udp.send_to(b"<34>Mar  1 2026 11:00:00 h1 su[7]: by rfc 3164\n", by("udp")).unwrap();
    udp.send_to(b"\xff\xfe no syslog at all", by("udp")).unwrap();
    let mut tcp = TcpStream::connect(by("tcp")).unwrap();
    let line = "<11>1 2026-03-01T12:00:00Z h2 app2 - - - two\nlines";
    writeln!(tcp, "{} {line}<11>1 2026-03-01T12:00:01Z h2 app2 - - - by line", line.len()).unwrap();
    writeln!(tcp, "<11>1 2026-03-01T12:00:02Z h2 app2 - - - {}", "long ".repeat(400)).unwrap();
    write!(tcp, "<11>1 2026-03-01T12:00:03Z h2 app2 - - - the end of the connection").unwrap();
    drop(tcp);
    let roots = authority.file();
    let tls = by("tls");
    blocking(move || say_by_tls(tls, &roots, b"<14>1 2026-03-01T13:00:00Z h3 app3 - - - by tls\n")).await;

    let all = async || count(&client, "syslog", [] as [(&str, &str); 0]).await;
    eventually_async("all have come", async || all().await == 8).await;
    let of = async |filter: Value| {
        let Value::Object(filter) = filter else { panic!() };
        let filter: Vec<(String, beds_protocol::Json)> =
            filter.into_iter().map(|(key, value)| (key, value.into())).collect();
        found(&client, "syslog", beds_protocol::Record(filter)).await
    };
    let h1 = of(json!({"host": "h1"})).await;
    assert_eq!(texts(&h1, "message"), ["by udp", "by rfc 3164"]);
    assert_eq!(texts(&h1, "at"), ["2026-03-01T09:00:00.5Z", "2026-03-01T10:00:00Z"]);
    assert_eq!(texts(&h1, "app"), ["app1", "su"]);
    assert_eq!(texts(&h1, "procid"), ["42", "7"]);
    assert_eq!(texts(&h1, "facility"), ["local4", "auth"]);
    assert_eq!(texts(&h1, "source"), ["127.0.0.1"; 2]);
    assert_eq!(h1[0]["data"], json!({"x@1": {"a": "b"}}));
    let h2 = of(json!({"host": "h2", "severity": "err", "at": {"gte": "2026-03-01T12:00:00Z"}})).await;
    assert_eq!(texts(&h2, "message")[..2], ["two\nlines", "by line"]);
    assert_eq!(texts(&h2, "message")[3], "the end of the connection");
    assert_eq!((&h2[2]["malformed"], &h2[3]["malformed"]), (&json!(true), &json!(false)));
    assert_eq!(STANDARD.decode(h2[2]["raw"].as_str().unwrap()).unwrap().len(), 1_024);
    assert_eq!(texts(&of(json!({"app": "app3"})).await, "message"), ["by tls"]);
    let malformed = of(json!({"malformed": true, "host": {"null": true}})).await;
    assert_eq!(STANDARD.decode(malformed[0]["raw"].as_str().unwrap()).unwrap(), b"\xff\xfe no syslog at all");

    // The same messages over the bus.
    let lines =
        json!({"lines": ["<13>Mar  1 2026 12:00:00 h4 a: by bus", "what is that?"], "source": "test"});
    assert_eq!(call(&client, "syslog", "ingest", &lines).await, json!(2));
    let by_bus = of(json!({"source": "test"})).await;
    assert_eq!(texts(&by_bus, "message"), ["by bus", "what is that?"]);
    assert_eq!(by_bus[1]["malformed"], true);
    // No message is refused for its form. If it is longer than a record can hold, its beginning is stored.
    let lines = json!({"lines": ["<13>Mar  1 2026 12:00:00 h4 temp: -5", "\u{1f600}".repeat(20_000)], "source": "long"});
    assert_eq!(call(&client, "syslog", "ingest", &lines).await, json!(2));
    let by_bus = of(json!({"source": "long"})).await;
    assert_eq!(by_bus[0]["message"], "-5");
    assert_eq!(STANDARD.decode(by_bus[1]["raw"].as_str().unwrap()).unwrap().len(), 65_536);
    let request = Request::create("syslog", &json!({"at": "2026-03-01T00:00:00Z"}));
    let forbidden = client.execute(request).await;
    assert!(matches!(forbidden, Err(ClientError::Refused(_))), "{forbidden:?}");
    let malformed = blocking(|| metric(&site.node, "beds_syslog_malformed_total")).await;
    assert!((malformed - 2.0).abs() < 0.1, "{malformed}");
    end_site(site).await;
}

/// Sends bytes over TLS, and ends the connection in order.
fn say_by_tls(address: SocketAddr, authority: &std::path::Path, bytes: &[u8]) {
    use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    stream.write_all(bytes).unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_is_kept_though_the_database_is_away_and_the_node_is_killed() {
    let site = site(&[("BEDS__SYSLOG__TCP", "127.0.0.1:0")]).await;
    let client = operator(&site.stack).await;
    let app = unique("a");
    let say = |from: u32| {
        let mut tcp = TcpStream::connect(address(&site.node, "tcp")).unwrap();
        for index in from..from + 1_000 {
            writeln!(tcp, "<13>1 2026-03-01T00:00:00Z h {app} {index} - - message").unwrap();
        }
    };
    let there = async || count(&client, "syslog", [("app", app.as_str())]).await;
    say(0);
    eventually_async("all are there", async || there().await == 1_000).await;

    blocking(|| site.stack.mongodb().kill().unwrap()).await;
    say(1_000);
    blocking(|| {
        eventually("all have come", || metric(&site.node, "beds_syslog_received_total") > 1_999.5);
        // RabbitMQ has the messages once an idle connection has nothing to confirm: those that wait are in its queues.
        eventually("they are published", || {
            let listed = site.stack.rabbitmq().control(&["-q", "list_queues", "name", "messages"]).unwrap();
            let of = |line: &str| {
                line.starts_with("beds.admin.syslog").then(|| line.rsplit('\t').next()?.parse::<u32>().ok())
            };
            let waiting: u32 = listed.lines().filter_map(of).flatten().sum();
            waiting >= 5
        });
        site.node.kill();
        site.stack.mongodb().start().unwrap();
        site.node.restart().unwrap();
    })
    .await;
    eventually_async("all are there", async || there().await >= 2_000).await;
    end_site(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_place_by_udp_is_counted_and_by_tcp_it_waits() {
    let site = site(&[
        ("BEDS__SYSLOG__UDP", "127.0.0.1:0"),
        ("BEDS__SYSLOG__TCP", "127.0.0.1:0"),
        ("BEDS__SYSLOG__QUEUE_MAX", "50"),
    ])
    .await;
    let client = operator(&site.stack).await;
    let (udp_app, tcp_app) = (unique("u"), unique("t"));
    let signal = |signal: &str| {
        let pid = site.stack.rabbitmq().pid().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    };
    let line = |app: &str, index: u32| format!("<13>1 2026-03-01T00:00:00Z h {app} {index} - - x\n");
    signal("-STOP");
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = address(&site.node, "udp");
    for index in 0..1_000 {
        udp.send_to(line(&udp_app, index).as_bytes(), to).unwrap();
    }
    let lost = || metric(&site.node, "beds_syslog_lost_total{at=\"queue\"}");
    blocking(move || eventually("what has no place is lost", || lost() > 0.5)).await;
    let app = tcp_app.clone();
    let to = address(&site.node, "tcp");
    let saying = tokio::task::spawn_blocking(move || {
        let mut tcp = TcpStream::connect(to).unwrap();
        for index in 0..5_000 {
            tcp.write_all(line(&app, index).as_bytes()).unwrap();
        }
    });
    signal("-CONT");
    saying.await.unwrap();
    let there = async |app: &str| count(&client, "syslog", [("app", app)]).await;
    eventually_async("nothing is lost by TCP", async || there(&tcp_app).await >= 5_000).await;
    // A message that is not counted as lost is stored. Some may still be in the socket.
    eventually_async("the sum is right", async || {
        let lost = blocking(move || metric(&site.node, "beds_syslog_lost_total")).await;
        let there = u32::try_from(there(&udp_app).await).unwrap();
        (f64::from(there) + lost - 1_000.0).abs() < 0.5
    })
    .await;
    end_site(site).await;
}
