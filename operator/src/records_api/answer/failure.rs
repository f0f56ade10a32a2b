//! Answers to requests: JSON, content, or a `Status` of Kubernetes that says why there is none. Pure.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// Why a request is not answered, as a `Status` of Kubernetes. Its text has no address of a store, no secret, and nothing
/// that a store said beyond a status and the type of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status.
    pub code: StatusCode,
    /// The reason, one of those of Kubernetes.
    pub reason: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Failure {
    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { code: StatusCode::NOT_FOUND, reason: "NotFound", message: message.into() }
    }

    /// The request cannot be understood, or asks for what does not fit together.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { code: StatusCode::BAD_REQUEST, reason: "BadRequest", message: message.into() }
    }

    /// Nobody known sent it.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self { code: StatusCode::UNAUTHORIZED, reason: "Unauthorized", message: message.into() }
    }

    /// Its sender may not have it.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self { code: StatusCode::FORBIDDEN, reason: "Forbidden", message: message.into() }
    }

    /// The API is read-only, and nothing in it can be watched.
    pub fn method_not_allowed() -> Self {
        let message =
            "the Records API is read-only: get and list are its only verbs; to watch, list again".to_owned();
        Self { code: StatusCode::METHOD_NOT_ALLOWED, reason: "MethodNotAllowed", message }
    }

    /// There is more than is answered.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self { code: StatusCode::PAYLOAD_TOO_LARGE, reason: "RequestEntityTooLarge", message: message.into() }
    }

    /// Others come first.
    pub fn too_many() -> Self {
        let message =
            "too many requests to the records of this namespace are in progress; repeat it".to_owned();
        Self { code: StatusCode::TOO_MANY_REQUESTS, reason: "TooManyRequests", message }
    }

    /// A store cannot be used now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { code: StatusCode::SERVICE_UNAVAILABLE, reason: "ServiceUnavailable", message: message.into() }
    }

    /// Something took too long.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self { code: StatusCode::GATEWAY_TIMEOUT, reason: "Timeout", message: message.into() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code.as_u16(),
        });
        let mut response = json_response(&body);
        *response.status_mut() = self.code;
        if self.code == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A JSON answer.
pub fn json_response<T: Serialize>(body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => bytes_response("application/json", bytes),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Content, which no browser may take for a page of the API server.
pub fn bytes_response(media_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, bytes).into_response()
}
