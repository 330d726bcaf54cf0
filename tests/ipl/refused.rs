//! Configurations that are refused: with exit code 10, at the place of the mistake, before any server is contacted.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use super::{NOWHERE, common::Beds};

/// A refused configuration: the file, the variables, and the message.
struct Refused {
    name: &'static str,
    file: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// Parts of the message; `{file}` is the path of beds.toml.
    said: &'static [&'static str],
}

const fn in_file(name: &'static str, file: &'static str, said: &'static [&'static str]) -> Refused {
    Refused { name, file, variables: &[], said }
}

const fn in_variable(
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    said: &'static [&'static str],
) -> Refused {
    Refused { name, file: "", variables, said }
}

const REFUSED: &[Refused] = &[
    in_file(
        "an unknown key",
        "[node]\nname = \"a\"\nservice = [\"admin\"]\n",
        &[
            "{file}: line 3, column 1: node.service: ",
            "unknown key `service`; it may be `name`, `services`, ",
        ],
    ),
    in_file(
        "a node without a name",
        "[node]\nname = \"\"\n",
        &["node.name is empty: write a name, or leave it out"],
    ),
    in_variable("a node of blanks", &[("BEDS__NODE__NAME", "  ")], &["node.name is empty"]),
    in_file("an unknown section", "[nodes]\n", &["{file}:", "line 1, column 2", "unknown key `nodes`"]),
    in_file(
        "an unknown key of a server",
        "[mariadb.catalog]\nurl = \"mysql://u@h/c\"\npool = 3\n",
        &["{file}:", "line 3, column 1", "unknown key `pool`"],
    ),
    in_file(
        "a wrong type",
        "[brokers.app_server.r]\nprefetch = \"many\"\n",
        &[
            "{file}: line 2, column 12: brokers.app_server.r.prefetch: ",
            "it is a text, and must be an integer from 1 to 2000",
        ],
    ),
    in_file(
        "a negative number",
        "[amqp]\nconfirm_timeout_ms = -1\n",
        &["{file}:", "line 2, column 22", "it is the number -1, and must be an integer from 1 to 4294967295"],
    ),
    in_file(
        "a number too large",
        "[brokers.app_server.r]\ninstances = 70000\n",
        &["{file}:", "line 2, column 13", "it is the number 70000, and must be an integer from 1 to 65535"],
    ),
    in_file("no TOML", "[node\nname = 1\n", &["{file}:", "line 1, column 6"]),
    in_file(
        "a key that stands twice",
        "[node]\nname = \"a\"\nname = \"b\"\n",
        &["{file}:", "line 3, column 1", "is written twice"],
    ),
    in_file(
        "an unknown service",
        "[node]\nservices = [\"app_server\", \"web\"]\n",
        &[
            "{file}:",
            "line 2, column 27",
            "unknown name `web`; it may be `app_server`, `admin`, `segundo`, `tercero`",
        ],
    ),
    in_file(
        "an address that is none",
        "[node]\nhealth = \"here\"\n",
        &["{file}:", "line 2, column 10", "it must be an IP address with a port, such as 127.0.0.1:8080"],
    ),
    in_file(
        "an unknown broker",
        "[brokers.app_server.x]\ninstances = 1\n",
        &["brokers.app_server.x: this service has no such broker; it has r, w, m"],
    ),
    in_file(
        "a broker of another service",
        "[brokers.admin.r]\n",
        &["brokers.admin.r: this service has no such broker; it has in, out, logs, syslog, graph"],
    ),
    in_file(
        "no instances",
        "[brokers.app_server.r]\ninstances = 0\n",
        &["brokers.app_server.r.instances is 0: it must be at least 1"],
    ),
    in_file(
        "a prefetch too large",
        "[brokers.app_server.w]\nprefetch = 2001\n",
        &["brokers.app_server.w.prefetch is 2001: it must be at most 2000"],
    ),
    in_file(
        "a server without an address",
        "[mariadb.other]\nread_connections = 3\n",
        &["mariadb.other.url is missing"],
    ),
    in_file("a document server without an address", "[mongodb.other]\n", &["mongodb.other.url is missing"]),
    in_file(
        "no connections",
        "[mariadb.other]\nurl = \"mysql://u@h/c\"\nwrite_connections = 0\n",
        &["mariadb.other.write_connections is 0: it must be at least 1"],
    ),
    in_file(
        "a service twice",
        "[node]\nservices = [\"admin\", \"app_server\", \"admin\"]\n",
        &["node.services names `admin` twice: name it once"],
    ),
    in_file("no services", "[node]\nservices = []\n", &["node.services is empty: name at least one service"]),
    in_file(
        "a password file that is not there",
        "[mariadb.other]\nurl = \"mysql://u@h/c\"\npass_file = \"/nonexistent/password\"\n",
        &["pass_file /nonexistent/password: No such file or directory"],
    ),
    in_variable(
        "an unknown environment",
        &[("BEDS_ENV", "staging")],
        &["BEDS_ENV is `staging`: it must be dev, qa or prod"],
    ),
    in_variable("no environment", &[("BEDS_ENV", "")], &["BEDS_ENV is empty: it must be dev, qa or prod"]),
    in_variable(
        "an environment in capitals",
        &[("BEDS_ENV", "PROD")],
        &["BEDS_ENV is `PROD`: it must be dev, qa or prod"],
    ),
    in_variable(
        "a variable of a wrong type",
        &[("BEDS__NODE__DRAIN_TIMEOUT_MS", "soon")],
        &["environment variable BEDS__NODE__DRAIN_TIMEOUT_MS:", "it is a text, and must be an integer"],
    ),
    in_variable(
        "an unknown variable",
        &[("BEDS__NODE__NAM", "x")],
        &["environment variable BEDS__NODE__NAM: unknown key `nam`", ": did you mean `name`?"],
    ),
    in_variable(
        "an unknown section's variable",
        &[("BEDS__NODES__NAME", "x")],
        &["environment variable BEDS__NODES__NAME: unknown key `nodes`", ": did you mean `node`?"],
    ),
    in_variable(
        "a variable out of range",
        &[("BEDS__BROKERS__APP_SERVER__R__PREFETCH", "0")],
        &["brokers.app_server.r.prefetch is 0: it must be at least 1"],
    ),
    in_file(
        "an unknown exchange",
        "[amqp]\nexchange = \"fanout\"\n",
        &["{file}: line 2, column 12: amqp.exchange: unknown name `fanout`; it may be `topic`, `direct`"],
    ),
    in_variable(
        "an unknown exchange's variable",
        &[("BEDS__AMQP__EXCHANGE", "fanout")],
        &["environment variable BEDS__AMQP__EXCHANGE: unknown name `fanout`; it may be `topic`, `direct`"],
    ),
    in_variable(
        "an unknown word for who may do what no template says",
        &[("BEDS__ACCESS__DEFAULT", "allow")],
        &["environment variable BEDS__ACCESS__DEFAULT: unknown name `allow`; it may be `open`, `deny`"],
    ),
    in_variable(
        "an unknown way to keep queues",
        &[("BEDS__AMQP__READ_QUEUES", "transiet")],
        &[
            "environment variable BEDS__AMQP__READ_QUEUES: unknown name `transiet`; ",
            "it may be `durable`, `transient`, `quorum`: did you mean `transient`?",
        ],
    ),
    in_variable(
        "an unknown service's variable",
        &[("BEDS__NODE__SERVICES", "app_server,web")],
        &[
            "environment variable BEDS__NODE__SERVICES: ",
            "unknown name `web`; it may be `app_server`, `admin`, `segundo`, `tercero`",
        ],
    ),
    in_variable(
        "no heartbeat",
        &[("BEDS__AMQP__HEARTBEAT_S", "0")],
        &["amqp.heartbeat_s is 0: it must be at least 1"],
    ),
    in_variable(
        "a log filter that is none",
        &[("BEDS__LOGGING__LEVEL", "beds=loud")],
        &["logging.level `beds=loud`: "],
    ),
    in_variable(
        "a variable without a key",
        &[("BEDS__NODE__", "x")],
        &["environment variable BEDS__NODE__: it must be BEDS__SECTION__KEY"],
    ),
    in_variable(
        "a value for a section",
        &[("BEDS__NODE", "x"), ("BEDS__NODE__NAME", "x")],
        &["environment variable BEDS__NODE: it is a section, as BEDS__NODE__"],
    ),
    in_variable(
        "one key by two variables",
        &[("BEDS__NODE__NAME", "x"), ("BEDS__node__name", "y")],
        &["environment variables BEDS__NODE__NAME and BEDS__node__name are the same key"],
    ),
    in_variable(
        "a prefix of every queue",
        &[("BEDS__AMQP__REPLY_TO_PREFIXES", "web.,")],
        &["amqp.reply_to_prefixes: an empty prefix would allow every queue"],
    ),
    in_variable(
        "a pattern for a prefix",
        &[("BEDS__AMQP__REPLY_TO_PREFIXES", "web.*")],
        &["amqp.reply_to_prefixes: `web.*` is a pattern: write how the names begin, such as `web.`"],
    ),
    in_variable(
        "a prefix of the node's own queues",
        &[("BEDS__AMQP__REPLY_TO_PREFIXES", "beds.app_server")],
        &["amqp.reply_to_prefixes: `beds.app_server` would allow queues whose names begin with `beds.`"],
    ),
    in_file(
        "one database twice",
        "[mariadb.a]\nurl = \"mysql://u@h/c\"\n[mariadb.A]\nurl = \"mysql://u@h/d\"\n",
        &["{file}: [mariadb.", "] is there twice: the case of a name does not matter"],
    ),
    // URLs: the message names the part that is not understood, for every kind of server.
    in_variable(
        "a mistyped key of RabbitMQ",
        &[("BEDS__AMQP__URL", "amqp://h?heartbet=1")],
        &["amqp.url: unknown key `heartbet` in the query: did you mean `heartbeat`?"],
    ),
    in_variable(
        "a mistyped key of MariaDB",
        &[("BEDS__MARIADB__CATALOG__URL", "mysql://u@h/c?sslmod=VERIFY_IDENTITY")],
        &["mariadb.catalog.url: unknown key `sslmod` in the query: did you mean `ssl-mode`?"],
    ),
    in_variable(
        "a mistyped key of a replica",
        &[("BEDS__MARIADB__CATALOG__READ_URLS", "mysql://u@h/c,mysql://u@h/c?ssl-mod=REQUIRED")],
        &["mariadb.catalog.read_urls[1]: unknown key `ssl-mod` in the query: did you mean `ssl-mode`?"],
    ),
    in_variable(
        "a mistyped key of MongoDB",
        &[("BEDS__MONGODB__LOGS__URL", "mongodb://h/?replicSet=x")],
        &["mongodb.logs.url: unknown key `replicSet` in the query: did you mean `replicaSet`?"],
    ),
    in_variable(
        "a value that is none",
        &[("BEDS__MARIADB__CATALOG__URL", "mysql://u@h/c?ssl-mode=foo")],
        &["mariadb.catalog.url: `ssl-mode=foo` in the query is not understood: it must be one of DISABLED, "],
    ),
    in_variable(
        "a certificate that is not there",
        &[("BEDS__MARIADB__CATALOG__URL", "mysql://u@h/c?ssl-mode=VERIFY_CA&ssl-ca=/ca")],
        &["mariadb.catalog.url: `ssl-ca` in the query: name the file as `ca_file` under [tls]"],
    ),
    in_variable(
        "an authority that is not there",
        &[("BEDS__TLS__CA_FILE", "/nonexistent/ca")],
        &["tls.ca_file /nonexistent/ca: No such file or directory"],
    ),
    in_variable(
        "an authority without a certificate",
        &[("BEDS__MONGODB__LOGS__TLS__CA_FILE", "/etc/passwd")],
        &["mongodb.logs.tls.ca_file /etc/passwd: it holds no certificate in PEM"],
    ),
    in_variable(
        "a certificate without its key",
        &[("BEDS__AMQP__TLS__CERT_FILE", "/dev/null")],
        &["amqp.tls.key_file is missing"],
    ),
    in_variable(
        "a mistyped key of TLS",
        &[("BEDS__MARIADB__CATALOG__TLS__CAFILE", "/ca")],
        &["BEDS__MARIADB__CATALOG__TLS__CAFILE: unknown key `cafile`", "did you mean `ca_file`?"],
    ),
    in_variable(
        "a variable of TLS with one underscore",
        &[("BEDS_TLS_CA_FILE", "/ca")],
        &["BEDS_TLS_CA_FILE is not used: did you mean BEDS__TLS__CA_FILE?"],
    ),
    in_variable(
        "a mistyped scheme",
        &[("BEDS__MONGODB__LOGS__URL", "mongdb://h")],
        &["mongodb.logs.url: unknown scheme `mongdb://`: did you mean `mongodb://`?"],
    ),
    in_variable(
        "another server's scheme",
        &[("BEDS__MARIADB__CATALOG__URL", "postgres://u@h/c")],
        &["mariadb.catalog.url: `postgres://` is not a scheme of MariaDB"],
    ),
    in_variable(
        "a user of RabbitMQ without a password",
        &[("BEDS__AMQP__URL", "amqp://beds@127.0.0.1:1/%2f")],
        &["amqp.url: the user `beds` has no password: put it into a file, and name the file as `pass_file`"],
    ),
    in_variable(
        "a user of MongoDB without a password",
        &[("BEDS__MONGODB__LOGS__URL", "mongodb://beds@h")],
        &["mongodb.logs.url: the user `beds` has no password"],
    ),
    in_variable(
        "nobody at MariaDB",
        &[("BEDS__MARIADB__CATALOG__URL", "mysql://h/c")],
        &["mariadb.catalog.url: it names no user"],
    ),
    in_variable(
        "an IPv6 address without brackets",
        &[("BEDS__AMQP__URL", "amqp://::1:5672/")],
        &["amqp.url: an IPv6 address needs brackets, as in `[::1]`"],
    ),
    in_variable(
        "a port that a variable left empty",
        &[("BEDS__AMQP__URL", "amqp://h:/")],
        &["amqp.url: the port of a host is not a number from 1 to 65535"],
    ),
];

#[test]
fn a_configuration_that_is_wrong_is_refused_at_its_place() {
    let mut wrong = Vec::new();
    for case in REFUSED {
        for command in ["check", "node"] {
            let ended =
                Beds::new(&[command]).env(&NOWHERE).env(case.variables).file("beds.toml", case.file).run();
            let file = format!("{}/beds.toml", ended.config);
            let missing: Vec<_> = case
                .said
                .iter()
                .filter(|text| !ended.stderr.contains(&text.replace("{file}", &file)))
                .collect();
            let begins = ended.stderr.starts_with("beds: configuration: ");
            if ended.code != Some(10) || !missing.is_empty() || !begins || !ended.stdout.is_empty() {
                wrong.push(format!("{} ({command}): {missing:?} is missing of {ended:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_address_of_the_bus_is_needed() {
    for command in ["check", "node"] {
        let ended = Beds::new(&[command]).run();
        assert_eq!(ended.code, Some(10));
        let file = format!("{}/beds.toml", ended.config);
        let said =
            format!("beds: configuration: amqp.url is missing: set it in {file}, or as BEDS__AMQP__URL\n");
        assert_eq!(ended.stderr, said);
    }
}

#[test]
fn a_database_that_nobody_configured_is_a_fault_of_the_configuration() {
    for environment in ["qa", "prod"] {
        for (variables, hint) in [
            (&[][..], "give it a `url`, in the configuration or as BEDS__MARIADB__CATALOG__URL"),
            (
                &[("BEDS__MARIADB__CATALGO__URL", "mysql://u@h/c")][..],
                "there is [mariadb.catalgo]: did you mean [mariadb.catalog]?",
            ),
        ] {
            for command in ["check", "node"] {
                let beds = Beds::new(&[command]).env(&[
                    ("BEDS_ENV", environment),
                    NOWHERE[0],
                    NOWHERE[3],
                    NOWHERE[6],
                    NOWHERE[7],
                ]);
                let ended = beds.env(variables).run();
                assert_eq!(ended.code, Some(10), "{ended:?}");
                let said = ended.stderr.lines().last().unwrap();
                assert!(
                    said.starts_with("beds: configuration: [mariadb.catalog] is not configured; "),
                    "{said}"
                );
                assert!(said.ends_with(hint) && ended.stdout.is_empty(), "{ended:?}");
            }
        }
    }
}

#[test]
fn variables_of_others_are_nobodys_business_and_those_of_beds_are_text() {
    let odd = OsStr::from_bytes(b"\xff");
    // The configuration is accepted, and then no server answers.
    let ended = Beds::new(&["check"]).env(&NOWHERE).env(&[(OsStr::new("X"), odd), (odd, odd)]).run();
    assert_eq!(ended.code, Some(12), "{ended:?}");
    let refused = |name: &OsStr, value: &OsStr| {
        let ended = Beds::new(&["check"]).env(&NOWHERE).env(&[(name, value)]).run();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(10), ""), "{ended:?}");
        ended.stderr
    };
    let said = refused(OsStr::new("BEDS__NODE__NAME"), odd);
    assert_eq!(said, "beds: configuration: environment variable BEDS__NODE__NAME: its value is not UTF-8\n");
    let said = refused(OsStr::from_bytes(b"BEDS__\xff"), OsStr::new("x"));
    assert_eq!(
        said,
        "beds: configuration: the name of the environment variable BEDS__\u{fffd} is not UTF-8\n"
    );
    let said = refused(OsStr::new("BEDS_ENV"), odd);
    assert_eq!(said, "beds: configuration: BEDS_ENV is `\u{fffd}`: it must be dev, qa or prod\n");
}

#[test]
fn a_password_file_holds_a_password_or_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    for (bytes, reason) in [
        (&b""[..], "it is empty: it must hold the password"),
        (b"\n", "it is empty: it must hold the password"),
        (b"\xef\xbb\xbfsecret\n", "it begins with a byte order mark: save it without one"),
        (b"\xff\xfes\0", "it is not UTF-8: save it as UTF-8, without a byte order mark"),
        (b"s\0e\0", "it has a zero byte, as UTF-16 does: save it as UTF-8"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let path = file.to_str().unwrap();
        for (section, user) in [
            ("AMQP", ("BEDS__AMQP__URL", "amqp://beds@127.0.0.1:1/%2f")),
            ("MARIADB__CATALOG", ("BEDS__MARIADB__CATALOG__URL", "mysql://beds@127.0.0.1:1/c")),
            ("MONGODB__LOGS", ("BEDS__MONGODB__LOGS__URL", "mongodb://beds@127.0.0.1:1/")),
        ] {
            let variable = format!("BEDS__{section}__PASS_FILE");
            let ended = Beds::new(&["check"]).env(&NOWHERE).env(&[user, (&variable, path)]).run();
            let key = section.to_lowercase().replace("__", ".");
            let said = format!("beds: configuration: {key}.pass_file {path}: {reason}\n");
            assert_eq!((ended.code, ended.stderr), (Some(10), said));
        }
    }
    let missing = folder.path().join("missing");
    for (path, said) in [
        (
            "/dev/zero",
            " /dev/zero: it is a device or a pipe, and the node reads it again when it changes: name a regular file"
                .to_owned(),
        ),
        ("", ": it names no file: write its path, or leave the key out".to_owned()),
        (
            missing.to_str().unwrap(),
            format!(
                " {}: No such file or directory (os error 2): create it, or correct the path",
                missing.display()
            ),
        ),
        (
            folder.path().to_str().unwrap(),
            format!(" {}: Is a directory (os error 21): name the file in it", folder.path().display()),
        ),
    ] {
        let variables = [("BEDS__AMQP__URL", "amqp://beds@127.0.0.1:1/%2f"), ("BEDS__AMQP__PASS_FILE", path)];
        let ended = Beds::new(&["check"]).env(&NOWHERE).env(&variables).run();
        let said = format!("beds: configuration: amqp.pass_file{said}\n");
        assert_eq!((ended.code, ended.stderr), (Some(10), said));
    }
    // A password file that nobody uses.
    std::fs::write(&file, "secret").unwrap();
    let variables =
        [("BEDS__AMQP__URL", "amqp://127.0.0.1:1/%2f"), ("BEDS__AMQP__PASS_FILE", file.to_str().unwrap())];
    let ended = Beds::new(&["check"]).env(&NOWHERE).env(&variables).run();
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(
        ended.stderr.contains("amqp.url: it names no user to whom the password could belong"),
        "{ended:?}"
    );
}
