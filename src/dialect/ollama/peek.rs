//! Reads the fields that decisions rest on.

use crate::canonical::Complaint;
use crate::dialect::json::{Obj, Val, span_of};
use crate::dialect::{Field, Peek};
use crate::types::Task;

/// Reads the decision fields of a request. Answers are streamed unless `stream` is false.
pub(super) fn peek(task: Task, body: &str) -> Result<Peek, Complaint> {
    let mut top = Obj::of_body(body)?;
    let model = model(&mut top)?;
    let mut peek = Peek {
        model: Field { value: model.string()?, span: span_of(body, model.raw) },
        stream: false,
        include_usage: true,
        stream_options: None,
        max_output_tokens: None,
        n: 1,
        tools: false,
        first_member: body.find('{').map_or(0, |brace| brace + 1),
    };
    if peek.model.value.is_empty() {
        return Err(Complaint::invalid("model", "`model` is empty; name one, like `openai/gpt-5-mini`"));
    }
    if task == Task::Embedding {
        return Ok(peek);
    }
    peek.stream = top.take("stream").map_or(Ok(true), |stream| stream.boolean())?;
    if let Some(tools) = top.take("tools") {
        peek.tools = !tools.items()?.is_empty();
    }
    if let Some(options) = top.take("options") {
        peek.max_output_tokens = limit(body, options.object()?.take("num_predict"))?;
    }
    Ok(peek)
}

/// The model, under its older name too.
pub(super) fn model<'a>(top: &mut Obj<'a>) -> Result<Val<'a>, Complaint> {
    match top.take("model") {
        Some(model) => Ok(model),
        None => top.take("name").ok_or_else(|| crate::dialect::json::missing("model")),
    }
}

/// Minus one means no limit, minus two as much as fits.
fn limit(body: &str, given: Option<Val<'_>>) -> Result<Option<Field<u64>>, Complaint> {
    let Some(given) = given.filter(|given| !given.raw.get().starts_with('-')) else { return Ok(None) };
    Ok(Some(Field { value: given.whole_number()?, span: span_of(body, given.raw) }))
}
