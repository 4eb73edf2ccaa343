//! The fields of a request that the sandbox reads, checked as a careful provider would.

use super::fault::Fault;
use serde_json::{Map, Value};

/// The most answers to one request: they are made in the gateway's own memory.
const MAX_CHOICES: u64 = 16;

/// A request. Fields that are `null` count as not given.
pub(super) struct Request {
    /// The model.
    pub model: String,
    /// Whether the answer comes piece by piece.
    pub stream: bool,
    /// Whether a stream ends with usage.
    pub include_usage: bool,
    /// The most tokens that an answer may have.
    pub limit: Option<usize>,
    /// Texts that end an answer.
    pub stops: Vec<String>,
    /// How many answers.
    pub choices: usize,
    fields: Map<String, Value>,
}

impl Request {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Request, Fault> {
        let fields = match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err(Fault::malformed("it is not an object")),
            Err(error) => return Err(Fault::malformed(&error.to_string())),
        };
        let mut request = Request {
            model: String::new(),
            stream: false,
            include_usage: false,
            limit: None,
            stops: Vec::new(),
            choices: 1,
            fields,
        };
        request.model = request.text("model")?.ok_or_else(|| Fault::missing("model"))?.to_owned();
        request.stream = request.flag("stream")?.unwrap_or(false);
        request.include_usage = request.reports_usage()?;
        request.limit = request.read_limit()?;
        request.stops = request.read_stops()?;
        request.choices = request.count("n", MAX_CHOICES)?.unwrap_or(1);
        Ok(request)
    }

    /// A field; none where it is missing or `null`.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A text field.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        match self.field(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| Fault::wrong_type(name, "a string")),
        }
    }

    /// A field that is true or false.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.field(name) {
            None => Ok(None),
            Some(value) => value.as_bool().map(Some).ok_or_else(|| Fault::wrong_type(name, "a boolean")),
        }
    }

    /// A field that counts something, from 1 to `most`.
    pub fn count(&self, name: &str, most: u64) -> Result<Option<usize>, Fault> {
        let Some(value) = self.field(name) else { return Ok(None) };
        let count = value.as_u64().ok_or_else(|| Fault::wrong_type(name, "a whole number"))?;
        match usize::try_from(count) {
            Ok(fits) if (1..=most).contains(&count) => Ok(Some(fits)),
            _ => Err(Fault::wrong_value(name, &format!("a number from 1 to {most}"))),
        }
    }

    fn reports_usage(&self) -> Result<bool, Fault> {
        match self.field("stream_options") {
            None => Ok(false),
            Some(_) if !self.stream => Err(Fault::wrong_value("stream_options", "nothing, as 'stream' is not true")),
            Some(Value::Object(options)) => match options.get("include_usage") {
                None | Some(Value::Null) => Ok(false),
                Some(Value::Bool(wanted)) => Ok(*wanted),
                Some(_) => Err(Fault::wrong_type("stream_options.include_usage", "a boolean")),
            },
            Some(_) => Err(Fault::wrong_type("stream_options", "an object")),
        }
    }

    fn read_limit(&self) -> Result<Option<usize>, Fault> {
        let most = u64::from(u32::MAX);
        Ok(self.count("max_completion_tokens", most)?.or(self.count("max_tokens", most)?))
    }

    fn read_stops(&self) -> Result<Vec<String>, Fault> {
        let wrong = || Fault::wrong_type("stop", "a string or an array of strings");
        match self.field("stop") {
            None => Ok(Vec::new()),
            Some(Value::String(stop)) => Ok(vec![stop.clone()]),
            Some(Value::Array(stops)) => {
                stops.iter().map(|stop| stop.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }
}
