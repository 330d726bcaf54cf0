//! The derive's report of a mistake: one message, at the wrong token.
//!
//! `TRYBUILD=overwrite cargo test -p beds-macros` rewrites the expected output. The runtime is a stub with the few
//! names that the expansions use. The real runtime would take minutes to build a second time, and the domains of the
//! root package are built with it anyway.

#[test]
fn names_around_a_domain_do_not_get_into_what_it_expands_to() {
    trybuild::TestCases::new().pass("tests/pass/*.rs");
}

#[test]
fn mistakes_have_one_message_at_their_place() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
