//! The texts of the two protocols, as the providers of that name write them.

use compare::clock::{Mark, now_ns};

use crate::words::Words;

/// Tokens that every prompt is said to have.
const PROMPT_TOKENS: u32 = 25;
/// Bytes of text in a whole answer.
const ANSWER_BYTES: usize = 600;
const SENTENCE: &str = "The incident began when a certificate expired and nobody was told of it. ";

/// Which protocol a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// OpenAI chat completions.
    Chat,
    /// Anthropic messages.
    Messages,
}

/// What the texts of one answer depend on.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The protocol.
    pub api: Api,
    /// How long, how fast.
    pub words: Words,
    /// The model name, to be repeated.
    pub model: String,
    /// Whether the caller asked for usage at the end of a stream.
    pub usage: bool,
}

impl Answer {
    /// A whole answer.
    pub fn whole(&self) -> String {
        let text = filler(self.words.payload.unwrap_or(ANSWER_BYTES));
        let (model, input, output) = (self.model(), PROMPT_TOKENS, text.len() / 4);
        match self.api {
            Api::Chat => format!(
                r#"{{"id":"chatcmpl-mock","object":"chat.completion","created":1760000000,"model":{model},"choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_mock"}}"#,
                input as usize + output
            ),
            Api::Messages => format!(
                r#"{{"id":"msg_mock","type":"message","role":"assistant","model":{model},"content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{output}}}}}"#
            ),
        }
    }

    /// What comes before the first chunk of text.
    pub fn head(&self) -> String {
        match self.api {
            Api::Chat => self.chunk(r#"[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]"#),
            Api::Messages => format!(
                "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"msg_mock\",\"type\":\"message\",\"role\":\"assistant\",\"model\":{},\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{{\"input_tokens\":{PROMPT_TOKENS},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}}}}\n\nevent: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
                self.model()
            ),
        }
    }

    /// The chunk of text with this number, marked with the time.
    pub fn text(&self, number: u32) -> String {
        let mut text = filler(self.words.payload.unwrap_or(0));
        Mark { number, sent_ns: now_ns() }.write(&mut text);
        match self.api {
            Api::Chat => self.chunk(&format!(
                r#"[{{"index":0,"delta":{{"content":"{text}"}},"logprobs":null,"finish_reason":null}}]"#
            )),
            Api::Messages => format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
            ),
        }
    }

    /// What comes after the last chunk of text.
    pub fn tail(&self) -> String {
        let (input, output) = (PROMPT_TOKENS, self.words.chunks);
        match self.api {
            Api::Chat => {
                let mut text = self.chunk(r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]"#);
                if self.usage {
                    let usage = format!(
                        r#"[],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{}}}"#,
                        input + output
                    );
                    text.push_str(&self.chunk(&usage));
                }
                text + "data: [DONE]\n\n"
            }
            Api::Messages => format!(
                "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\nevent: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\",\"stop_sequence\":null}},\"usage\":{{\"output_tokens\":{output}}}}}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
            ),
        }
    }

    fn chunk(&self, choices: &str) -> String {
        format!(
            "data: {{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":{},\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":{choices}}}\n\n",
            self.model()
        )
    }

    fn model(&self) -> String {
        serde_json::to_string(&self.model).expect("a text is JSON")
    }
}

fn filler(bytes: usize) -> String {
    let mut text = SENTENCE.repeat(bytes.div_ceil(SENTENCE.len()));
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(api: Api) -> Answer {
        Answer { api, words: Words::read("c3-p40"), model: "m".into(), usage: true }
    }

    #[test]
    fn every_event_and_answer_is_json() {
        for api in [Api::Chat, Api::Messages] {
            let answer = answer(api);
            serde_json::from_str::<serde_json::Value>(&answer.whole()).unwrap();
            let stream = answer.head() + &answer.text(0) + &answer.tail();
            let data: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            for event in data.iter().filter(|data| **data != "[DONE]") {
                serde_json::from_str::<serde_json::Value>(event).unwrap();
            }
            assert_eq!(data.len(), if api == Api::Chat { 5 } else { 6 });
        }
    }

    #[test]
    fn usage_comes_only_when_asked_for() {
        let silent = Answer { usage: false, ..answer(Api::Chat) };
        assert!(!silent.tail().contains("usage"));
        assert!(answer(Api::Chat).tail().contains(r#""completion_tokens":3"#));
    }
}
