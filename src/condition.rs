//! Conditions in CEL, the Common Expression Language: compiled once, held against what is known of a call.
//!
//! Names that no call has are refused when a condition is compiled. What a condition asks of a call that does not have it, a tag
//! or a header, does not hold; any other error while it is looked at means that it holds: a policy is for the caller's safety.

use cel::{Context, Env, ExecutionError, ParseErrors, Program, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// A longer one is refused.
const LONGEST: usize = 4096;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What a condition may name, and what its members are.
const NAMES: [(&str, &[&str]); 10] = [
    ("request", &["type", "stream", "size", "model", "protocol"]),
    ("provider", &[]),
    ("model", &[]),
    ("user", &[]),
    ("team", &[]),
    ("key", &[]),
    ("tags", &[]),
    ("headers", &[]),
    ("stage", &[]),
    ("now", &["hour", "weekday", "month", "day"]),
];

/// What is known of a call.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `chat`, `embedding` ...
    pub task: String,
    /// The caller's protocol.
    pub protocol: String,
    /// Whether the answer comes piece by piece.
    pub stream: bool,
    /// The size of the request in bytes.
    pub size: u64,
    /// The model as the caller named it.
    pub asked: String,
    /// Where it goes.
    pub provider: String,
    /// `provider/model`.
    pub model: String,
    /// Whose call.
    pub user: String,
    /// Their team; empty where there is none.
    pub team: String,
    /// Whose call.
    pub key: String,
    /// The key's notes and the caller's.
    pub tags: BTreeMap<String, String>,
    /// The caller's headers that are no secrets, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// `input` or `output`.
    pub stage: &'static str,
    /// Hour, weekday from 1 for Monday, month and day, in UTC.
    pub now: [i64; 4],
}

/// A condition, compiled.
pub struct Condition {
    program: Program,
}

impl Condition {
    /// Compiles a condition.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn compile(source: &str) -> Result<Condition, String> {
        if source.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} bytes"));
        }
        check_members(source)?;
        let program = ENV.compile(source).map_err(|errors| explain(&errors))?;
        let known = || NAMES.iter().map(|(name, _)| *name);
        let locals = locals(source);
        for name in program.references().variables() {
            if !known().any(|other| other == name)
                && !locals.iter().any(|local| local == name)
                && !name.starts_with('@')
            {
                let at = source.find(name).unwrap_or_default() + 1;
                let all: Vec<&str> = known().collect();
                return Err(format!("there is no `{name}` (character {at}); there are: {}", all.join(", ")));
            }
        }
        let condition = Condition { program };
        match condition.value(&Facts::default()) {
            Ok(Value::Bool(_)) | Err(ExecutionError::NoSuchKey(_)) => Ok(condition),
            Ok(_) => Err("it is neither true nor false".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &Facts) -> bool {
        match self.value(facts) {
            Ok(Value::Bool(holds)) => holds,
            Err(ExecutionError::NoSuchKey(_)) => false,
            Ok(_) | Err(_) => true,
        }
    }

    fn value(&self, facts: &Facts) -> Result<Value, ExecutionError> {
        let mut context = Context::with_env(ENV.clone());
        let request: HashMap<String, Value> = HashMap::from([
            ("type".to_owned(), facts.task.as_str().into()),
            ("stream".to_owned(), facts.stream.into()),
            ("size".to_owned(), Value::Int(i64::try_from(facts.size).unwrap_or(i64::MAX))),
            ("model".to_owned(), facts.asked.as_str().into()),
            ("protocol".to_owned(), facts.protocol.as_str().into()),
        ]);
        let names = ["hour", "weekday", "month", "day"];
        let now: HashMap<String, Value> =
            names.iter().zip(facts.now).map(|(name, value)| ((*name).to_owned(), Value::Int(value))).collect();
        context.add_variable_from_value("request", request);
        context.add_variable_from_value("now", now);
        for (name, value) in [
            ("provider", &facts.provider),
            ("model", &facts.model),
            ("user", &facts.user),
            ("team", &facts.team),
            ("key", &facts.key),
        ] {
            context.add_variable_from_value(name, value.as_str());
        }
        context.add_variable_from_value("stage", facts.stage);
        for (name, map) in [("tags", &facts.tags), ("headers", &facts.headers)] {
            let map: HashMap<String, Value> = map.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
            context.add_variable_from_value(name, map);
        }
        self.program.execute(&context)
    }
}

/// Members that `request` and `now` do not have are refused, with their place.
fn check_members(source: &str) -> Result<(), String> {
    for (name, members) in NAMES.iter().filter(|(_, members)| !members.is_empty()) {
        for (at, _) in source.match_indices(&format!("{name}.")) {
            let letter = |c: char| c.is_alphanumeric() || c == '_';
            if source[..at].chars().next_back().is_some_and(|c| letter(c) || c == '.' || c == '"' || c == '\'') {
                continue;
            }
            let rest = &source[at + name.len() + 1..];
            let member = &rest[..rest.find(|c| !letter(c)).unwrap_or(rest.len())];
            if !member.is_empty() && !members.contains(&member) {
                let at = at + name.len() + 2;
                return Err(format!("`{name}` has no `{member}` (character {at}); it has: {}", members.join(", ")));
            }
        }
    }
    Ok(())
}

/// The names that macros bind: `x` of `tags.exists(x, ...)`.
fn locals(source: &str) -> Vec<String> {
    let macros = [".exists(", ".all(", ".exists_one(", ".filter(", ".map("];
    let mut names = Vec::new();
    for part in macros {
        for (at, _) in source.match_indices(part) {
            let rest = &source[at + part.len()..];
            names.extend(rest.split(',').next().map(|name| name.trim().to_owned()));
        }
    }
    names
}

fn explain(errors: &ParseErrors) -> String {
    match errors.errors.first() {
        Some(error) => {
            format!("it cannot be read at line {}, character {}: {}", error.pos.0, error.pos.1, first_line(&error.msg))
        }
        None => "it cannot be read".to_owned(),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(source: &str, facts: &Facts) -> Result<bool, String> {
        Condition::compile(source).map(|condition| condition.holds(facts))
    }

    #[test]
    fn conditions_hold_or_not() {
        let facts = Facts {
            task: "chat".into(),
            provider: "openai".into(),
            model: "openai/gpt-4o".into(),
            team: "legal".into(),
            tags: BTreeMap::from([("env".into(), "prod".into())]),
            size: 2000,
            ..Facts::default()
        };
        for (source, expected) in [
            (r#"request.type == "chat" && team != "legal""#, false),
            (r#"model.startsWith("openai/") && request.size > 1000"#, true),
            (r#"tags.env == "prod""#, true),
            (r#"tags.nothing == "prod""#, false),
            (r#"has(tags.nothing)"#, false),
            (r#""env" in tags"#, true),
            (r#"tags.exists(k, k == "env")"#, true),
            (r#"now.hour >= 0 && now.weekday < 8"#, true),
            (r#"provider in ["openai", "azure"]"#, true),
        ] {
            assert_eq!(holds(source, &facts), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        let refused = |source: &str| Condition::compile(source).err().unwrap_or_default();
        assert!(refused("request.tipe == 'chat'").contains("`request` has no `tipe` (character 9)"));
        assert!(refused("teem == 'a'").contains("there is no `teem` (character 1)"));
        assert!(refused("team == ").contains("line 1"), "{}", refused("team == "));
        assert!(refused("team").contains("neither true nor false"));
        assert!(refused(&"(".repeat(5000)).contains("longer"));
        assert!(!refused("size(1) == 2").is_empty());
    }
}
