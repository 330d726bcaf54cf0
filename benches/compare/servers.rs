//! Where the servers are: the node's own environment variables, so that all contenders use the same.

/// Addresses of the servers.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    pub(crate) amqp: String,
    /// With the database `catalog`.
    pub(crate) mariadb: String,
    pub(crate) mongodb: String,
}

impl Servers {
    /// The servers that the node would use, where the environment names them.
    pub(crate) fn from_env() -> Option<Self> {
        let url = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        Some(Self {
            amqp: url("BEDS__AMQP__URL")?,
            mariadb: url("BEDS__MARIADB__CATALOG__URL")?,
            mongodb: url("BEDS__MONGODB__LOGS__URL")?,
        })
    }
}
