//! The texts of a call, for those who look at words and not at protocols.

use std::borrow::Cow;
use std::ops::Range;

/// Who a text speaks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    /// Instructions.
    System,
    /// The caller.
    User,
    /// The model, in an earlier turn.
    Assistant,
    /// Arguments of a function call.
    ToolCall,
    /// What a function gave back.
    ToolResult,
    /// Name, description and schema of a function.
    ToolDefinition,
}

/// One text in a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Text<'a> {
    /// Who speaks.
    pub voice: Voice,
    /// The words, unescaped.
    pub value: Cow<'a, str>,
    /// Where its JSON string stands in the body, quotes included.
    pub span: Range<usize>,
}
