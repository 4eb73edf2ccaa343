//! An answer that goes to the caller piece by piece, and takes its trace with it.
//!
//! In the same dialect frames go on as they came while a tap looks at them; between dialects they are
//! read into events and written again. The frame that ends the answer leaves when its trace is safe.

use super::answers::Keeper;
use super::going::Going;
use super::guarding::AnswerGuard;
use super::record::Trace;
use super::upstream::Source;
use crate::canonical::{Code, Complaint, Delta, Event, UsageReport};
use crate::dialect::sse::{FrameTooLarge, Framing, Splitter};
use crate::dialect::{Pass, ReadStream, Sight, Tap, WriteStream};
use crate::store::Ticket;
use bytes::{Bytes, BytesMut};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// An answer that is whole waits this long for its trace; then it goes without.
pub(crate) const MOST_WAIT_FOR_STORAGE: Duration = Duration::from_secs(10);
/// A connection whose answer is over is read to its end for this long, so that it can be used again.
const DRAIN: Duration = Duration::from_secs(2);

/// How frames become bytes for the caller.
pub(crate) enum Carriage {
    /// They go on as they came.
    Forward(Box<dyn Tap>, Layout),
    /// They are read and written again.
    Translate(Box<dyn ReadStream>),
    /// They are no frames: bytes that go on as they come.
    Raw,
}

/// How frames of the caller's own dialect stand in the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One behind the other, as the provider sends them.
    AsItCame,
    /// In another form that the dialect has, which the writer knows.
    Another,
}

/// How long a stream may take.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Between two pieces.
    pub idle: Duration,
    /// When it must be over.
    pub deadline: Instant,
}

/// A streamed answer under way.
pub(crate) struct AnswerStream {
    source: Option<Source>,
    splitter: Splitter,
    carriage: Carriage,
    /// Writes translated events, and errors in either case.
    writer: Box<dyn WriteStream>,
    sight: Sight,
    trace: Trace,
    http_status: u16,
    pace: Pace,
    /// Whether it ended in the middle, where nothing can say so but the end of the connection.
    broken: bool,
    last_piece: Instant,
    alarm: Option<Pin<Box<Sleep>>>,
    state: State,
    keeper: Option<Keeper>,
    guard: Option<Box<AnswerGuard>>,
}

enum State {
    Flowing,
    /// The last bytes wait until the trace is safe.
    Settling {
        ticket: Ticket,
        last: Bytes,
    },
    Over,
}

/// What a chunk of the provider came to.
enum Step {
    /// These bytes go on; perhaps none.
    Bytes(Bytes),
    /// These are the last of a whole answer.
    Whole(Bytes),
    /// It failed. The bytes came before; the caller still has to be told.
    Failed(Complaint, Bytes),
    /// It failed, and these bytes tell the caller so in its own dialect.
    Told(Complaint, Bytes),
}

impl AnswerStream {
    /// A stream from its first byte on.
    pub fn new(
        (source, framing): (Source, Framing),
        carriage: Carriage,
        writer: Box<dyn WriteStream>,
        trace: Trace,
        pace: Pace,
    ) -> AnswerStream {
        AnswerStream {
            source: Some(source),
            splitter: Splitter::new(framing),
            carriage,
            writer,
            sight: Sight::default(),
            trace,
            http_status: 200,
            pace,
            broken: false,
            last_piece: Instant::now(),
            alarm: None,
            state: State::Flowing,
            keeper: None,
            guard: None,
        }
    }

    /// The same, kept when it is whole.
    pub fn kept_by(mut self, keeper: Option<Keeper>) -> AnswerStream {
        self.keeper = keeper;
        self
    }

    /// The same, with what it costs as far as that is known before it comes.
    pub fn consuming(mut self, report: Option<UsageReport>) -> AnswerStream {
        self.sight.usage = report;
        self
    }

    /// The same, looked at on its way.
    pub fn guarded_by(mut self, guard: Option<AnswerGuard>) -> AnswerStream {
        self.guard = guard.map(Box::new);
        self
    }

    /// What is known of it beside its usage goes into the trace.
    fn conclude(&mut self) {
        self.trace.dropped(self.writer.dropped());
        if let Some(guard) = self.guard.take() {
            let (stage, evaluations) = guard.evaluations();
            self.trace.guarded(stage, evaluations);
        }
    }

    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        self.writer.content_type()
    }

    /// Whether it ended in the middle, so that the connection must.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The id of its trace.
    pub fn trace_id(&self) -> String {
        self.trace.id().to_string()
    }

    /// The next bytes for the caller; none at the end.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Settling { .. } => {
                    std::task::ready!(self.poll_settled(cx));
                    let State::Settling { last, .. } = std::mem::replace(&mut self.state, State::Over) else {
                        continue;
                    };
                    self.release();
                    if !last.is_empty() {
                        return Poll::Ready(Some(last));
                    }
                }
                State::Flowing => {
                    let bytes = std::task::ready!(self.poll_flow(cx));
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(bytes));
                    }
                }
            }
        }
    }

    /// One step of the flow: what goes on now, perhaps nothing.
    fn poll_flow(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let Some(source) = &mut self.source else {
            self.state = State::Over;
            return Poll::Ready(Bytes::new());
        };
        let step = match source.poll_bytes(cx) {
            Poll::Pending => {
                let late = std::task::ready!(self.poll_late(cx));
                Step::Failed(late, Bytes::new())
            }
            Poll::Ready(Some(Ok(_))) if Instant::now() >= self.pace.deadline => {
                Step::Failed(self.too_slow(), Bytes::new())
            }
            Poll::Ready(Some(Ok(chunk))) => {
                self.last_piece = Instant::now();
                self.trace.first_byte();
                self.chunk(chunk)
            }
            Poll::Ready(Some(Err(complaint))) => Step::Failed(complaint, Bytes::new()),
            Poll::Ready(None) => self.end_of_source(),
        };
        Poll::Ready(self.take(step))
    }

    fn take(&mut self, step: Step) -> Bytes {
        match step {
            Step::Bytes(bytes) => return bytes,
            Step::Whole(last) => {
                let kept = self.keep();
                let sight = std::mem::take(&mut self.sight);
                self.conclude();
                let written = self.trace.answered(self.http_status, sight);
                let both = match written {
                    Some(written) => Some(written.ticket.and(kept)),
                    None => kept,
                };
                self.settle(both, last);
            }
            Step::Failed(complaint, before) if matches!(self.carriage, Carriage::Raw) => {
                self.broken = true;
                self.give_up(&complaint, before);
            }
            Step::Failed(complaint, before) => {
                let mut out = BytesMut::from(before);
                self.writer.fail(&complaint, &self.trace.id().to_string(), &mut out);
                self.give_up(&complaint, out.freeze());
            }
            Step::Told(complaint, last) => self.give_up(&complaint, last),
        }
        Bytes::new()
    }

    fn keep(&mut self) -> Option<Ticket> {
        let keeper = self.keeper.take()?;
        let whole = match &self.carriage {
            Carriage::Forward(tap, _) => tap.whole(),
            Carriage::Translate(_) => self.writer.whole(),
            Carriage::Raw => None,
        };
        keeper.keep(whole?)
    }

    fn give_up(&mut self, complaint: &Complaint, last: Bytes) {
        self.source = None;
        self.conclude();
        let sight = std::mem::take(&mut self.sight);
        let written = self.trace.complained(complaint, sight);
        self.settle(written.map(|written| written.ticket), last);
    }

    fn settle(&mut self, ticket: Option<Ticket>, last: Bytes) {
        self.alarm = None;
        self.state = match ticket {
            Some(ticket) => State::Settling { ticket, last },
            None => State::Over,
        };
    }

    /// Ready when the trace is safe, or has had its time. Meanwhile the connection is read to its end.
    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(source) = &mut self.source
            && matches!(source.poll_bytes(cx), Poll::Ready(None | Some(Err(_))))
        {
            self.source = None;
        }
        let State::Settling { ticket, .. } = &mut self.state else { return Poll::Ready(()) };
        if Pin::new(ticket).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(MOST_WAIT_FOR_STORAGE)));
        alarm.as_mut().poll(cx)
    }

    /// Lets a connection whose answer is over come to its end by itself.
    fn release(&mut self) {
        let Some(mut source) = self.source.take() else { return };
        tokio::spawn(async move {
            let end = async {
                while std::future::poll_fn(|cx| source.poll_bytes(cx)).await.is_some_and(|piece| piece.is_ok()) {}
            };
            let _ = tokio::time::timeout(DRAIN, end).await;
        });
    }

    /// Ready with a complaint when nothing has come for too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Complaint> {
        loop {
            let due = (self.last_piece + self.pace.idle).min(self.pace.deadline);
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            std::task::ready!(alarm.as_mut().poll(cx));
            // The alarm is not moved with each piece: when it rings, look whether it still is time.
            if Instant::now() >= due {
                return Poll::Ready(self.too_slow());
            }
            alarm.as_mut().reset(due);
        }
    }

    fn too_slow(&self) -> Complaint {
        let message = if Instant::now() >= self.pace.deadline {
            "the answer took longer than the total time-out; raise it with `serve --total-timeout`".to_owned()
        } else {
            format!(
                "the provider sent nothing for {} s in the middle of its answer; raise the limit with `serve --idle-timeout`",
                self.pace.idle.as_secs_f32()
            )
        };
        Complaint::new(Code::ProviderTimeout, message)
    }

    fn chunk(&mut self, chunk: Bytes) -> Step {
        if matches!(self.carriage, Carriage::Raw) {
            return Step::Bytes(chunk);
        }
        let whole = chunk.clone();
        self.splitter.push(chunk);
        let step = match &mut self.carriage {
            Carriage::Forward(tap, Layout::AsItCame) => {
                forward(&mut self.splitter, tap.as_mut(), &mut self.sight, Going::new(&whole))
            }
            Carriage::Forward(tap, Layout::Another) => {
                forward(&mut self.splitter, tap.as_mut(), &mut self.sight, Going::relayed(self.writer.as_mut()))
            }
            Carriage::Translate(reader) => {
                let way = Way { writer: self.writer.as_mut(), guard: self.guard.as_deref_mut(), out: BytesMut::new() };
                translate(&mut self.splitter, reader.as_mut(), way, &mut self.sight)
            }
            Carriage::Raw => Step::Bytes(whole),
        };
        self.trace.keep_short(&mut self.sight.said);
        step
    }

    /// The provider closed the stream: is the answer whole?
    fn end_of_source(&mut self) -> Step {
        self.source = None;
        let mut out = BytesMut::new();
        if let Some(frame) = std::mem::take(&mut self.splitter).finish() {
            // A last frame whose empty line never came.
            self.splitter.push(frame.ended());
            match self.chunk(Bytes::new()) {
                Step::Bytes(bytes) => out.extend_from_slice(&bytes),
                ended => return ended,
            }
        }
        let complete = match &self.carriage {
            Carriage::Forward(..) => self.sight.finish.is_some(),
            Carriage::Translate(reader) => reader.is_complete(),
            Carriage::Raw => true,
        };
        if !complete {
            return Step::Failed(cut_short(), out.freeze());
        }
        if !matches!(self.carriage, Carriage::Forward(_, Layout::AsItCame) | Carriage::Raw) {
            let way = Way { writer: self.writer.as_mut(), guard: self.guard.as_deref_mut(), out };
            return way.end();
        }
        Step::Whole(out.freeze())
    }
}

impl Drop for AnswerStream {
    fn drop(&mut self) {
        // The caller hung up: what was said so far is what the provider bills.
        if matches!(self.state, State::Flowing) {
            self.conclude();
            self.trace.interrupted(std::mem::take(&mut self.sight));
        }
    }
}

fn cut_short() -> Complaint {
    Complaint::new(Code::ProviderUnreachable, "the provider ended the stream in the middle of its answer; try again")
}

fn malformed(error: &FrameTooLarge) -> Complaint {
    Complaint::new(Code::ProviderMalformed, error.to_string())
}

/// What a translated event adds to the trace.
pub(crate) fn witness(event: &Event, sight: &mut Sight) {
    match event {
        Event::Usage(report) => sight.usage = Some(report.clone()),
        Event::Finish { choice: 0, finish } => sight.finish = Some(finish.as_str().to_owned().into()),
        Event::Delta { delta: Delta::Text(more) | Delta::Input(more), .. } => sight.said.push_str(more),
        _ => {}
    }
}

/// Frames go on as they are.
fn forward(splitter: &mut Splitter, tap: &mut dyn Tap, sight: &mut Sight, mut going: Going<'_>) -> Step {
    loop {
        let frame = match splitter.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Step::Bytes(going.finish()),
            Err(error) => return Step::Failed(malformed(&error), going.finish()),
        };
        match tap.see(&frame, sight) {
            Pass::Forward => going.push(frame),
            Pass::Drop => {}
            Pass::Last => {
                going.push(frame);
                return Step::Whole(going.end());
            }
            Pass::Failed(complaint) => {
                going.push(frame);
                return Step::Told(complaint, going.end());
            }
            Pass::Broken(complaint) => return Step::Failed(complaint, going.finish()),
        }
    }
}

/// Frames are read into events, and those written in the caller's dialect.
fn translate(splitter: &mut Splitter, reader: &mut dyn ReadStream, mut way: Way<'_>, sight: &mut Sight) -> Step {
    let mut events = Vec::new();
    loop {
        let frame = match splitter.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Step::Bytes(way.out.freeze()),
            Err(error) => return Step::Failed(malformed(&error), way.out.freeze()),
        };
        let read = reader.frame(&frame, &mut events);
        for event in events.drain(..) {
            if let Event::Failed(complaint) = event {
                return Step::Failed(complaint, way.out.freeze());
            }
            witness(&event, sight);
            if let Err(complaint) = way.event(event) {
                return Step::Failed(complaint, way.out.freeze());
            }
        }
        if let Err(complaint) = read {
            return Step::Failed(complaint, way.out.freeze());
        }
        if reader.is_over() {
            return way.end();
        }
    }
}

/// The way of events to the caller: looked at, then written.
struct Way<'w> {
    writer: &'w mut dyn WriteStream,
    guard: Option<&'w mut AnswerGuard>,
    out: BytesMut,
}

impl Way<'_> {
    fn event(&mut self, event: Event) -> Result<(), Complaint> {
        let Some(guard) = &mut self.guard else {
            self.writer.event(event, &mut self.out);
            return Ok(());
        };
        let mut events = Vec::new();
        let guarded = guard.event(event, &mut events);
        events.into_iter().for_each(|event| self.writer.event(event, &mut self.out));
        guarded
    }

    /// The answer is whole.
    fn end(mut self) -> Step {
        let mut events = Vec::new();
        let guarded = self.guard.map_or(Ok(()), |guard| guard.end(&mut events));
        events.into_iter().for_each(|event| self.writer.event(event, &mut self.out));
        if let Err(complaint) = guarded {
            return Step::Failed(complaint, self.out.freeze());
        }
        self.writer.end(&mut self.out);
        Step::Whole(self.out.freeze())
    }
}
