use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let common = [("BEDS__AMQP__URL", "amqp://h"), ("BEDS__MONGODB__LOGS__URL", "mongodb://h")];
    let common = common.iter().filter(|(name, _)| variables.iter().all(|(other, _)| other != name));
    let variables = common.chain(variables).map(|(name, value)| (name.into(), value.into()));
    Config::load_with(Path::new("/nonexistent"), Environment::Dev, variables)
}

#[test]
fn the_name_of_a_node_is_one_that_templates_take() {
    let named = |name: &str| load(&[("BEDS__NODE__NAME", name)]).map_err(|error| error.to_string());
    assert!(named(&"ü".repeat(100)).is_ok());
    for (name, reason) in [
        (&*"ü".repeat(101), "node.name has 101 characters: it must have at most 100"),
        ("web\n1", r#"node.name is "web\n1": it must not have control characters"#),
        ("web\u{1b}[31m", "must not have control characters"),
    ] {
        let error = named(name).err().unwrap_or_default();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_text_stays_as_it_is_written_and_a_number_is_read_from_it() {
    assert_eq!(load(&[("BEDS__NODE__NAME", " x ")]).unwrap().node.name.as_deref(), Some(" x "));
    for text in ["007", "1e5", "nan", "0042", "true", "-0"] {
        let config = load(&[("BEDS__NODE__NAME", text), ("BEDS__MONGODB__LOGS__DATABASE", text)]).unwrap();
        assert_eq!(config.node.name.as_deref(), Some(text));
        assert_eq!(config.mongodb.get("logs").unwrap().database.as_deref(), Some(text));
    }
    let config = load(&[
        ("BEDS__NODE__DRAIN_TIMEOUT_MS", "007"),
        ("BEDS__NODE__SERVE_UNVERIFIED", "true"),
        ("BEDS__BROKERS__APP_SERVER__R__INSTANCES", "2"),
        ("BEDS__MONGODB__LOGS__CONNECTIONS", "3"),
    ])
    .unwrap();
    assert_eq!((config.node.drain_timeout_ms.0, config.node.serve_unverified), (7, true));
    assert_eq!(
        (config.pool(Broker::AppRead).instances, config.mongodb.get("logs").unwrap().connections),
        (2, 3)
    );
}

#[test]
fn a_list_is_what_stands_between_commas() {
    for (text, expected) in
        [("01", &["01"][..]), ("01,web.", &["01", "web."]), ("a, c", &["a", "c"]), ("", &[])]
    {
        let config = load(&[("BEDS__AMQP__REPLY_TO_PREFIXES", text)]).unwrap();
        assert_eq!(config.amqp.reply_to_prefixes, expected, "{text}");
    }
    let config = load(&[("BEDS__NODE__SERVICES", "admin, app_server")]).unwrap();
    assert_eq!(config.node.services, [Service::Admin, Service::AppServer]);
    let config = load(&[("BEDS__AMQP__URL", "amqp://a,amqp://u:p,w@b")]).unwrap();
    let urls: Vec<_> = config.amqp.url.0.iter().map(|url| url.expose().to_owned()).collect();
    assert_eq!(urls, ["amqp://a", "amqp://u:p,w@b"]);
}

#[test]
fn what_is_wrong_is_named_by_its_variable() {
    for (name, value, said) in [
        ("BEDS__NODE__DRAIN_TIMEOUT_MS", "1.0", "environment variable BEDS__NODE__DRAIN_TIMEOUT_MS: "),
        ("BEDS__NODE__SERVE_UNVERIFIED", "maybe", "environment variable BEDS__NODE__SERVE_UNVERIFIED: "),
        ("BEDS__NODE__SERVICES", "admim", "did you mean `admin`?"),
        (
            "BEDS__mariadb__Catalog__urll",
            "x",
            "environment variable BEDS__mariadb__Catalog__urll: unknown key `urll`",
        ),
        ("BEDS__BROKERS__APPSERVER__R__PREFETCH", "1", "did you mean `app_server`?"),
    ] {
        let error = load(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let message = |name, value| load(&[(name, value)]).unwrap_err().to_string();
    for (name, value, said) in [
        ("BEDS_AMQP_URL", "x", "BEDS_AMQP_URL is not used: did you mean BEDS__AMQP__URL?"),
        ("beds__amqp__url", "x", "did you mean BEDS__AMQP__URL?"),
        ("BEDS__AMQP_URL", "x", "did you mean BEDS__AMQP__URL?"),
        ("BEDS_MARIADB_MY_SHOP_READ_URLS", "x", "did you mean BEDS__MARIADB__MY_SHOP__READ_URLS?"),
        ("BEDS_BROKERS_APP_SERVER_R_PREFETCH", "x", "did you mean BEDS__BROKERS__APP_SERVER__R__PREFETCH?"),
        ("Beds_Env", "x", "did you mean BEDS_ENV?"),
        ("BEDS__LIMITS__REQUEST_BYTES_MAX", "0", "limits.request_bytes_max is 0: it must be at least 1024"),
        ("BEDS__LIMITS__IN_ITEMS_MAX", "0", "limits.in_items_max is 0: it must be at least 1"),
        (
            "BEDS__LIMITS__REQUEST_TIMEOUT_MS",
            "120001",
            "(120001) is above limits.request_timeout_max_ms (120000)",
        ),
        (
            "BEDS__AMQP__BACKOFF_MIN_MS",
            "4001",
            "amqp.backoff_min_ms (4001) is above amqp.backoff_max_ms (4000)",
        ),
        ("BEDS__NODE__IPL_TIMEOUT_MS", "0", "node.ipl_timeout_ms is 0: it must be at least 1"),
        ("BEDS__AMQP__URL", "amqp://u:p@q@h", "a `@` within a user or a password is written as `%40`"),
        ("BEDS__AMQP__URL", "amqp://h/%2f,", "amqp.url: it ends with a comma"),
        ("BEDS__AMQP__URL", " amqp://h/%2f", "amqp.url: there are blanks before or after it"),
        ("BEDS__AMQP__URL", "amqp://a, amqp://h/%2f ", "amqp.url[1]: there are blanks before or after it"),
        (
            "BEDS__MONGODB__LOGS__URL",
            "mongodb://h/ ",
            "mongodb.logs.url: there are blanks before or after it",
        ),
        (
            "BEDS__MARIADB__A__URL",
            "mysql://u:p@h",
            "mariadb.a.url: mysql://u:***@h names no schema: add its name, as in mysql://u:***@h/SCHEMA",
        ),
        (
            "BEDS__MARIADB__A__URL",
            "mysql://u@h/a%00b",
            "the schema has a NUL, `%00`, which no server accepts",
        ),
        ("BEDS__MARIADB__A__URL", "mysql://u%00@h/a", "the user has a NUL"),
        ("BEDS__MARIADB__A__URL", "mysql://u@h/a%0ab", "MariaDB does not take the name of its schema"),
        ("BEDS__MARIADB__A__URL", "mysql://u@h/a%20", "MariaDB does not take the name of its schema"),
        ("BEDS__AMQP__URL", "amqp://u:p@h/a%00", "the virtual host has a NUL"),
        ("BEDS__MONGODB__LOGS__URL", "mongodb://u:p%00@h", "the password has a NUL"),
        (
            "BEDS__MARIADB__A__URL",
            "mysql://u@h/a?ssl_mode=REQUIRED",
            "did you mean `ssl-mode`? It may be charset, ",
        ),
        (
            "BEDS__MARIADB__A__URL",
            "mysql://u@h/a?useSSL=true",
            "an encrypted link is `ssl-mode=VERIFY_IDENTITY`",
        ),
        ("BEDS__MARIADB__A__URL", "mysql://u@h/", "as in mysql://u@h/SCHEMA"),
        ("BEDS__MARIADB__A__URL", "mysql://u@h/s,mysql://u@i", "mariadb.a.url: mysql://u@i names no schema"),
        (
            "BEDS__MARIADB__A__URL",
            "mysql://u:p@h/s,mysql://u:p@i/t",
            "mariadb.a.url: mysql://u:***@i/t names the schema `t`, and the first server of mariadb.a.url names `s`",
        ),
        ("BEDS__MARIADB__A__URL", "mysql://u@h/s,mysql://i/s", "mariadb.a.url[1]: it names no user"),
        ("BEDS__NODE__SERVE_UNVERIFIED", "yes", "it is a text, and must be true or false"),
        ("BEDS__LOGGING__JSON", "1", "it is a text, and must be true or false"),
        (
            "BEDS__AMQP__HEARTBEAT_S",
            "70000",
            "it is the number 70000, and must be an integer from 1 to 65535",
        ),
        ("BEDS__AMQP__HEARTBEAT_S", "-1", "it is the number -1, and must be an integer, 1 or more"),
        ("BEDS__NODE__IPL_TIMEOUT_MS", "4294967296", "must be an integer from 1 to 4294967295"),
        ("BEDS__MARIADB__A__DEADLOCK_RETRIES_MAX", "256", "must be an integer from 0 to 255"),
        ("BEDS__LIMITS__IN_ITEMS_MAX", "-1", "must be an integer, 1 or more"),
        ("BEDS__LIMITS__IN_ITEMS_MAX", "99999999999999999999999", "must be an integer"),
        ("BEDS__AMQP__URL", "amqp://a,,amqp://b", "amqp.url[0]: it ends with a comma"),
        (
            "BEDS__MARIADB__A__URL",
            "mysql://u@h/?collation=nope",
            "`collation=nope` in the query is not understood",
        ),
        ("BEDS__MONGODB__LOGS__URL", "mongodb://h/?w=-5", "mongodb.logs.url: "),
        ("BEDS__MONGODB__LOGS__URL", "mongodb://h/?w=0", "mongodb.logs.url: it has `w=0`"),
        ("BEDS__MONGODB__LOGS__URL", "mongodb://h/?maxPoolSize=0", "an integer from 1"),
        (
            "BEDS__MONGODB__LOGS__URL",
            "mongodb://a,b/?directConnection=true",
            "several hosts and `directConnection",
        ),
        (
            "BEDS__MONGODB__LOGS__URL",
            "mongodb://a/?replicaSet=r&loadBalanced=true",
            "`replicaSet` and `loadBal",
        ),
        ("BEDS__MONGODB__LOGS__DATABASE", "", "mongodb.logs.database is ``: the name of a database has"),
        (
            "BEDS__MONGODB__LOGS__DATABASE",
            "a.b",
            "mongodb.logs.database is `a.b`: the name of a database has",
        ),
        ("BEDS__NODE__SERVICES", "app_srv", "did you mean `app_server`?"),
        (
            "BEDS__NODE__HEALTH",
            "localhost:8080",
            "it must be an IP address with a port, such as 127.0.0.1:8080",
        ),
        (
            "BEDS__LOGGING__LEVEL",
            "verbose",
            "`verbose` is not a level; a level is off, error, warn, info, debug, trace",
        ),
        ("BEDS__LOGGING__LEVEL", "warning", "did you mean `warn`?"),
        ("BEDS__LOGGING__LEVEL", "info,beds_bus=err", "did you mean `error`?"),
        ("BEDS__LOGGING__LEVEL", "", "it logs nothing"),
        ("BEDS__LOGGING__LEVEL", "lapin=off", "it logs nothing"),
        ("BEDS__TERCERO__IDLE_S", "43201", "it must not be above tercero.absolute_s, which is 43200"),
        ("BEDS__TERCERO__ABSOLUTE_S", "900", "tercero.idle_s is 1800: it must not be above"),
        ("BEDS_TERCERO_IDLE_S", "900", "did you mean BEDS__TERCERO__IDLE_S?"),
    ] {
        let message = message(name, value);
        assert!(message.contains(said), "{name}={value}: {message}");
    }
    for (name, value) in [
        ("BEDS_PORT", "tcp://10.0.0.1:80"),
        ("BEDS_AMQP_SERVICE_HOST", "10.0.0.1"),
        ("BEDS__LOGGING__LEVEL", "WARN,beds_bus=trace,[request{id=1}]=debug,io_loop=off"),
        ("BEDS__LOGGING__LEVEL", "off"),
        ("BEDS__LOGGING__LEVEL", "beds_bus=debug"),
    ] {
        assert!(load(&[(name, value)]).is_ok(), "{name}={value}: {}", message(name, value));
    }
}

#[test]
fn an_environment_is_named_or_not() {
    let named = |given: Option<&str>| Environment::named(given.map(OsStr::new));
    assert_eq!(named(None).unwrap(), Environment::Dev);
    assert_eq!(named(Some("qa")).unwrap(), Environment::Qa);
    for (given, said) in [("", "BEDS_ENV is empty"), ("Prod", "BEDS_ENV is `Prod`"), (" dev", "must be dev")]
    {
        let error = named(Some(given)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_differs_is_named_by_its_key_and_no_value_is_shown() {
    let differing = |one: &[(&str, &str)], other: &[(&str, &str)]| {
        let (one, other) = (load(one).unwrap(), load(other).unwrap());
        assert_eq!(one.differing(&other), other.differing(&one), "whichever comes first");
        one.differing(&other)
    };
    for (name, value, key) in [
        ("BEDS__NODE__NAME", "n", "node.name"),
        ("BEDS__AMQP__URL", "amqp://u:secret@h", "amqp.url"),
        ("BEDS__BROKERS__APP_SERVER__R__INSTANCES", "9", "brokers.app_server.r.instances"),
        ("BEDS__BROKERS__SEGUNDO__WH__PREFETCH", "9", "brokers.segundo.wh.prefetch"),
        ("BEDS__LIMITS__IN_ITEMS_MAX", "9", "limits.in_items_max"),
        ("BEDS__MONGODB__LOGS__URL", "mongodb://u:secret@h", "mongodb.logs.url"),
        ("BEDS__MONGODB__LOGS__CONNECTIONS", "9", "mongodb.logs.connections"),
        ("BEDS__MONGODB__OTHER__URL", "mongodb://u:secret@h", "mongodb.other"),
        ("BEDS__MARIADB__A__URL", "mysql://u:secret@h/s", "mariadb.a"),
        ("BEDS__LOGGING__LEVEL", "debug", "logging.level"),
        ("BEDS__TELEMETRY__SAMPLE_RATIO", "0.5", "telemetry.sample_ratio"),
        ("BEDS__TERCERO__IDLE_S", "600", "tercero.idle_s"),
    ] {
        assert_eq!(differing(&[], &[(name, value)]), [key]);
        assert_eq!(differing(&[(name, value)], &[(name, value)]), [""; 0], "{name}");
    }
    // What is said and what is the default are the same.
    assert_eq!(differing(&[], &[("BEDS__BROKERS__APP_SERVER__R__INSTANCES", "4")]), [""; 0]);
}

/// A key of the table of ranges as somebody would write it.
fn written(known: &str) -> String {
    let names = if known.starts_with("brokers") { ["app_server", "r"] } else { ["logs", ""] };
    let known = known.replacen('*', names[0], 1);
    known.replacen('*', names[1], 1)
}

#[test]
fn a_number_out_of_its_range_is_told_the_range_of_its_key() {
    for (known, range) in ranges::RANGES {
        let path = written(known);
        let name = format!("BEDS__{}", path.to_uppercase().replace('.', "__"));
        let url = ("BEDS__MARIADB__LOGS__URL", "mysql://u@h/s");
        let message = |value: &str| load(&[url, (&name, value)]).unwrap_err().to_string();
        let (least, greatest) = (*range.start(), *range.end());
        if let Some(below) = least.checked_sub(1) {
            assert_eq!(
                message(&below.to_string()),
                format!("{path} is {below}: it must be at least {least}")
            );
        }
        let negative = message("-3");
        let (from, more) = (format!("an integer from {least} to"), format!("an integer, {least} or more"));
        assert!(negative.contains(&from) || negative.contains(&more), "{negative}");
        if let Some(above) = greatest.checked_add(1) {
            let said = format!("{path} is {above}: it must be at most {greatest}");
            assert_eq!(message(&above.to_string()), said);
            assert!(message("a").contains(&format!("an integer from {least} to {greatest}")), "{path}");
        }
    }
}

#[test]
fn what_is_empty_is_named_or_means_none() {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let of_file = |lines: &str| {
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("beds-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("beds.toml"), format!("amqp.url = \"amqp://h\"\n{lines}")).unwrap();
        let config = Config::load_with(&folder, Environment::Dev, std::iter::empty());
        std::fs::remove_dir_all(&folder).unwrap();
        config.map(|_| ()).map_err(|error| error.to_string())
    };
    let mariadb = "[mariadb.a]\nurl = \"mysql://u@h/s\"\n";
    for (lines, said) in [
        (format!("{mariadb}read_urls = [\"\"]"), "mariadb.a.read_urls: it is empty"),
        (format!("{mariadb}read_urls = \"\""), "mariadb.a.read_urls: it is empty"),
        (format!("{mariadb}read_urls = [\"mysql://u@r/s\", \"\"]"), "mariadb.a.read_urls[1]: it is empty"),
        ("[mariadb.a]\nurl = []".to_owned(), "mariadb.a.url is missing, or names no server"),
        ("[mariadb.a]\nurl = \"\"".to_owned(), "mariadb.a.url: it is empty"),
        ("[mariadb.\"\"]\nurl = \"mysql://u@h/s\"".to_owned(), "mariadb has a section without a name"),
        ("[mongodb.\"\"]\nurl = \"mongodb://h\"".to_owned(), "mongodb has a section without a name"),
        ("[mongodb.a]\nurl = \"\"".to_owned(), "mongodb.a.url: it is empty"),
        ("[node]\nservices = []".to_owned(), "node.services is empty"),
        ("[broker_services.admin]\nhost = []".to_owned(), "it names no host"),
        ("[broker_services.admin]\nhost = \"\"".to_owned(), "broker_services.admin.host: it names no host"),
        ("[broker_services.admin]\nhost = [\"a\", \" \"]".to_owned(), "it names no host"),
        ("[broker_services.admin]\nvhost = \"\"".to_owned(), "broker_services.admin: `vhost` is empty"),
        ("[brokers.app_server.r]\ninstances = 0".to_owned(), "instances is 0: it must be at least 1"),
    ] {
        let message = of_file(&lines).unwrap_err();
        assert!(message.contains(said), "{lines}: {message}");
    }
    // A node without replicas, and a user without roles.
    for lines in [format!("{mariadb}read_urls = []"), "[access.users]\nbob = []".to_owned()] {
        assert_eq!(of_file(&lines), Ok(()), "{lines}");
    }
}
