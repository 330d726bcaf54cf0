//! Checks that the types of the services' own sections cannot make.

use beds_core::settings::Tls;
use beds_services::{
    SharedFilesystem, Tercero,
    graph::Graph,
    jobs::Jobs,
    syslog::{Syslog, check_tls},
};

use super::{ConfigError, Design, finish::in_range};

/// Checks the section of the shared filesystem.
pub(super) fn shared_filesystem(shared: &SharedFilesystem) -> Result<(), ConfigError> {
    match shared.path.as_deref() {
        // A relative path would depend on the working directory: `/` under systemd, any folder in a shell.
        Some(path) if !path.is_absolute() => Err(ConfigError::new(format!(
            "shared_filesystem.path is {:?}: it must be an absolute path, such as /srv/beds",
            path.display().to_string()
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Checks the section of users and sessions.
pub(super) fn tercero(tercero: &Tercero) -> Result<(), ConfigError> {
    let Tercero {
        idle_s,
        absolute_s,
        keep_s,
        failures_max,
        lock_s,
        password_min,
        argon2_memory_kib,
        argon2_iterations,
        argon2_parallelism,
        argon2_at_once,
        cache_ms,
        cache_sessions,
    } = *tercero;
    in_range(
        "tercero",
        &[
            ("idle_s", idle_s.into()),
            ("absolute_s", absolute_s.into()),
            ("keep_s", keep_s.into()),
            ("failures_max", failures_max.into()),
            ("lock_s", lock_s.into()),
            ("password_min", password_min.into()),
            ("argon2_memory_kib", argon2_memory_kib.into()),
            ("argon2_iterations", argon2_iterations.into()),
            ("argon2_parallelism", argon2_parallelism.into()),
            ("argon2_at_once", argon2_at_once.into()),
            ("cache_ms", cache_ms.0.into()),
            ("cache_sessions", cache_sessions.into()),
        ],
    )?;
    tercero.contradiction().map_or(Ok(()), |reason| Err(ConfigError::new(reason)))
}

/// Checks the section of syslog. The files are read here, so that a wrong file is reported at once.
pub(super) fn syslog(syslog: &Syslog, common: &Tls) -> Result<(), ConfigError> {
    let Syslog { connections_max, idle_s, line_bytes_max, queue_max, .. } = *syslog;
    in_range(
        "syslog",
        &[
            ("connections_max", connections_max.into()),
            ("idle_s", idle_s.into()),
            ("line_bytes_max", line_bytes_max.into()),
            ("queue_max", queue_max.into()),
        ],
    )?;
    if let Some(reason) = syslog.contradiction(common) {
        return Err(ConfigError::new(reason));
    }
    if syslog.tls.is_none() {
        return Ok(());
    }
    check_tls(&syslog.identity(common)).map_err(|error| ConfigError::new(format!("syslog.tls: {error}")))
}

/// Checks the section of metrics.
pub(super) fn graph(graph: &Graph) -> Result<(), ConfigError> {
    let Graph { sample: _, keep_10s_s, keep_1m_s, keep_1h_s } = *graph;
    in_range(
        "graph",
        &[
            ("keep_10s_s", keep_10s_s.into()),
            ("keep_1m_s", keep_1m_s.into()),
            ("keep_1h_s", keep_1h_s.into()),
        ],
    )?;
    graph.contradiction().map_or(Ok(()), |reason| Err(ConfigError::new(reason)))
}

/// Checks the section of jobs.
pub(super) fn jobs(jobs: &Jobs) -> Result<(), ConfigError> {
    let Jobs {
        at_once,
        chunk,
        lease_s,
        poll_ms,
        records_per_s,
        rejects_max,
        resume_s,
        lifecycle_every_s,
        keep_s,
    } = *jobs;
    in_range(
        "jobs",
        &[
            ("at_once", at_once.into()),
            ("chunk", chunk.into()),
            ("lease_s", lease_s.into()),
            ("poll_ms", poll_ms.0.into()),
            ("records_per_s", records_per_s.into()),
            ("rejects_max", rejects_max.into()),
            ("resume_s", resume_s.into()),
            ("lifecycle_every_s", lifecycle_every_s.into()),
            ("keep_s", keep_s.into()),
        ],
    )
}

/// Checks the section of objects by description. Its keys and files are checked by the commands that need them, since
/// no node does.
pub(super) fn design(design: &Design) -> Result<(), ConfigError> {
    let numbers = [
        ("attempts", design.attempts.into()),
        ("max_tokens", design.max_tokens.into()),
        ("timeout_s", design.timeout_s.into()),
        ("tokens", design.tokens),
        ("records", design.records.into()),
    ];
    in_range("design", &numbers)
}
