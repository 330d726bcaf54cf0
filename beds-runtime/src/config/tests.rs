use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let common = [("BEDS__AMQP__URL", "amqp://h"), ("BEDS__MONGODB__LOGS__URL", "mongodb://h")];
    let common = common.iter().filter(|(name, _)| variables.iter().all(|(other, _)| other != name));
    let variables = common.chain(variables).map(|(name, value)| (name.into(), value.into()));
    Config::load_with(Path::new("/nonexistent"), Environment::Dev, variables)
}

#[test]
fn a_text_stays_as_it_is_written_and_a_number_is_read_from_it() {
    for text in ["007", "1e5", "nan", "0042", "true", "-0", "", " x "] {
        let config = load(&[("BEDS__NODE__NAME", text), ("BEDS__MONGODB__LOGS__DATABASE", text)]).unwrap();
        assert_eq!(config.node.name, text);
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
        [("01", &["01"][..]), ("01,web.", &["01", "web."]), ("a, b", &["a", "b"]), ("", &[])]
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
