//! What a Claude model of some generation takes, told by its name.
//!
//! Providers and clouds spell names in many ways (`claude-opus-4-6`, `anthropic.claude-3-7-sonnet-v1:0`,
//! `claude-sonnet-4-5@20250929`): the generation is the first number of at most two digits behind
//! `claude`, with the number right behind it. Sources: platform.claude.com, "Extended thinking",
//! "Adaptive thinking", "Effort", "Structured outputs", "Migration guide".

/// A model's generation; none where the name has none, as for other vendors' models.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Generation(Option<(u32, u32)>);

/// How a model is told to think.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ThinkingStyle {
    /// It cannot: before 3.7.
    Unable,
    /// By a number of tokens: 3.7 to 4.5, and models that nobody knows.
    Budget,
    /// By a step of effort, while it decides itself when to think: 4.6 and later.
    Effort,
}

impl Generation {
    /// The generation that the name tells.
    pub(super) fn of(model: &str) -> Generation {
        let model = model.to_ascii_lowercase();
        let Some((_, name)) = model.split_once("claude") else { return Generation(None) };
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        let number = |word: &str| if word.len() <= 2 { word.parse::<u32>().ok() } else { None };
        let major = words.by_ref().find_map(number);
        let minor = words.next().and_then(number).unwrap_or(0);
        Generation(major.map(|major| (major, minor)))
    }

    /// Whether the model is known to be of that generation or a later one.
    pub(super) fn since(self, major: u32, minor: u32) -> bool {
        self.0.is_some_and(|generation| generation >= (major, minor))
    }

    fn before(self, major: u32, minor: u32) -> bool {
        self.0.is_some_and(|generation| generation < (major, minor))
    }

    /// How the model is told to think.
    pub(super) fn thinking(self) -> ThinkingStyle {
        if self.before(3, 7) {
            ThinkingStyle::Unable
        } else if self.since(4, 6) {
            ThinkingStyle::Effort
        } else {
            ThinkingStyle::Budget
        }
    }

    /// Whether answers and tool input can be held to a schema: 4.5 and later. Models that nobody
    /// knows are asked, for leaving it out would be the larger loss.
    pub(super) fn takes_schemas(self) -> bool {
        !self.before(4, 5)
    }

    /// Whether a thinking budget is refused: 4.7 and later.
    pub(super) fn refuses_budgets(self) -> bool {
        self.since(4, 7)
    }

    /// Whether temperature, top_p and top_k are refused: 4.7 and later.
    pub(super) fn refuses_sampling(self) -> bool {
        self.since(4, 7)
    }

    /// Whether temperature and top_p exclude each other: 4.1 and later.
    pub(super) fn samples_one_way(self) -> bool {
        self.since(4, 1)
    }

    /// Whether there is an effort between `high` and `max`: 4.7 and later.
    pub(super) fn has_xhigh(self) -> bool {
        self.since(4, 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_generations() {
        let cases = [
            ("claude-3-5-sonnet-20241022", Some((3, 5))),
            ("claude-3-opus-20240229", Some((3, 0))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-opus-4-1", Some((4, 1))),
            ("claude-sonnet-4-5@20250929", Some((4, 5))),
            ("us.anthropic.claude-opus-4-6-v1:0", Some((4, 6))),
            ("anthropic/claude-4.7-opus", Some((4, 7))),
            ("claude-haiku-4-5-20251001", Some((4, 5))),
            ("claude-sonnet-5", Some((5, 0))),
            ("Claude-2.1", Some((2, 1))),
            ("claude-latest", None),
            ("kimi-k2-5", None),
        ];
        for (name, generation) in cases {
            assert_eq!(Generation::of(name), Generation(generation), "{name}");
        }
    }

    #[test]
    fn unknown_models_think_by_budget_and_take_schemas() {
        let unknown = Generation::of("glm-5");
        assert_eq!(unknown.thinking(), ThinkingStyle::Budget);
        assert!(unknown.takes_schemas() && !unknown.refuses_sampling() && !unknown.samples_one_way());
    }
}
