//! The filter of the log: `logging.level`, or its replacement by a command.

use beds_protocol::nearest;
use tracing_subscriber::EnvFilter;

use super::ConfigError;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Checks that a log filter can be parsed, and lets something be logged.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn check(level: &str) -> Result<(), ConfigError> {
    let wrong = |reason: String| ConfigError::new(format!("logging.level `{level}`: {reason}"));
    check_levels(level).map_err(wrong)?;
    EnvFilter::try_new(level).map_err(|error| wrong(error.to_string())).map(drop)
}

/// Refuses a word that is not a level: `EnvFilter` would take it for the name of a target, and silence all others.
fn check_levels(filter: &str) -> Result<(), String> {
    let parts = || filter.split(',').map(str::trim).filter(|part| !part.is_empty());
    // A part that filters by span and names no level ends with a bracket.
    for part in parts().filter(|part| !part.ends_with(']')) {
        let given = part.rsplit_once('=').map_or(part, |(_, level)| level).trim();
        if is_level(given) {
            continue;
        }
        let folded = given.to_ascii_lowercase();
        let begins =
            |level: &&str| folded.len() > 2 && (folded.starts_with(level) || level.starts_with(&folded));
        let near = nearest(given, LEVELS).or_else(|| LEVELS.into_iter().find(begins));
        let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        return Err(format!(
            "`{given}` is not a level; a level is {}, and a target has one as in beds_bus=debug{near}",
            LEVELS.join(", ")
        ));
    }
    if parts().all(|part| part.ends_with("=off")) {
        return Err("it logs nothing: begin it with a level, such as info".to_owned());
    }
    Ok(())
}

fn is_level(text: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text)) || matches!(text.as_bytes(), [b'0'..=b'5'])
}
