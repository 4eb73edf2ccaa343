//! Watches a stream whose frames go on as they are. On the hot path: a comparison with the last frame of
//! words, one short, borrowed parse for the first of a form, and another, full one for the few that say more.

use super::answer::Answer;
use super::frame::{Parsed, parse};
use super::{brief, finish, usage};
use crate::dialect::mould::Mould;
use crate::dialect::sse::Frame;
use crate::dialect::{Pass, Sight, Tap};

/// The watcher of one stream of chat or completion chunks.
pub(super) struct Watch {
    hide_usage: bool,
    refused: bool,
    /// The class of service, which some vendors tell before the usage.
    tier: Option<String>,
    mould: Mould,
}

impl Watch {
    pub(super) fn new(hide_usage: bool) -> Watch {
        Watch { hide_usage, refused: false, tier: None, mould: Mould::default() }
    }

    fn chunk(&mut self, answer: &Answer<'_>, sight: &mut Sight) -> Pass {
        self.tier = answer.tier().or_else(|| self.tier.take());
        let report = answer.usage().and_then(|raw| usage::read(raw, self.tier.clone()));
        let reports = report.is_some();
        // A later report replaces an earlier one.
        sight.usage = report.or_else(|| sight.usage.take());
        let choices = answer.choices.as_deref().unwrap_or_default();
        for choice in choices {
            choice.collect(&mut sight.said);
            if choice.index() == 0 {
                self.refused |= choice.refuses();
                if sight.finish.is_none() && !choice.finish_reason.is_empty() {
                    sight.finish = Some(finish::stored(&choice.finish_reason.joined(), self.refused));
                }
            }
        }
        if self.hide_usage && reports && choices.is_empty() { Pass::Drop } else { Pass::Forward }
    }
}

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let Some(data) = frame.data() else { return Pass::Forward };
        if let Some(words) = self.mould.words(&data) {
            sight.said.push_str(words);
            return Pass::Forward;
        }
        if let Some(words) = brief::chunk(&data, &mut sight.said, &mut self.tier) {
            self.mould.take(&data, words);
            return Pass::Forward;
        }
        match parse(frame, data.trim_ascii()) {
            Parsed::Nothing => Pass::Forward,
            Parsed::Done => Pass::Last,
            Parsed::Answer(answer) => self.chunk(&answer, sight),
            Parsed::Failed(complaint) => Pass::Failed(complaint),
            Parsed::Broken(complaint) => Pass::Broken(complaint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Code;

    fn watch(hide_usage: bool, frames: &[&str]) -> (Vec<Pass>, Sight) {
        let mut watch = Watch::new(hide_usage);
        let mut sight = Sight::default();
        let see = |raw: &&str| watch.see(&Frame { raw: bytes::Bytes::copy_from_slice(raw.as_bytes()) }, &mut sight);
        (frames.iter().map(see).collect(), sight)
    }

    const STREAM: [&str; 5] = [
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi \\\"you\\\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}\n\n",
        "data: [DONE]\n\n",
    ];

    #[test]
    fn the_usage_that_the_gateway_asked_for_is_hidden() {
        let (passes, sight) = watch(true, &STREAM);
        assert_eq!(passes, [Pass::Forward, Pass::Forward, Pass::Forward, Pass::Drop, Pass::Last]);
        assert_eq!(sight.said, "Hi \"you\"");
        assert_eq!(sight.finish.as_deref(), Some("stop"));
        assert_eq!(sight.usage.unwrap().usage.total(), 7);
        assert_eq!(watch(false, &STREAM).0[3], Pass::Forward);
    }

    #[test]
    fn usage_beside_the_finish_is_forwarded() {
        let (passes, sight) = watch(
            true,
            &[
                "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
            ],
        );
        assert_eq!(passes, [Pass::Forward]);
        assert_eq!(sight.finish.as_deref(), Some("length"));
        assert!(sight.usage.is_some());
    }

    #[test]
    fn comments_and_first_frames_without_choices_go_on() {
        let azure = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
        let (passes, _) = watch(true, &[": OPENROUTER PROCESSING\n\n", "retry: 3\n\n", "data:\n\n", azure]);
        assert_eq!(passes, vec![Pass::Forward; 4]);
    }

    #[test]
    fn errors_and_nonsense_end_the_stream() {
        let (passes, _) = watch(
            false,
            &[
                "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":503}}\n\n",
                "data: {\"error\":\"boom\"}\n\n",
                "event: error\ndata: {\"message\":\"lost\"}\n\n",
                "data: <html>\n\n",
                "data: {\"choices\":[\n\n",
            ],
        );
        let said = |pass: &Pass| match pass {
            Pass::Failed(complaint) => (complaint.code, complaint.status, complaint.message.to_string()),
            Pass::Broken(complaint) => (complaint.code, complaint.status, String::new()),
            other => panic!("{other:?}"),
        };
        let said: Vec<_> = passes.iter().map(said).collect();
        assert_eq!(said[0], (Code::ProviderError, 503, "overloaded".to_owned()));
        assert_eq!(said[1], (Code::ProviderError, 502, "boom".to_owned()));
        assert_eq!(said[2], (Code::ProviderError, 502, "lost".to_owned()));
        assert_eq!((said[3].0, said[4].0), (Code::ProviderMalformed, Code::ProviderMalformed));
    }

    #[test]
    fn all_kinds_of_words_count() {
        let (_, sight) = watch(
            false,
            &[
                "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}},{\"index\":1,\"delta\":{\"reasoning\":\"b\"}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"refusal\":\"c\"}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"d\"}}]}}]}\n\n",
                "data: {\"choices\":[{\"text\":\"e\",\"index\":0}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"f\"}]}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            ],
        );
        assert_eq!((sight.said.as_str(), sight.finish.as_deref()), ("abcdef", Some("refusal")));
    }
}
