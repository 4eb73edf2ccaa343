//! One model, as its line in the catalogue says it.

use super::card;
use super::contract::{self, Agreement};
use crate::price::Rates;
use crate::types::{Time, Usage};

/// A model as the catalogue knows it. Texts are slices of the embedded file; none is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Model {
    /// Who offers it, in the catalogue's names: `openai`, `bedrock`.
    pub vendor: &'static str,
    /// The id as the vendor's API takes it.
    pub id: &'static str,
    /// How the name that was asked for led here.
    pub matched: Match,
    /// What it is for.
    pub mode: Mode,
    /// Prompt and answer together, in tokens.
    pub context_window: Option<u64>,
    /// The longest answer, in tokens.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// When it came out: a day, or only a month (`2025-06`).
    pub released: Option<&'static str>,
    /// When the vendor ends it: a day, or only a month. May be past or to come.
    pub deprecated: Option<&'static str>,
    /// Until when it knows the world: a day, or only a month.
    pub knowledge_cutoff: Option<&'static str>,
    prices: &'static str,
    agreement: Agreement,
}

/// How a name led to a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Match {
    /// It is the model's id.
    Id,
    /// It is another name of the model.
    Alias,
    /// It is a dated snapshot that the catalogue does not know; this is the model of that name without a date, and the
    /// snapshot's limits and prices may differ.
    WithoutDate,
    /// It is a fine-tuned model; this is what the vendor says of all that are tuned from the same base.
    Base,
    /// The catalogue knows the vendor only as a whole.
    Wildcard,
}

/// What a model is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Conversation.
    Chat,
    /// Conversation, through OpenAI's Responses API only.
    Responses,
    /// Plain text continuation.
    Completion,
    /// Vectors of texts.
    Embedding,
    /// Pictures.
    Image,
    /// Film.
    Video,
    /// Text to speech.
    AudioSpeech,
    /// Speech to text.
    AudioTranscription,
    /// Conversation by voice.
    Realtime,
    /// The order of documents.
    Rerank,
    /// Whether a text is harmful.
    Moderation,
    /// Text in pictures.
    Ocr,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 12] = [
        Mode::Chat,
        Mode::Responses,
        Mode::Completion,
        Mode::Embedding,
        Mode::Image,
        Mode::Video,
        Mode::AudioSpeech,
        Mode::AudioTranscription,
        Mode::Realtime,
        Mode::Rerank,
        Mode::Moderation,
        Mode::Ocr,
    ];

    /// The word in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Chat => "chat",
            Mode::Responses => "responses",
            Mode::Completion => "completion",
            Mode::Embedding => "embedding",
            Mode::Image => "image",
            Mode::Video => "video",
            Mode::AudioSpeech => "audio_speech",
            Mode::AudioTranscription => "audio_transcription",
            Mode::Realtime => "realtime",
            Mode::Rerank => "rerank",
            Mode::Moderation => "moderation",
            Mode::Ocr => "ocr",
        }
    }
}

/// Where a model is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lifecycle {
    /// Offered.
    Active,
    /// Offered for trial.
    Beta,
    /// Offered, and an end is announced.
    Deprecated,
    /// Ended.
    Retired,
    /// No current list has it; known from the past.
    Legacy,
}

impl Lifecycle {
    /// Every stage.
    pub const ALL: [Lifecycle; 5] =
        [Lifecycle::Active, Lifecycle::Beta, Lifecycle::Deprecated, Lifecycle::Retired, Lifecycle::Legacy];

    /// The word in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Lifecycle::Active => "active",
            Lifecycle::Beta => "beta",
            Lifecycle::Deprecated => "deprecated",
            Lifecycle::Retired => "retired",
            Lifecycle::Legacy => "legacy",
        }
    }
}

/// What a model can do; none where nobody says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Capabilities {
    /// It calls tools.
    pub tools: Option<bool>,
    /// It calls several tools at once.
    pub parallel_tools: Option<bool>,
    /// It sees pictures.
    pub vision: Option<bool>,
    /// It reads PDF files.
    pub pdf: Option<bool>,
    /// It hears.
    pub audio_in: Option<bool>,
    /// It speaks.
    pub audio_out: Option<bool>,
    /// It keeps to a JSON schema.
    pub structured_output: Option<bool>,
    /// It reasons before it answers.
    pub reasoning: Option<bool>,
    /// The vendor caches prompts.
    pub prompt_caching: Option<bool>,
}

impl Capabilities {
    /// Every capability with its name in tables and JSON, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<bool>)> + use<> {
        [
            ("tools", self.tools),
            ("parallel_tools", self.parallel_tools),
            ("vision", self.vision),
            ("pdf", self.pdf),
            ("audio_in", self.audio_in),
            ("audio_out", self.audio_out),
            ("structured_output", self.structured_output),
            ("reasoning", self.reasoning),
            ("prompt_caching", self.prompt_caching),
        ]
        .into_iter()
    }

    fn parse(digits: &str) -> Option<Capabilities> {
        let said = |digit: u8| match digit {
            b'1' => Some(Some(true)),
            b'0' => Some(Some(false)),
            b'-' => Some(None),
            _ => None,
        };
        let [tools, parallel_tools, vision, pdf, audio_in, audio_out, structured_output, reasoning, prompt_caching] =
            *digits.as_bytes()
        else {
            return None;
        };
        Some(Capabilities {
            tools: said(tools)?,
            parallel_tools: said(parallel_tools)?,
            vision: said(vision)?,
            pdf: said(pdf)?,
            audio_in: said(audio_in)?,
            audio_out: said(audio_out)?,
            structured_output: said(structured_output)?,
            reasoning: said(reasoning)?,
            prompt_caching: said(prompt_caching)?,
        })
    }
}

impl Model {
    /// The rates of one call that was made `at` and consumed `usage`; none where no price is known.
    ///
    /// `variant` is the service tier as the vendor reported it (`batch`, `flex`, `priority`, `fast`); `standard`,
    /// `default`, `auto` and `on_demand` are none. The label of the rates says which price list, hours, variant and tier
    /// they come from.
    ///
    /// - The price list is the latest that was in force; days begin at midnight UTC.
    /// - Hours of the day with prices of their own apply by the time of the call, in UTC.
    /// - Where the whole prompt is larger than a bound, the prices of that tier apply to the whole call.
    /// - What a variant does not list keeps the standard price. A tier that the vendor has no price for at all (Anthropic's
    ///   `priority`, which is paid in advance) is billed at the standard price, and the label says so.
    /// - None where a larger prompt has its own standard price and the variant publishes none, and where a variant has no
    ///   price in the price list that is in force: a guess would be wrong by half.
    ///
    /// Not known, and so not in the rates: surcharges for a region, free allowances, fees of tools other than the search,
    /// storage of caches, and the price of cached audio and pictures where it is not that of cached text.
    pub fn rates(&self, at: Time, usage: &Usage, variant: Option<&str>) -> Option<Rates> {
        contract::applied(self.agreement, at, card::rates(self.prices, at, usage, variant))
    }

    /// The same with prices by contract before its own.
    pub fn agreed(self, agreement: Agreement) -> Model {
        Model { agreement, ..self }
    }

    /// A model of which nothing is known but prices by contract.
    pub fn of_contract(model: &str, agreement: Agreement) -> Model {
        Model {
            vendor: "contract",
            id: contract::name(model),
            matched: Match::Id,
            mode: Mode::Chat,
            context_window: None,
            max_output_tokens: None,
            capabilities: Capabilities::default(),
            lifecycle: Lifecycle::Active,
            released: None,
            deprecated: None,
            knowledge_cutoff: None,
            prices: "",
            agreement,
        }
    }

    /// Every price that the catalogue has for the model, standard first: each with a label that says when it applies, and
    /// only with what differs from the standard price. Empty where no price is known.
    pub fn price_list(&self) -> Vec<Rates> {
        let agreed = self.agreement.iter().rev().map(|agreed| agreed.rates.clone());
        agreed.chain(card::list(self.prices)).collect()
    }

    /// Reads a line of the catalogue; none for a line of another form, such as an alias.
    pub(super) fn parse(line: &'static str) -> Option<Model> {
        let mut columns = line.split('\t');
        let mut next = || columns.next();
        Some(Model {
            vendor: next()?,
            id: next()?,
            matched: Match::Id,
            mode: next().and_then(|word| Mode::ALL.into_iter().find(|mode| mode.as_str() == word))?,
            context_window: count(next()?)?,
            max_output_tokens: count(next()?)?,
            capabilities: Capabilities::parse(next()?)?,
            lifecycle: next().and_then(|word| Lifecycle::ALL.into_iter().find(|stage| stage.as_str() == word))?,
            released: given(next()?),
            deprecated: given(next()?),
            knowledge_cutoff: given(next()?),
            prices: next()?,
            agreement: &[],
        })
    }

    /// Whether a line of any text has the form of a model's.
    pub(super) fn can_be_read(line: &str) -> bool {
        let columns: Vec<&str> = line.split('\t').collect();
        let [_, _, mode, window, output, digits, stage, _, _, _, prices] = columns[..] else { return false };
        Mode::ALL.iter().any(|known| known.as_str() == mode)
            && count(window).is_some()
            && count(output).is_some()
            && Capabilities::parse(digits).is_some()
            && Lifecycle::ALL.iter().any(|known| known.as_str() == stage)
            && (prices.is_empty() || card::parse(prices).is_some())
    }

    pub(super) fn matched_by(self, matched: Match) -> Model {
        Model { matched, ..self }
    }

    #[cfg(test)]
    pub(super) fn prices(&self) -> &'static str {
        self.prices
    }
}

/// A number that may be missing; none where it is no number.
fn count(text: &str) -> Option<Option<u64>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
