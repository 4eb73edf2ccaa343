//! What a model turned out to do when it was asked: the sheet that `doctor MODEL` fills in.

use crate::types::{Protocol, Time};
use serde::{Deserialize, Serialize};

/// Something that a model, or its provider, can do or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// It answers.
    Plain,
    /// It answers piece by piece.
    Stream,
    /// It calls a tool.
    Tools,
    /// It calls several tools at once.
    ParallelTools,
    /// It sees pictures.
    Images,
    /// It hears.
    Audio,
    /// It keeps to a JSON schema.
    StructuredOutput,
    /// It thinks before it answers, and shows or counts that.
    Thinking,
    /// Token counts are reported, in streams too.
    Usage,
    /// An answer ends before a text that the caller names.
    StopSequence,
    /// An answer ends at the caller's limit, and says so.
    MaxTokens,
    /// A call ends when the caller hangs up.
    HangUp,
}

impl Feature {
    /// Every feature that can be found out by asking, in the order of asking.
    pub const ASKED: [Feature; 11] = [
        Feature::Plain,
        Feature::Stream,
        Feature::Tools,
        Feature::ParallelTools,
        Feature::Images,
        Feature::StructuredOutput,
        Feature::Thinking,
        Feature::Usage,
        Feature::StopSequence,
        Feature::MaxTokens,
        Feature::HangUp,
    ];

    /// The word in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Feature::Plain => "plain",
            Feature::Stream => "stream",
            Feature::Tools => "tools",
            Feature::ParallelTools => "parallel_tools",
            Feature::Images => "images",
            Feature::Audio => "audio",
            Feature::StructuredOutput => "structured_output",
            Feature::Thinking => "thinking",
            Feature::Usage => "usage",
            Feature::StopSequence => "stop_sequence",
            Feature::MaxTokens => "max_tokens",
            Feature::HangUp => "hang_up",
        }
    }
}

/// How it stands with a feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was seen to work.
    Works,
    /// It was refused, or seen not to work.
    DoesNot,
    /// What came back does not tell.
    Unknown,
}

impl Verdict {
    /// The words in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Works => "works",
            Verdict::DoesNot => "does not",
            Verdict::Unknown => "unknown",
        }
    }
}

/// One line of a sheet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What was tried.
    pub feature: Feature,
    /// The protocol in which the caller spoke.
    pub protocol: Protocol,
    /// How it stands with it.
    pub verdict: Verdict,
    /// Why, in short: the provider's own words where it refused.
    pub reason: Option<String>,
}

/// What was found out about one model of one provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sheet {
    /// When it was asked.
    pub made: Time,
    /// By feature, and by protocol.
    pub findings: Vec<Finding>,
}

impl Sheet {
    /// Whether the model has a feature; none where the sheet does not tell. What works in one protocol is there.
    pub fn has(&self, feature: Feature) -> Option<bool> {
        let verdicts = || self.findings.iter().filter(|finding| finding.feature == feature).map(|found| found.verdict);
        if verdicts().any(|verdict| verdict == Verdict::Works) {
            return Some(true);
        }
        let refused = verdicts().next().is_some() && verdicts().all(|verdict| verdict == Verdict::DoesNot);
        refused.then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(verdicts: &[Verdict]) -> Sheet {
        let finding = |(place, verdict): (usize, &Verdict)| Finding {
            feature: Feature::Tools,
            protocol: Protocol::ALL[place % Protocol::ALL.len()],
            verdict: *verdict,
            reason: None,
        };
        Sheet { made: Time::from_millis(0), findings: verdicts.iter().enumerate().map(finding).collect() }
    }

    #[test]
    fn a_model_lacks_what_works_in_no_protocol() {
        use Verdict::{DoesNot, Unknown, Works};
        for (verdicts, has) in [
            (&[Works, DoesNot][..], Some(true)),
            (&[DoesNot, DoesNot], Some(false)),
            (&[DoesNot, Unknown], None),
            (&[Unknown, Unknown], None),
            (&[], None),
        ] {
            assert_eq!(sheet(verdicts).has(Feature::Tools), has, "{verdicts:?}");
        }
        assert_eq!(sheet(&[Works]).has(Feature::Images), None);
    }
}
