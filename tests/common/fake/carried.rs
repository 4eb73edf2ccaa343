//! Endpoints that a gateway only carries, in OpenAI's words: pictures, sounds, moderations, orders, files, batches.

use super::http::{Answer, Request, Step};
use super::script::CREATED;
use serde_json::{Value, json};

/// The answer to a request for one of them; none for any other.
pub fn answer(request: &Request, task: &str, body: &Value) -> Option<Answer> {
    let post = request.method == "POST";
    Some(match task {
        "images/generations" | "images/edits" if post => Answer::json(200, &image()),
        "audio/speech" if post => {
            let mut answer = Answer::stream((0..4u8).map(|piece| Step::Send(vec![piece; 1000])).collect());
            answer.headers = vec![("content-type".to_owned(), "audio/mpeg".to_owned())];
            answer
        }
        "audio/transcriptions" | "audio/translations" if post => Answer::json(200, &words(&request.body)),
        "moderations" if post => Answer::json(200, &moderation(body)),
        "rerank" | "v2/rerank" if post => Answer::json(200, &order(body)),
        "files" if post => Answer::json(200, &file(request.body.len())),
        "files" => Answer::json(200, &json!({"object": "list", "data": [file(9)], "has_more": false})),
        "files/file-fake" if request.method == "DELETE" => {
            Answer::json(200, &json!({"id": "file-fake", "object": "file", "deleted": true}))
        }
        "files/file-fake" => Answer::json(200, &file(9)),
        "files/file-fake/content" => {
            let line = "{\"id\":\"batch_req_1\"}\n";
            Answer::whole(200, &[("content-type", "application/octet-stream")], line)
        }
        "batches" if post => Answer::json(200, &batch("validating", Value::Null)),
        "batches" => Answer::json(200, &json!({"object": "list", "data": [], "has_more": false})),
        "batches/batch_fake/cancel" if post => Answer::json(200, &batch("cancelling", Value::Null)),
        "batches/batch_fake" => Answer::json(
            200,
            &batch(
                "completed",
                json!({"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 500, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1500}),
            ),
        ),
        _ => return None,
    })
}

fn image() -> Value {
    json!({"created": CREATED, "data": [{"b64_json": "aGk="}], "usage": {"total_tokens": 100, "input_tokens": 50,
        "output_tokens": 50, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}})
}

/// The words of a sound: how long the form was, so that a test sees that all of it came.
fn words(form: &[u8]) -> Value {
    let by_time = form.windows(16).any(|part| part == b"whisper-large-v3");
    if by_time {
        return json!({"text": format!("{} bytes", form.len()), "usage": {"type": "duration", "seconds": 8.4}});
    }
    json!({"text": format!("{} bytes", form.len()), "usage": {"type": "tokens", "input_tokens": 14,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 14}, "output_tokens": 45, "total_tokens": 59}})
}

fn moderation(body: &Value) -> Value {
    json!({"id": "modr-fake", "model": body["model"], "results": [{"flagged": false, "categories": {"violence": false},
        "category_scores": {"violence": 0.01}, "category_applied_input_types": {"violence": ["text"]}}]})
}

fn order(body: &Value) -> Value {
    let count = body["documents"].as_array().map_or(0, Vec::len);
    let results: Vec<Value> =
        (0..count).rev().map(|index| json!({"index": index, "relevance_score": 0.1 * index as f64})).collect();
    let by_search = body["model"].as_str().is_some_and(|model| model.starts_with("rerank-v3"));
    let billed = if by_search { json!({"search_units": 1}) } else { json!({"input_tokens": 7}) };
    json!({"id": "rank-fake", "results": results, "meta": {"billed_units": billed}})
}

fn file(bytes: usize) -> Value {
    json!({"id": "file-fake", "object": "file", "bytes": bytes, "created_at": CREATED, "filename": "a.jsonl",
        "purpose": "batch", "status": "processed"})
}

fn batch(status: &str, usage: Value) -> Value {
    json!({"id": "batch_fake", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file-fake",
        "completion_window": "24h", "status": status, "model": "gpt-4o-mini", "output_file_id": "file-fake",
        "created_at": CREATED, "completed_at": CREATED + 60, "usage": usage, "errors": null})
}
