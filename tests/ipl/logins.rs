//! Logins: passwords arrive unchanged and are never shown. A wrong password, a missing virtual host and the address of
//! another server have different messages.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    thread,
};

use beds_devstack::free_port;

use super::common::{Beds, shared, start_node, unique};

/// A password that can be found in any output, and its form in a URL.
const PASSWORD: &str = "S3cr3t+pass/word";
const ENCODED: &str = "S3cr3t%2Bpass%2Fword";

#[tokio::test]
async fn a_password_is_shown_to_nobody() {
    let site = shared().await;
    let (amqp, mariadb) = (site.stack.rabbitmq().port().unwrap(), site.stack.mariadb().port().unwrap());
    let closed = free_port().unwrap();
    let user = format!("u{}", &unique("")[1..17]);
    let sql = format!(
        "create user '{user}'@'%' identified by '{PASSWORD}'; grant all on catalog.* to '{user}'@'%'"
    );
    site.stack.mariadb_query(None, &sql).unwrap();
    let with =
        |scheme: &str, port: u16, rest: &str| format!("{scheme}://{user}:{ENCODED}@127.0.0.1:{port}{rest}");
    // Refused, unreachable, malformed, and right.
    let servers = [
        ("BEDS__AMQP__URL", with("amqp", amqp, "/%2f"), 12),
        ("BEDS__AMQP__URL", with("amqp", closed, "/%2f"), 12),
        ("BEDS__AMQP__URL", format!("amqp://{user}:{ENCODED}@127.0.0.1:port/"), 10),
        ("BEDS__AMQP__URL", format!("{user} {PASSWORD}"), 10),
        ("BEDS__MARIADB__CATALOG__URL", with("mysql", mariadb, "/nowhere"), 13),
        ("BEDS__MARIADB__CATALOG__URL", with("mysql", closed, "/catalog"), 13),
        ("BEDS__MARIADB__CATALOG__URL", format!("mysql://{user}:{ENCODED}@127.0.0.1:port/"), 10),
        (
            "BEDS__MARIADB__CATALOG__URL",
            format!("mysql://{user}:{ENCODED}@127.0.0.1:{mariadb}/catalog?no=such"),
            10,
        ),
        ("BEDS__MONGODB__LOGS__URL", with("mongodb", closed, "/?directConnection=true"), 14),
        ("BEDS__MONGODB__LOGS__URL", format!("mongodb://{user}:{ENCODED}@127.0.0.1:port/"), 10),
        ("BEDS__MONGODB__LOGS__URL", format!("mongodb://{user}:{PASSWORD}@127.0.0.1:{closed}/?no=such"), 10),
        ("BEDS__MARIADB__CATALOG__URL", with("mysql", mariadb, "/catalog"), 0),
    ];
    let common = [
        ("BEDS_ENV", "prod"),
        ("BEDS__LOGGING__LEVEL", "debug"),
        ("BEDS__NODE__SERVICES", "app_server,admin"),
        ("BEDS__NODE__IPL_TIMEOUT_MS", "4000"),
        ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "4000"),
    ];
    for (variable, url, code) in &servers {
        for command in ["check", "node"] {
            // A node that comes up would not end.
            if command == "node" && *code == 0 {
                continue;
            }
            let ended = Beds::new(&[command]).on(&site.stack).env(&common).env(&[(variable, url)]).run();
            assert_eq!(ended.code, Some(*code), "{command} {variable}={url}: {ended:?}");
            let printed = format!("{}{}", ended.stdout, ended.stderr);
            assert!(
                !printed.contains(PASSWORD) && !printed.contains(ENCODED),
                "{command} {variable}: {printed}"
            );
        }
    }
    let called = Beds::new(&["call", "note.count", "--url", &with("amqp", amqp, "/%2f")]).run();
    assert_eq!(called.code, Some(2), "{called:?}");
    assert!(
        !format!("{called:?}").contains(PASSWORD) && !format!("{called:?}").contains(ENCODED),
        "{called:?}"
    );

    // A running node, whose password comes from a file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let url = format!("mysql://{user}@127.0.0.1:{mariadb}/catalog");
    let variables = [
        ("BEDS_ENV", "prod"),
        ("BEDS__LOGGING__LEVEL", "debug"),
        ("BEDS__MARIADB__CATALOG__URL", url.as_str()),
        ("BEDS__MARIADB__CATALOG__PASS_FILE", file.to_str().unwrap()),
    ];
    let node = start_node(&site.stack, &variables);
    assert!(
        node.log().contains(&format!("mysql://{user}:***@127.0.0.1:{mariadb}/catalog")),
        "{}",
        node.log()
    );
    assert!(!node.log().contains(PASSWORD) && !node.log().contains(ENCODED), "{}", node.log());
    drop(node);
    fs::write(&file, "another").unwrap();
    let ended = Beds::new(&["check"]).on(&site.stack).env(&variables).run();
    assert_eq!(ended.code, Some(13), "the file's password counts: {ended:?}");
}

#[tokio::test]
async fn a_password_file_serves_the_bus_too() {
    let site = shared().await;
    let url = site.stack.amqp_url().replace("guest:guest@", "guest:wrong@");
    let check = |password: &str| {
        let beds =
            Beds::new(&["check"]).on(&site.stack).env(&[("BEDS__AMQP__URL", &url)]).file("secret", password);
        let file = beds.config().join("secret").display().to_string();
        beds.env(&[("BEDS__AMQP__PASS_FILE", &file)]).run()
    };
    assert_eq!(check("guest\r\n").code, Some(0));
    assert_eq!(check("guest ").code, Some(12), "a space is part of a password");
}

#[tokio::test]
async fn a_password_arrives_character_by_character() {
    let site = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let (amqp, mariadb) = (site.stack.rabbitmq().port().unwrap(), site.stack.mariadb().port().unwrap());
    let rabbitmq = |arguments: &[&str]| site.stack.rabbitmq().control(arguments).unwrap();
    for (number, password) in ["pa%41ss", "50%fe", "p@:/?#[]!$&()*+,;= \u{fc} "].into_iter().enumerate() {
        let user = format!("u{number}{}", &unique("")[1..13]);
        let sql = format!(
            "create user '{user}'@'%' identified by '{password}'; grant all on catalog.* to '{user}'@'%'; \
             grant select on mysql.* to '{user}'@'%'"
        );
        site.stack.mariadb_query(None, &sql).unwrap();
        rabbitmq(&["add_user", &user, password]);
        rabbitmq(&["set_permissions", "-p", "/", &user, ".*", ".*", ".*"]);
        fs::write(&file, format!("{password}\n")).unwrap();
        let path = file.to_str().unwrap();
        let variables = [
            ("BEDS__AMQP__URL", format!("amqp://{user}@127.0.0.1:{amqp}/%2f")),
            ("BEDS__AMQP__PASS_FILE", path.to_owned()),
            ("BEDS__MARIADB__CATALOG__URL", format!("mysql://{user}@127.0.0.1:{mariadb}/catalog")),
            ("BEDS__MARIADB__CATALOG__PASS_FILE", path.to_owned()),
        ];
        let ended = Beds::new(&["check"]).on(&site.stack).env(&variables).run();
        for said in ["ok  ", "RabbitMQ at ", "MariaDB `catalog` at "] {
            assert!(ended.stdout.contains(said), "{password}: {ended:?}");
        }
        assert!(!ended.stdout.contains("FAILED"), "{password}: {ended:?}");
    }
}

#[tokio::test]
async fn each_cause_has_a_hint_of_its_own() {
    let site = shared().await;
    let user = format!("u{}", &unique("")[1..13]);
    site.stack.rabbitmq().control(&["add_user", &user, "right"]).unwrap();
    let (amqp, mariadb) = (site.stack.amqp_url(), site.stack.mariadb_url());
    let (amqp_as, port) = (amqp.replace("guest:guest", &format!("{user}:right")), free_port().unwrap());
    for (variable, url, code, hint) in [
        ("BEDS__AMQP__URL", amqp.replace("guest:guest", "guest:wrong"), 12, "user or password is wrong: "),
        ("BEDS__AMQP__URL", amqp.replace("%2f", "nosuch"), 12, "there is no such virtual host: "),
        ("BEDS__AMQP__URL", amqp_as, 12, "the user may not use this virtual host: "),
        ("BEDS__AMQP__URL", format!("amqp://127.0.0.1:{port}"), 12, "start the server, "),
        ("BEDS__AMQP__URL", "amqp://nosuch.invalid".into(), 12, "the name of the host is not known: "),
        ("BEDS__AMQP__URL", amqp.replace("amqp://", "amqps://"), 12, "the server has no TLS on this port: "),
        (
            "BEDS__MARIADB__CATALOG__URL",
            mariadb.replace("root@", "root:wrong@") + "/catalog",
            13,
            "user or password is wrong: ",
        ),
        ("BEDS__MARIADB__CATALOG__URL", mariadb.clone() + "/nosuch", 13, "there is no such schema: "),
        (
            "BEDS__MARIADB__CATALOG__URL",
            mariadb.clone() + "/catalog?ssl-mode=REQUIRED",
            13,
            "the server has no TLS on this port: ",
        ),
        (
            "BEDS__MARIADB__CATALOG__URL",
            format!("mysql://root@127.0.0.1:{port}/catalog"),
            13,
            "start the server, ",
        ),
        ("BEDS__MONGODB__LOGS__URL", format!("mongodb://127.0.0.1:{port}/"), 14, "start the server, "),
    ] {
        let variables =
            [(variable, url.as_str()), ("BEDS__NODE__IPL_TIMEOUT_MS", "4000"), ("BEDS_ENV", "prod")];
        let checked = Beds::new(&["check"])
            .on(&site.stack)
            .env(&variables)
            .env(&[("BEDS__NODE__SERVICES", "app_server,admin")])
            .run();
        assert_eq!(checked.code, Some(code), "{url}: {checked:?}");
        assert!(checked.stdout.contains(&format!("hint: {hint}")), "{url}: {checked:?}");
    }
}

#[tokio::test]
async fn a_url_with_the_port_of_another_server_is_told_who_answers_there() {
    let site = shared().await;
    let ports = [
        ("RabbitMQ", site.stack.rabbitmq().port().unwrap()),
        ("MariaDB", site.stack.mariadb().port().unwrap()),
        ("MongoDB", site.stack.mongodb().port().unwrap()),
    ];
    for (meant, variable, before, after) in [
        ("RabbitMQ", "BEDS__AMQP__URL", "amqp://guest:guest@127.0.0.1:", "/%2f"),
        ("MariaDB", "BEDS__MARIADB__CATALOG__URL", "mysql://root@127.0.0.1:", "/catalog"),
        ("MongoDB", "BEDS__MONGODB__LOGS__URL", "mongodb://127.0.0.1:", "/"),
    ] {
        for (found, port) in ports.iter().filter(|(found, _)| *found != meant) {
            let url = format!("{before}{port}{after}");
            let variables = [
                (variable, url.as_str()),
                ("BEDS__NODE__IPL_TIMEOUT_MS", "4000"),
                ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "4000"),
                ("BEDS__NODE__SERVICES", "app_server,admin"),
            ];
            let checked = Beds::new(&["check"]).on(&site.stack).env(&variables).run();
            let hint = format!("hint: {found} answers there, not {meant}: ");
            assert!(checked.stdout.contains(&hint), "{url}: {checked:?}");
        }
    }
}

#[tokio::test]
async fn a_url_with_another_replica_set_is_told_which_one_the_server_is_of() {
    let site = shared().await;
    let port = site.stack.mongodb().port().unwrap();
    let url = format!("mongodb://127.0.0.1:{port}/?replicaSet=other");
    let variables = [
        ("BEDS__MONGODB__LOGS__URL", url.as_str()),
        ("BEDS__NODE__IPL_TIMEOUT_MS", "4000"),
        ("BEDS__NODE__SERVICES", "app_server,admin"),
    ];
    let checked = Beds::new(&["check"]).on(&site.stack).env(&variables).run();
    let said = format!("`127.0.0.1:{port}` belongs to ");
    assert!(checked.stdout.contains(&said), "{checked:?}");
    assert!(checked.stdout.contains(", but `replicaSet` in the URL is `other`"), "{checked:?}");
    assert!(checked.stdout.contains("hint: correct `replicaSet` in the URL, or leave it out"), "{checked:?}");
    let verified = Beds::new(&["verify"]).on(&site.stack).env(&variables).run();
    let printed = [verified.stdout, verified.stderr].concat();
    assert!(printed.contains("but `replicaSet` in the URL is `other`"), "{printed}");
}

/// Forwards to a server from another address, until the test ends.
fn forward(listener: TcpListener, to: u16) {
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            for (mut from, mut into) in
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
            {
                thread::spawn(move || std::io::copy(&mut from, &mut into));
            }
        }
    });
}

#[tokio::test]
async fn an_ipv6_address_is_that_address() {
    let site = shared().await;
    let port = site.stack.rabbitmq().port().unwrap();
    let url =
        |scheme: &str, address: &str, port: u16| format!("{scheme}://guest:guest@[{address}]:{port}/%2f");
    let check = |url: &str| {
        let variables = [("BEDS__AMQP__URL", url), ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "4000")];
        Beds::new(&["check"]).on(&site.stack).env(&variables).run()
    };
    let call = |url: &str| Beds::new(&["call", "country.count", "--url", url, "--timeout", "10"]).run();
    // RabbitMQ listens only on 127.0.0.1, so these clients have reached another address.
    for (scheme, address) in
        [("amqp", "2001:db8::1"), ("amqp", "::1"), ("amqps", "2001:db8::1"), ("amqps", "::1")]
    {
        let url = url(scheme, address, port);
        let (checked, called) = (check(&url), call(&url));
        assert_eq!(checked.code, Some(12), "{checked:?}");
        assert!(checked.stdout.contains(&format!("cannot reach [{address}]:{port}: ")), "{checked:?}");
        assert_eq!(called.code, Some(2), "{called:?}");
    }
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    forward(listener, port);
    let checked = check(&url("amqp", "::1", own));
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let called = call(&url("amqp", "::1", own));
    assert_eq!(called.code, Some(0), "{called:?}");
}
