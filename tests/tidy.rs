//! The repository's own rules, run as tests.
