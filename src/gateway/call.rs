//! What moves along the path of a call, in the order in which it comes to be.

use super::answers::Previous;
use super::carried::Carried;
use super::side::SideState;
use super::snapshot::{KeyEntry, OrgState, ProviderState};
use super::stream::AnswerStream;
use crate::canonical::Complaint;
use crate::catalogue::Model;
use crate::dialect::{CallerDialect, Delivery, Peek, Sight, Thread, UrlFacts};
use crate::http::Endpoint;
use crate::records::{Bodies, Route};
use crate::types::{OrgId, Secret, Task, UserId};
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a stage ends.
pub(crate) type Outcome<T> = Result<T, Complaint>;

/// The head of a request, read: what is wanted, in which protocol, with which key.
pub(crate) struct Arrival {
    pub dialect: &'static dyn CallerDialect,
    pub wanted: Wanted,
    /// The organisation that the URL names, by id or name.
    pub org: Option<String>,
    pub credential: Option<Secret>,
    pub headers: HeaderMap,
    pub tags: BTreeMap<String, String>,
    /// Whether the URL is Cursor's: there chat completions are asked for in the words of Responses.
    pub cursor: bool,
    pub session: Option<String>,
}

/// What a URL asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// A model's work, and what the URL says of it.
    Task(Task, UrlFacts),
    /// The models that the key may call.
    Models,
    /// One of them.
    Model(String),
    /// One of them, which the body names.
    Show,
    /// The version of the gateway.
    Version,
    /// The models that are loaded.
    Running,
    /// Something that is only carried to a provider.
    Carry(Carried),
    /// Something with an answer that is kept: its id, and the URL's query.
    Kept(KeptAct, String, String),
}

/// What a caller wants with an answer that is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeptAct {
    Show,
    Remove,
    Cancel,
    /// The items of its request.
    Items,
}

impl KeptAct {
    /// How it is asked for over HTTP.
    pub fn method(self) -> Method {
        match self {
            KeptAct::Show | KeptAct::Items => Method::GET,
            KeptAct::Remove => Method::DELETE,
            KeptAct::Cancel => Method::POST,
        }
    }

    /// What stands behind the id in the URL.
    pub fn ending(self) -> &'static str {
        match self {
            KeptAct::Show | KeptAct::Remove => "",
            KeptAct::Cancel => "/cancel",
            KeptAct::Items => "/input_items",
        }
    }
}

/// Whose call it is.
#[derive(Clone)]
pub(crate) struct Caller {
    pub org: Arc<OrgState>,
    pub key: Arc<KeyEntry>,
    /// The version of the configuration that says so.
    pub version: i64,
}

/// A request for a model's work, with its body.
pub(crate) struct Call {
    pub dialect: &'static dyn CallerDialect,
    pub task: Task,
    pub url: UrlFacts,
    pub headers: HeaderMap,
    /// Checked to be UTF-8.
    pub body: Bytes,
    pub peek: Peek,
    /// What it goes on from, and whether its answer may be gone on from.
    pub thread: Thread,
    /// The answer that it goes on from.
    pub previous: Option<Previous>,
    pub owner: Owner,
    /// What was lost before the call had its form.
    pub dropped: Vec<String>,
}

/// Whose call it is, as far as what is kept of it goes.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub org: OrgId,
    pub user: UserId,
    pub bodies: Bodies,
}

impl Owner {
    /// The owner of a caller's calls.
    pub fn of(caller: &Caller) -> Owner {
        Owner { org: caller.org.org.id, user: caller.key.user.id, bodies: caller.org.org.bodies }
    }
}

impl Call {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

/// A provider and one of its models.
#[derive(Clone)]
pub(crate) struct Target {
    pub provider: Arc<ProviderState>,
    /// As the provider names it.
    pub model: String,
    /// What the catalogue knows of it.
    pub card: Option<Model>,
}

impl Target {
    /// `provider/model`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider.record.name, self.model)
    }
}

/// What goes back to the caller.
pub(crate) struct Answer {
    pub status: u16,
    /// Headers of the provider that are the caller's to know.
    pub headers: HeaderMap,
    pub target: Option<Target>,
    pub route: Option<Arc<Route>>,
    pub dropped: Vec<String>,
    pub content: Content,
}

/// The body of an answer.
pub(crate) enum Content {
    /// All of it, and what was seen in it. `stream`: its media type where it is written as a stream, since the
    /// caller wanted one.
    Whole { bytes: Bytes, sight: Sight, stream: Option<&'static str> },
    /// Piece by piece; the stream writes the trace itself.
    Stream(Box<AnswerStream>),
    /// Something that is only carried, piece by piece, under the provider's own media type.
    Carried(Box<AnswerStream>),
    /// The provider refused; its words in the caller's dialect.
    Refusal { bytes: Bytes, complaint: Complaint },
}

/// What is asked of a target.
pub(crate) struct Ask<'a> {
    pub call: &'a Call,
    pub target: &'a Target,
    /// In which of its protocols.
    pub side: &'a SideState,
}

impl<'a> Ask<'a> {
    /// The call, in the protocol of the target that suits it best: the caller's own where there is a choice.
    pub fn new(call: &'a Call, target: &'a Target) -> Ask<'a> {
        let side = target.provider.side(call.dialect.protocol(), call.task, &target.model);
        Ask { call, target, side }
    }

    /// Whether the target does the task.
    pub fn serves(&self, task: Task) -> bool {
        self.side.serves(task)
    }

    /// Where the target does the task.
    pub fn endpoint(&self, task: Task) -> Option<Cow<'a, Endpoint>> {
        self.side.endpoint(task, Delivery::of(self.call.peek.stream), &self.target.model)
    }
}
