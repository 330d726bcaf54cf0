//! The derive's report of a mistake: one message, at the wrong token.
//!
//! `TRYBUILD=overwrite cargo test -p beds-macros` rewrites the expected output. The runtime is a stub with the few
//! names that the expansions use. The real runtime would take minutes to build a second time, and the domains of the
//! root package are built with it anyway.

#[test]
fn mistakes_have_one_message_at_their_place() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
