"""Responses by OpenAI's Python SDK and by LangChain: create, stream helpers, parse, tools, thoughts, kept answers."""

import json

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import OpenAI
from pydantic import BaseModel

from cases import *

client = OpenAI(base_url=BASE, api_key=KEY, max_retries=0, timeout=20)
TOOLS = [
    {"type": "function", "name": "get_weather", "parameters": WEATHER_SCHEMA, "strict": False},
    {"type": "function", "name": "get_time", "parameters": TIME_SCHEMA, "strict": False},
]


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def create(provider, name, **more):
    return client.responses.create(**{"model": model(provider, name), "input": "What is six times seven?", **more})


@case
def plain(p):
    answer = create(p, "fake", instructions="Be brief.")
    equal((answer.output_text, answer.status, answer.object), (TEXT, "completed", "response"))
    equal((answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens), (INPUT, 5, INPUT + 5))


@case
def streamed(p):
    for words in ("fake", "fake-bytes", "fake-crlf", "fake-ping"):
        events = list(create(p, words, stream=True))
        equal("".join(event.delta for event in events if event.type == "response.output_text.delta"), TEXT)
        equal((events[0].type, events[-1].type), ("response.created", "response.completed"))
        equal(events[-1].response.output_text, TEXT)
        equal([event.sequence_number for event in events], list(range(len(events))))


@gateway_case
def the_stream_helper(p):
    with client.responses.stream(model=model(p, "fake-tools"), input="How is Paris?", tools=TOOLS) as events:
        for _ in events:
            pass
        answer = events.get_final_response()
    equal([item.name for item in answer.output if item.type == "function_call"], ["get_weather", "get_time"])


@case
def tool_results_round_trip(p):
    turns = [{"role": "user", "content": "How is Paris?"}]
    answer = create(p, "fake-tools", input=turns, tools=TOOLS)
    calls = [item for item in answer.output if item.type == "function_call"]
    equal([json.loads(call.arguments) for call in calls], [WEATHER, TIME])
    turns += answer.output
    turns += [{"type": "function_call_output", "call_id": call.call_id, "output": text} for call, text in zip(calls, ["22 C", "noon"])]
    equal(create(p, "fake-tools", input=turns, tools=TOOLS).output_text, "Results: 22 C | noon")


@case
def structured_output(p):
    answer = client.responses.parse(model=model(p, "fake-json"), input="Who?", text_format=Person)
    equal(answer.output_parsed, Person(name="Ada", age=36))


@case
def thoughts(p):
    answer = create(p, "fake-think", reasoning={"effort": "low", "summary": "auto"}, include=["reasoning.encrypted_content"])
    thought = answer.output[0]
    equal((thought.type, thought.summary[0].text, answer.output_text), ("reasoning", THOUGHT, TEXT))
    # OpenAI's chat has no seal, and Gemini seals calls and not thoughts.
    if p in ("an", "rs"):
        assert thought.encrypted_content


@gateway_case
def refusals_and_limits(p):
    refused = create(p, "fake-refuse")
    words = "".join(getattr(part, "refusal", None) or getattr(part, "text", "") for part in refused.output[0].content)
    equal(words, REFUSAL)
    cut = create(p, "fake-s40", max_output_tokens=20)
    equal((cut.status, cut.incomplete_details.reason), ("incomplete", "max_output_tokens"))


@case
def images_and_files(p):
    parts = [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
    ]
    equal(create(p, "fake", input=[{"role": "user", "content": parts}]).output_text, TEXT)
    arrived = json.dumps(last()["body"])
    assert PNG in arrived and PDF in arrived


@gateway_case
def answers_are_gone_on_from(p):
    first = create(p, "fake")
    second = client.responses.create(model=model(p, "fake"), input="On", previous_response_id=first.id)
    equal(second.output_text, TEXT)
    equal(client.responses.retrieve(first.id).id, first.id)
    client.responses.input_items.list(first.id)
    client.responses.delete(first.id)
    raises(openai.NotFoundError, lambda: client.responses.retrieve(first.id), 404)


@case
def tokens_are_counted(p):
    assert client.responses.input_tokens.count(model=model(p, "fake"), input="Hello").input_tokens > 0


@case
def the_provider_refuses(p):
    for status, kind in [(400, openai.BadRequestError), (429, openai.RateLimitError), (500, openai.InternalServerError)]:
        raises(kind, lambda: create(p, f"fake-e{status}"), status)
        raises(kind, lambda: list(create(p, f"fake-e{status}", stream=True)), status)


@gateway_case
def streams_that_fail_say_so(p):
    for words in ("rst", "cut", "malformed"):
        error = raises(openai.APIError, lambda: list(create(p, f"fake-s8-{words}", stream=True)))
        assert error.message, error


@tool
def get_weather(city: str, unit: str = "celsius") -> str:
    """The weather of a city."""
    return f"22 C in {city}"


@gateway_case
def langchain(p):
    chat = lambda name: ChatOpenAI(model=model(p, name), base_url=BASE, api_key=KEY, max_retries=0, use_responses_api=True)
    answer = chat("fake").invoke("What is six times seven?")
    equal((answer.text, answer.usage_metadata["input_tokens"]), (TEXT, INPUT))
    equal("".join(piece.text for piece in chat("fake").stream("What?")), TEXT)
    bound = chat("fake-tool").bind_tools([get_weather])
    turns = [HumanMessage("How is Paris?")]
    answer = bound.invoke(turns)
    equal([(call["name"], call["args"]) for call in answer.tool_calls], [("get_weather", WEATHER)])
    results = [ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls]
    equal(bound.invoke([*turns, answer, *results]).text, "Results: 22 C in Paris")
    equal(chat("fake").with_structured_output(Person).invoke("Who?"), Person(name="Ada", age=36))


if __name__ == "__main__":
    main()
