//! HTTP: the only place that knows axum.
