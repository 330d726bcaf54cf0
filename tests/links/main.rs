//! The links of a node to its servers: encrypted, refused if the other end is not the right one, and made anew after a
//! change of passwords and certificates. Secrets are never shown.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod canary;
#[path = "../common/mod.rs"]
mod common;
mod refused;
mod rotated;
mod services;

use std::path::Path;

use beds_devstack::{
    ServerTls, Stack,
    certificates::{Authority, Certificate},
};

/// The hosts under which a server of a stack is reached.
pub(crate) const HERE: [&str; 2] = ["127.0.0.1", "localhost"];
/// A distant year, and a past one.
pub(crate) const LATER: i32 = 2099;
pub(crate) const PAST: i32 = 2021;

/// Gives TLS to all servers of a stack, and restarts them.
pub(crate) fn use_tls(stack: &Stack, tls: &ServerTls) {
    std::thread::scope(|scope| {
        for server in [stack.rabbitmq(), stack.mariadb(), stack.mongodb()] {
            scope.spawn(move || server.use_tls(Some(tls.clone())).unwrap());
        }
    });
}

/// The addresses of a stack's servers for encrypted and verified links. MariaDB's user must have a certificate.
pub(crate) fn encrypted(stack: &Stack, amqp_port: u16) -> [(&'static str, String); 4] {
    let (mariadb, mongodb) = (stack.mariadb().port().unwrap(), stack.mongodb().port().unwrap());
    let mongodb = format!("mongodb://127.0.0.1:{mongodb}/?directConnection=true&tls=true");
    [
        ("BEDS__AMQP__URL", format!("amqps://guest:guest@127.0.0.1:{amqp_port}/%2f")),
        (
            "BEDS__MARIADB__CATALOG__URL",
            format!("mysql://certified@127.0.0.1:{mariadb}/catalog?ssl-mode=VERIFY_IDENTITY"),
        ),
        ("BEDS__MONGODB__JOURNAL__URL", mongodb.clone()),
        ("BEDS__MONGODB__LOGS__URL", mongodb),
    ]
}

/// The user of [`encrypted`].
pub(crate) fn create_certified(stack: &Stack) {
    let sql = "create user certified require x509; grant all on catalog.* to certified; \
               grant select on mysql.* to certified";
    stack.mariadb_query(None, sql).unwrap();
}

/// Variables with the files of links: an authority, and a certificate with its key.
pub(crate) fn files(ca: Option<&Path>, own: Option<&Certificate>) -> Vec<(&'static str, String)> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut variables: Vec<_> = ca.map(|ca| ("BEDS__TLS__CA_FILE", text(ca))).into_iter().collect();
    if let Some(own) = own {
        variables.push(("BEDS__TLS__CERT_FILE", text(&own.cert)));
        variables.push(("BEDS__TLS__KEY_FILE", text(&own.key)));
    }
    variables
}

/// Two authorities with their files in a folder.
pub(crate) fn authorities(dir: &Path) -> (Authority, Authority) {
    (Authority::new(dir, "ours").unwrap(), Authority::new(dir, "theirs").unwrap())
}
