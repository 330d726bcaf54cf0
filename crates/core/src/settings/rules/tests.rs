use super::*;

fn checked(rules: &Rules, url: &str) -> Result<(), String> {
    rules.check(&SecretUrl::new(url))
}

#[test]
fn a_url_that_is_understood_passes() {
    for (rules, url) in [
        (&RABBITMQ, "amqp://h"),
        (&RABBITMQ, "amqp://u:p@h:1/%2f?heartbeat=5&frame_max=8192"),
        (&RABBITMQ, "amqps://u:p@[2001:db8::1]/v"),
        (&MARIADB, "mysql://u@h"),
        (&MARIADB, "mariadb://u:p@h:1/s?ssl-mode=verify_identity"),
        (&MARIADB, "mysql://u@/s?socket=/run/mysqld.sock"),
        (&MONGODB, "mongodb://h/?directConnection=true"),
        (&MONGODB, "mongodb://u:p@a:1,b:2,c/db?replicaset=r&readPreferenceTags=a:b&readPreferenceTags=c:d"),
        (&MONGODB, "mongodb+srv://u:p@h/?retryWrites=true&w=majority"),
        (&MONGODB, "mongodb://CN=x@h/?authMechanism=MONGODB-X509&tls=true"),
    ] {
        assert_eq!(checked(rules, url), Ok(()), "{url}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    for (rules, url, said) in [
        (&RABBITMQ, "amqp://h?heartbet=1", "unknown key `heartbet` in the query: did you mean `heartbeat`?"),
        (
            &RABBITMQ,
            "amqp://h?verify=verify_peer",
            "unknown key `verify` in the query; it may be auth_mechanism,",
        ),
        (
            &RABBITMQ,
            "amqp://h?heartbeat=0",
            "`heartbeat=0` in the query is not understood: it must be an integer from 1 to 65535",
        ),
        (&RABBITMQ, "amqp://h?heartbeat", "`heartbeat=` in the query is not understood"),
        (&RABBITMQ, "amqp://h?heartbeat=1&heartbeat=2", "`heartbeat` is in the query twice"),
        (
            &RABBITMQ,
            "amqp://u@h",
            "the user `u` has no password: put it into a file, and name the file as `pass_file`",
        ),
        (&RABBITMQ, "amqp://u:@h", "the password of `u` is empty"),
        (&RABBITMQ, "amqp://:p@h", "it has a password, but no user"),
        (&RABBITMQ, "amqp:///v", "it names no host"),
        (&RABBITMQ, "amqp://a,b", "it names several hosts: write a URL for each"),
        (&RABBITMQ, "amqp://h/a/b", "the virtual host is `a/b`: a `/` in its name is written as `%2f`"),
        (&RABBITMQ, "ampq://h", "unknown scheme `ampq://`: did you mean `amqp://`?"),
        (&RABBITMQ, "mysql://h", "`mysql://` is not a scheme of RabbitMQ"),
        (&RABBITMQ, "amqp://u:50%fe@h", "the codes in the password are not UTF-8"),
        (&RABBITMQ, "amqp://u:50%@h", "a `%` in the password is written as `%25`"),
        (
            &MARIADB,
            "mysql://u@h/s?sslmod=VERIFY_IDENTITY",
            "unknown key `sslmod` in the query: did you mean `ssl-mode`?",
        ),
        (
            &MARIADB,
            "mysql://u@h/s?zzz=1",
            "unknown key `zzz` in the query; it may be charset, collation, socket, ssl-mode, statement-cache-capacity",
        ),
        (
            &MARIADB,
            "mysql://u@h/s?SSL-MODE=REQUIRED",
            "unknown key `SSL-MODE` in the query: did you mean `ssl-mode`?",
        ),
        (
            &MARIADB,
            "mysql://u@h/s?ssl-mode=foo",
            "`ssl-mode=foo` in the query is not understood: it must be one of DISABLED, ",
        ),
        (
            &MARIADB,
            "mysql://u@h/s?charset=latin1",
            "`charset=latin1` in the query is not understood: it must be one of utf8mb4",
        ),
        (
            &MARIADB,
            "mysql://u@h/s?ssl-mode=PREFERRED",
            "`ssl-mode=PREFERRED` in the query is not understood: it must be one of DISABLED, ",
        ),
        (
            &MARIADB,
            "mysql://u@h/s?ssl-ca=/ca",
            "`ssl-ca` in the query: name the file as `ca_file` under [tls]",
        ),
        (
            &MONGODB,
            "mongodb://h/?tls=true&tlscertificatekeyfile=/pem",
            "`tlsCertificateKeyFile` in the query: name the file as `cert_file` and `key_file` under [tls]",
        ),
        (&MARIADB, "mysql://u@h/s?socket=", "`socket` in the query has no value"),
        (&MARIADB, "mysql://h/s", "it names no user"),
        (&MARIADB, "mysql://u@/s", "it names no host"),
        (&MARIADB, "mysql://u:@h", "the password of `u` is empty"),
        (&MONGODB, "mongdb://h", "unknown scheme `mongdb://`: did you mean `mongodb://`?"),
        (&MONGODB, "mongodb://u@h", "the user `u` has no password"),
        (
            &MONGODB,
            "mongodb://h/?replicaSte=r",
            "unknown key `replicaSte` in the query: did you mean `replicaSet`?",
        ),
        (
            &MONGODB,
            "mongodb://h/?tls=yes",
            "`tls=yes` in the query is not understood: it must be true or false",
        ),
    ] {
        let error = checked(rules, url).unwrap_err();
        assert!(error.starts_with(said), "{url}: {error}");
    }
}

#[test]
fn values_are_found_by_their_keys() {
    let parts = Parts::read("amqp://h?heartbeat=7").unwrap();
    assert_eq!(RABBITMQ.value(&parts, "heartbeat").as_deref(), Some("7"));
    assert_eq!(RABBITMQ.value(&parts, "frame_max"), None);
}
