//! [`Config`]: the limits and names of a client.

use std::time::Duration;

/// The limits and names of a client.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) in_flight_max: usize,
    pub(crate) heartbeat: u16,
    pub(crate) reconnect_max: Duration,
    pub(crate) name: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            in_flight_max: 1024,
            heartbeat: 10,
            reconnect_max: Duration::from_secs(5),
            name: "beds-client".to_owned(),
        }
    }
}
