//! Proposals for the DBA, made from valid domains: DDL, grants, JSON Schema.
