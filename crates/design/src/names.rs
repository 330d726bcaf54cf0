//! The names of the objects behind an entity.

/// The view that is read.
pub(crate) fn view(entity: &str) -> String {
    format!("v_{entity}")
}

/// The procedure of an operation or a call.
pub(crate) fn procedure(entity: &str, name: &str) -> String {
    format!("sp_{entity}_{name}")
}

/// The parameter of an argument.
pub(crate) fn parameter(name: &str) -> String {
    format!("p_{name}")
}

/// The file of a call's pipeline.
pub(crate) fn pipeline(entity: &str, name: &str) -> String {
    format!("{entity}_{name}.json")
}
