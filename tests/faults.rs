//! What callers, providers and operators do wrong, and what each hears of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::{Answer, Step};
use gateway::Home;
use serde_json::{Value, json};
use stage::{SOON, Stage, chat, error, header};
use std::io::Read;
use std::time::Instant;

#[test]
fn whatever_the_provider_does_wrong_has_a_name() {
    let stage = Stage::set(&["--first-byte-timeout", "300ms", "--idle-timeout", "300ms"]);
    for (words, status, code) in [
        ("e500", 500, ""),
        ("e401", 502, "provider_key_rejected"),
        ("html", 502, "provider_malformed"),
        ("html-e503", 503, "provider_error"),
        ("malformed", 502, "provider_malformed"),
        ("hang", 504, "provider_timeout"),
        ("rst", 502, "provider_unreachable"),
        ("cut", 502, "provider_malformed"),
    ] {
        for provider in ["oa", "an"] {
            let answer = stage.chat(&format!("{provider}/fake-{words}"), json!({}));
            let trace_id = header(&answer, "x-optscale-trace-id");
            let (had, said, message) = error(answer);
            assert_eq!(had, status, "{provider} {words}: {message}");
            assert!(code.is_empty() || said == code, "{provider} {words}: {said} {message}");
            let trace = stage.trace(&trace_id);
            assert_eq!((&trace["status"], &trace["http_status"]), (&json!("error"), &json!(status)), "{trace}");
            if ["malformed", "rst", "cut"].contains(&words) {
                assert!(trace["output_tokens"].as_u64() > Some(0), "what had come is counted: {trace}");
                assert_eq!(trace["estimated"], true, "{trace}");
            }
        }
    }
}

#[test]
fn a_refusal_keeps_its_status_and_retry_after() {
    let stage = Stage::set(&[]);
    for (provider, answer) in [("oa", 429), ("an", 429), ("oa", 503), ("an", 529)] {
        for reply in [
            stage.chat(&format!("{provider}/fake-e{answer}"), json!({})),
            stage.messages(&format!("{provider}/fake-e{answer}"), json!({})),
        ] {
            assert_eq!(reply.status().as_u16(), answer);
            assert_eq!(header(&reply, "retry-after"), "7");
            assert_eq!(header(&reply, "x-optscale-cost-usd"), "0");
        }
    }
}

#[test]
fn a_stream_that_fails_ends_with_an_error_event() {
    let stage = Stage::set(&["--idle-timeout", "300ms"]);
    for provider in ["oa", "an"] {
        for words in ["rst", "cut", "stall", "malformed", "errevent"] {
            let model = format!("{provider}/fake-s8-{words}");
            let text = stage.chat(&model, json!({"stream": true})).text().unwrap();
            let last = text.trim_end().rsplit("\n\n").next().unwrap();
            assert!(last.starts_with("data: {\"error\""), "openai {model}: {text}");
            let text = stage.messages(&model, json!({"stream": true})).text().unwrap();
            let last = text.trim_end().rsplit("\n\n").next().unwrap();
            assert!(last.starts_with("event: error\ndata: "), "anthropic {model}: {text}");
            let trace = stage.newest(|trace| trace["status"] != "running");
            assert_eq!(trace["status"], "error", "{model} {trace}");
            assert!(trace["output_tokens"].as_u64() > Some(0), "what was said is counted: {trace}");
        }
    }
}

#[test]
fn a_stream_without_its_last_frame_is_whole_when_it_finished() {
    let stage = Stage::set(&[]);
    let text = stage.chat("oa/fake-nodone", json!({"stream": true})).text().unwrap();
    assert!(!text.contains("error"), "{text}");
    assert_eq!(stage.newest(|trace| trace["status"] != "running")["status"], "ok");
    let text = stage.messages("oa/fake-nodone", json!({"stream": true})).text().unwrap();
    assert!(text.contains("event: message_stop"), "{text}");
}

#[test]
fn a_stream_that_stays_open_is_over_when_its_last_frame_came() {
    let stage = Stage::set(&[]);
    let openai = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},\
        \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    for ask in [Stage::chat, Stage::messages] {
        stage.fake.answer(Answer::stream(vec![Step::Send(openai.into()), Step::Hang]));
        let asked = Instant::now();
        let text = ask(&stage, "oa/fake", json!({"stream": true})).text().unwrap();
        assert!(text.contains("Hi") && !text.contains("error"), "{text}");
        assert!(asked.elapsed() < SOON);
        assert_eq!(stage.newest(|trace| trace["status"] != "running")["status"], "ok");
    }
}

#[test]
fn a_provider_that_repeats_its_key_is_not_repeated() {
    let stage = Stage::set(&[]);
    let words = "{\"error\":{\"message\":\"the key provider-secret may not do that\"}}";
    stage.fake.answer_with(403, &[("content-type", "application/json"), ("retry-after", "1e300")], words);
    let (status, code, message) = error(stage.chat("oa/fake", json!({})));
    assert_eq!((status, code.as_str()), (403, "provider_error"));
    assert!(!message.contains(gateway::PROVIDER_KEY), "{message}");
}

#[test]
fn half_an_answer_on_which_somebody_hangs_up_is_counted() {
    let stage = Stage::set(&[]);
    let half = r#"{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"one two three four"#;
    let json = [("content-type".to_owned(), "application/json".to_owned())].to_vec();
    stage.fake.answer(Answer { headers: json, ..Answer::stream(vec![Step::Send(half.into()), Step::Hang]) });
    let mut waiting = stage.open(&chat("oa/fake", json!({})));
    waiting.set_read_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
    assert!(stage.fake.wait_requests(1, SOON));
    let mut byte = [0];
    assert!(waiting.read_exact(&mut byte).is_err(), "nothing goes on before it is whole");
    drop(waiting);
    let trace = stage.newest(|trace| trace["status"] == "interrupted");
    assert!(trace["output_tokens"].as_u64() > Some(0), "{trace}");
}

#[test]
fn a_long_stream_is_estimated_by_its_beginning() {
    let stage = Stage::set(&[]);
    let model = "oa/fake-s20000-nousage";
    let text = stage.chat(model, json!({"stream": true})).text().unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"));
    // Twenty thousand words `w123 `, of two tokens and more each.
    let trace = stage.newest(|trace| trace["status"] == "ok" && trace["output_tokens"].as_u64() > Some(20_000));
    assert!(trace["output_tokens"].as_u64() < Some(100_000), "{trace}");
    assert_eq!(trace["estimated"], true, "{trace}");
}

#[test]
fn a_hang_up_cancels_the_provider_at_once() {
    let stage = Stage::set(&[]);
    let before = stage.open(&chat("oa/fake-hang", json!({})));
    assert!(stage.fake.wait_requests(1, SOON));
    drop(before);
    assert!(stage.fake.wait_cancelled(1, SOON), "before the first byte");
    stage.newest(|trace| trace["status"] == "interrupted");
    let mut within = stage.open(&chat("oa/fake-s100000-d2", json!({"stream": true})));
    let mut some = [0; 3000];
    within.read_exact(&mut some).unwrap();
    drop(within);
    assert!(stage.fake.wait_cancelled(2, SOON), "within the stream");
    let trace = stage.newest(|trace| trace["status"] == "interrupted" && trace["stream"] == true);
    assert!(trace["output_tokens"].as_u64() > Some(0), "{trace}");
}

#[test]
fn bad_input_is_named_and_breaks_nothing() {
    let stage = Stage::set(&[]);
    let turns: Vec<Value> = (0..10_000).map(|n| json!({"role": "user", "content": format!("turn {n}")})).collect();
    let large = vec![b' '; 50 * 1024 * 1024];
    let cases: Vec<(Vec<u8>, u16, &str, &str)> = vec![
        (b"".to_vec(), 400, "invalid_request_error", ""),
        (b"{\"model\":".to_vec(), 400, "invalid_request_error", ""),
        (b"[1]".to_vec(), 400, "invalid_request_error", "object"),
        (b"{\"messages\":[]}".to_vec(), 400, "invalid_request_error", "model"),
        (b"{\"model\":7,\"messages\":[]}".to_vec(), 400, "invalid_request_error", "model"),
        (
            b"{\"model\":\"oa/fake\",\"model\":\"an/fake\",\"messages\":[]}".to_vec(),
            400,
            "invalid_request_error",
            "model",
        ),
        (
            b"{\"model\":\"oa/fake\",\"stream\":\"yes\",\"messages\":[]}".to_vec(),
            400,
            "invalid_request_error",
            "stream",
        ),
        (b"{\"model\":\"oa/f\xff\",\"messages\":[]}".to_vec(), 400, "invalid_request_error", "UTF-8"),
        (large, 413, "request_too_large", "--max-body"),
        (chat("nobody/has-this", json!({})).to_string().into(), 404, "model_not_found", ""),
        (chat("sandbox/ecko-with-a-typo", json!({})).to_string().into(), 404, "", ""),
    ];
    for (body, status, code, word) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (had, said, message) = error(stage.post("/chat/completions", body));
        assert_eq!(had, status, "{shown}: {message}");
        assert!(code.is_empty() || said == code, "{shown}: {said}");
        assert!(message.contains(word), "{shown}: {message}");
    }
    assert_eq!(stage.chat("oa/fake", json!({"messages": turns})).status(), 200);
}

#[test]
fn a_second_gateway_on_one_home_says_so_and_stops() {
    let stage = Stage::set(&[]);
    let second = stage.home.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("already serves this home"), "{said}");
    let other = Home::new();
    let address = stage.gateway.root().trim_start_matches("http://").to_owned();
    let taken = other.command(&["serve", "--listen", &address]).output().unwrap();
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(!taken.status.success() && said.contains("in use"), "{said}");
}

#[test]
fn a_provider_without_streams_still_answers_one() {
    let stage = Stage::set(&[]);
    let reply = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "fake", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "All at once"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}});
    stage.fake.answer(Answer::json(200, &reply));
    let text = stage.chat("oa/fake", json!({"stream": true})).text().unwrap();
    assert!(text.contains("All at once") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[test]
fn connections_are_used_again() {
    let stage = Stage::set(&[]);
    for _ in 0..3 {
        assert_eq!(stage.chat("oa/fake", json!({})).status(), 200);
        stage.chat("oa/fake", json!({"stream": true})).text().unwrap();
    }
    stage.fake.answer(Answer::stream(vec![Step::Close]));
    stage.chat("oa/fake", json!({"stream": true})).text().unwrap();
    assert_eq!(stage.chat("oa/fake", json!({})).status(), 200);
}
