//! Reads a request into the canonical model.
//!
//! Calls had no ids in older versions of the protocol, and results name their function or nothing at all: an id
//! is made of the place of the call, and a result without one answers the oldest call that has none yet.

use super::{media, peek};
use crate::canonical::{Complaint, Effort, Format, Json, Part, Prompt, Role, Thinking, Tool, Turn};
use crate::dialect::json::{Obj, Val};
use crate::types::Task;

/// Reads the request of a task.
pub(super) fn read(task: Task, body: &str) -> Result<Prompt, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut prompt = Prompt { model: peek::model(&mut top)?.string()?, include_usage: true, ..Prompt::default() };
    prompt.stream = top.take("stream").map_or(Ok(true), |stream| stream.boolean())?;
    match task {
        Task::Completion => generate(&mut top, &mut prompt)?,
        _ => chat(&mut top, &mut prompt)?,
    }
    if let Some(think) = top.take("think") {
        self::think(&think, &mut prompt)?;
    }
    if let Some(format) = top.take("format") {
        prompt.format = self::format(&format)?;
    }
    prompt.sampling.logprobs = optional(&mut top, "logprobs", Val::boolean)?;
    prompt.sampling.top_logprobs = optional(&mut top, "top_logprobs", Val::whole_number)?.filter(|top| *top > 0);
    if let Some(options) = top.take("options") {
        self::options(options.object()?, &mut prompt)?;
    }
    for (name, value) in top.rest() {
        prompt.extra.insert(name, value.value()?);
    }
    Ok(prompt)
}

fn optional<'a, T>(
    object: &mut Obj<'a>,
    name: &str,
    read: impl Fn(&Val<'a>) -> Result<T, Complaint>,
) -> Result<Option<T>, Complaint> {
    object.take(name).map(|value| read(&value)).transpose()
}

fn generate(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let words = optional(top, "prompt", Val::string)?.filter(|words| !words.is_empty());
    let mut parts: Vec<Part> = words.map(Part::text).into_iter().collect();
    parts.extend(images(top)?);
    if parts.is_empty() {
        return Err(nothing("prompt"));
    }
    prompt.system = optional(top, "system", Val::string)?.map(Part::text).into_iter().collect();
    prompt.turns.push(Turn { role: Role::User, name: None, parts });
    Ok(())
}

/// Without words the request loads or unloads a model, which only an Ollama can.
fn nothing(name: &str) -> Complaint {
    Complaint::invalid(name, format!("`{name}` is empty; only an Ollama loads models, others need something to answer"))
}

fn chat(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let messages = top.need("messages")?.items()?;
    if messages.is_empty() {
        return Err(nothing("messages"));
    }
    let mut conversation = Conversation { prompt, open: Vec::new(), results_open: false };
    for (place, message) in messages.iter().enumerate() {
        conversation.message(place, message.object()?)?;
    }
    for tool in top.take("tools").map_or(Ok(Vec::new()), |tools| tools.items())? {
        prompt.tools.push(self::tool(&tool)?);
    }
    Ok(())
}

fn images(object: &mut Obj<'_>) -> Result<Vec<Part>, Complaint> {
    let images = object.take("images").map_or(Ok(Vec::new()), |images| images.items())?;
    images.iter().map(|data| data.string().map(media::image)).collect()
}

struct Conversation<'p> {
    prompt: &'p mut Prompt,
    /// Id and function of calls that have no result yet.
    open: Vec<(String, String)>,
    results_open: bool,
}

impl Conversation<'_> {
    fn message(&mut self, place: usize, mut message: Obj<'_>) -> Result<(), Complaint> {
        let role = message.need("role")?;
        let is_result = role.text()? == "tool";
        let (thinking, content) =
            (optional(&mut message, "thinking", Val::string)?, optional(&mut message, "content", Val::string)?);
        let words = content.filter(|words| !words.is_empty()).map(Part::text);
        let images = images(&mut message)?;
        let mut parts: Vec<Part> = words.into_iter().chain(images).collect();
        match &*role.text()? {
            "system" if self.prompt.turns.is_empty() => self.prompt.system.append(&mut parts),
            "system" => self.turn(Role::System, parts),
            "user" => self.turn(Role::User, parts),
            "assistant" => {
                let thought = thinking.filter(|text| !text.is_empty());
                let thought = thought.map(|text| Part::Thinking { text, signature: None });
                let mut all: Vec<Part> = thought.into_iter().chain(parts).collect();
                for (number, call) in message.take("tool_calls").map_or(Ok(vec![]), |c| c.items())?.iter().enumerate() {
                    all.push(self.call((place, number), call)?);
                }
                self.turn(Role::Assistant, all);
            }
            "tool" => self.result(&mut message, parts)?,
            other => {
                let text = format!("`{}` is `{other}`; it must be one of system, user, assistant, tool", role.path);
                return Err(Complaint::invalid(&role.path, text));
            }
        }
        self.results_open = is_result;
        Ok(())
    }

    fn turn(&mut self, role: Role, parts: Vec<Part>) {
        self.prompt.turns.push(Turn { role, name: None, parts });
    }

    fn call(&mut self, (place, number): (usize, usize), call: &Val<'_>) -> Result<Part, Complaint> {
        let mut object = call.object()?;
        let id = optional(&mut object, "id", Val::string)?.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{place}_{number}"));
        let mut function = object.need("function")?.object()?;
        let name = function.need("name")?.string()?;
        let input = match function.take("arguments") {
            None => Json::empty_object(),
            Some(arguments) if arguments.is_object() => arguments.json(),
            Some(arguments) => return Err(arguments.wrong("an object")),
        };
        self.open.push((id.clone(), name.clone()));
        Ok(Part::ToolCall { id, name, input, cache: None })
    }

    fn result(&mut self, message: &mut Obj<'_>, parts: Vec<Part>) -> Result<(), Complaint> {
        let id = optional(message, "tool_call_id", Val::string)?.filter(|id| !id.is_empty());
        let older = optional(message, "name", Val::string)?;
        let function = optional(message, "tool_name", Val::string)?.or(older);
        let at = match (&id, &function) {
            (Some(id), _) => self.open.iter().position(|(open, _)| open == id),
            (None, Some(name)) => self.open.iter().position(|(_, open)| open == name),
            (None, None) => (!self.open.is_empty()).then_some(0),
        };
        let answered = at.map(|at| self.open.remove(at).0);
        let Some(call) = id.or(answered) else {
            let path = message.path_of("tool_name");
            let text = format!("`{path}`: no message before this one calls that tool, or it has its result already");
            return Err(Complaint::invalid(path, text));
        };
        let result = Part::ToolResult { call, parts, is_error: false, cache: None };
        match self.prompt.turns.last_mut() {
            Some(turn) if self.results_open => turn.parts.push(result),
            _ => self.turn(Role::User, vec![result]),
        }
        Ok(())
    }
}

fn tool(given: &Val<'_>) -> Result<Tool, Complaint> {
    let mut function = given.object()?.need("function")?.object()?;
    Ok(Tool::Function {
        name: function.need("name")?.string()?,
        description: optional(&mut function, "description", Val::string)?,
        schema: function.take("parameters").map(|schema| schema.json()),
        strict: None,
        cache: None,
    })
}

/// On, off, or in steps.
fn think(given: &Val<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    if !given.is_string() {
        let thinking = if given.boolean()? { Thinking::Enabled } else { Thinking::Disabled };
        prompt.reasoning.thinking = Some(thinking);
        return Ok(());
    }
    prompt.reasoning.effort = Some(match &*given.text()? {
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "max" => Effort::Max,
        other => {
            let text = format!("`think` is `{other}`; it must be true, false, low, medium, high or max");
            return Err(Complaint::invalid("think", text));
        }
    });
    Ok(())
}

fn format(given: &Val<'_>) -> Result<Format, Complaint> {
    if given.is_object() {
        return Ok(Format::Schema { name: "answer".into(), description: None, schema: given.json(), strict: None });
    }
    match &*given.text()? {
        "" => Ok(Format::Text),
        "json" => Ok(Format::JsonObject),
        other => {
            Err(Complaint::invalid("format", format!("`format` is `{other}`; it must be `json` or a JSON schema")))
        }
    }
}

fn options(mut options: Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let sampling = &mut prompt.sampling;
    sampling.temperature = optional(&mut options, "temperature", Val::number)?;
    sampling.top_p = optional(&mut options, "top_p", Val::number)?;
    sampling.top_k = optional(&mut options, "top_k", Val::number)?;
    sampling.frequency_penalty = optional(&mut options, "frequency_penalty", Val::number)?;
    sampling.presence_penalty = optional(&mut options, "presence_penalty", Val::number)?;
    sampling.seed = optional(&mut options, "seed", Val::number)?;
    if let Some(limit) = options.take("num_predict").filter(|limit| !limit.raw.get().starts_with('-')) {
        prompt.max_output_tokens = Some(limit.whole_number()?);
    }
    if let Some(stop) = options.take("stop") {
        let list = if stop.is_string() { vec![stop] } else { stop.items()? };
        prompt.stop = list.iter().map(Val::string).collect::<Result<_, _>>()?;
    }
    for (name, value) in options.rest() {
        prompt.extra.insert(format!("options.{name}"), value.value()?);
    }
    Ok(())
}
