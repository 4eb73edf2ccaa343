//! From HTTP to the path of a call: operation endpoints by a router, everything else at once.

use super::respond::AnswerBody;
use super::{Worker, handle};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use tower_service::Service;

/// What the router answers; a path of a call never comes to it.
const OPERATIONS: [&str; 2] = ["/healthz", "/readyz"];

/// The endpoints of one core.
#[derive(Clone)]
pub(crate) struct Routes {
    worker: Arc<Worker>,
    operations: Router,
}

impl Routes {
    /// The endpoints of a core.
    pub fn new(worker: Arc<Worker>) -> Routes {
        let operations = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz));
        Routes { operations: operations.with_state(worker.clone()), worker }
    }

    /// Answers one request.
    pub async fn answer(self: Arc<Routes>, request: Request<Incoming>) -> http::Response<AnswerBody> {
        if OPERATIONS.contains(&request.uri().path()) {
            return self.operate(request).await;
        }
        handle(&self.worker, request).await
    }

    async fn operate(&self, request: Request<Incoming>) -> http::Response<AnswerBody> {
        let Ok(response) = self.operations.clone().call(request.map(Body::new)).await;
        response.map(AnswerBody::Routed)
    }
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
