//! From HTTP to the path of a call: operation endpoints, and everything else.

use super::{Worker, handle};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use std::sync::Arc;

/// The router of one core.
pub(crate) fn router(worker: Arc<Worker>) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).fallback(any).with_state(worker)
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Calls would be taken.
async fn readyz(State(worker): State<Arc<Worker>>) -> Response {
    match worker.gateway().check_storage() {
        Ok(()) => "ready\n".into_response(),
        Err(complaint) => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", complaint.message)).into_response(),
    }
}

async fn any(State(worker): State<Arc<Worker>>, request: Request) -> Response {
    handle(&worker, request).await
}
