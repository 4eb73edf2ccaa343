"""Anthropic's Python SDK: messages, thinking, token counts, models and every error class."""

import anthropic
from anthropic import Anthropic

from cases import *

# Against the provider itself, where the base URL has no /v1.
client = Anthropic(base_url=BASE if THROUGH_GATEWAY else ROOT, api_key=KEY, max_retries=0, timeout=20)
HELLO = [{"role": "user", "content": "What is six times seven?"}]
TOOLS = [
    {"name": "get_weather", "description": "The weather", "input_schema": WEATHER_SCHEMA},
    {"name": "get_time", "description": "The time", "input_schema": TIME_SCHEMA},
]


def message(provider, name, **more):
    asked = {"model": model(provider, name), "max_tokens": 1000, "messages": HELLO, **more}
    return client.messages.create(**asked)


def streamed_message(provider, name, **more):
    asked = {"model": model(provider, name), "max_tokens": 1000, "messages": HELLO, **more}
    with client.messages.stream(**asked) as events:
        return events.get_final_message()


def events(provider, name, **more):
    return list(message(provider, name, stream=True, **more))


def text(answer):
    return "".join(block.text for block in answer.content if block.type == "text")


@case
def plain(p):
    answer = message(p, "fake")
    equal((text(answer), answer.role, answer.type, answer.stop_reason), (TEXT, "assistant", "message", "end_turn"))
    equal((answer.usage.input_tokens, answer.usage.output_tokens), (INPUT, 5))


@case
def streamed(p):
    answer = streamed_message(p, "fake")
    equal((text(answer), answer.stop_reason, answer.usage.output_tokens), (TEXT, "end_turn", 5))
    kinds = [event.type for event in events(p, "fake")]
    equal((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))
    equal(kinds.count("content_block_delta"), 5)
    equal(kinds.count("content_block_start"), kinds.count("content_block_stop"))


@case
def streams_however_they_are_cut(p):
    for words in ("fake-bytes", "fake-crlf", "fake-ping", "fake-d5"):
        equal(text(streamed_message(p, words)), TEXT)
    equal(text(streamed_message(p, "fake-unicode-bytes")), UNICODE)


@case
def the_system_prompt_and_the_conversation_arrive(p):
    turns = [*HELLO, {"role": "assistant", "content": "42"}, {"role": "user", "content": [{"type": "text", "text": "Sure?"}]}]
    message(p, "fake", messages=turns, system="Be brief.")
    body = last()["body"]
    if p == "oa":
        equal([turn["role"] for turn in body["messages"]], ["system", "user", "assistant", "user"])
        assert "Be brief." in json.dumps(body["messages"][0])
    elif p == "ge":
        equal([turn["role"] for turn in body["contents"]], ["user", "model", "user"])
        equal(body["systemInstruction"]["parts"], [{"text": "Be brief."}])
    else:
        equal((body["messages"], body["system"]), (turns, "Be brief."))


@case
def parallel_tool_calls(p):
    answer = message(p, "fake-tools", tools=TOOLS)
    equal([block.type for block in answer.content], ["text", "tool_use", "tool_use"])
    calls = answer.content[1:]
    equal([(call.id, call.name, call.input) for call in calls], [("call_fake_0", "get_weather", WEATHER), ("call_fake_1", "get_time", TIME)])
    equal((answer.content[0].text, answer.stop_reason), (LOOKING, "tool_use"))


@case
def tool_results_round_trip(p):
    answer = message(p, "fake-tools", tools=TOOLS)
    results = [
        {"type": "tool_result", "tool_use_id": "call_fake_0", "content": "22 C"},
        {"type": "tool_result", "tool_use_id": "call_fake_1", "content": [{"type": "text", "text": "noon"}]},
    ]
    turns = [*HELLO, {"role": "assistant", "content": answer.content}, {"role": "user", "content": results}]
    equal(text(message(p, "fake-tools", tools=TOOLS, messages=turns)), "Results: 22 C | noon")
    if p == "oa":
        arrived = last()["body"]["messages"]
        equal([turn["role"] for turn in arrived], ["user", "assistant", "tool", "tool"])
        equal([json.loads(call["function"]["arguments"]) for call in arrived[1]["tool_calls"]], [WEATHER, TIME])


@case
def streamed_tool_calls(p):
    answer = streamed_message(p, "fake-tools", tools=TOOLS)
    equal([call.input for call in answer.content[1:]], [WEATHER, TIME])
    deltas = [event.delta for event in events(p, "fake-tools", tools=TOOLS) if event.type == "content_block_delta"]
    deltas = [delta for delta in deltas if delta.type == "input_json_delta"]
    # Gemini has no fragments of arguments.
    assert len(deltas) > (1 if p == "ge" else 6), "arguments come piece by piece"
    equal(answer.stop_reason, "tool_use")


@case
def tool_choice(p):
    def calls(name, choice):
        answer = message(p, name, tools=TOOLS, tool_choice=choice)
        return [block.name for block in answer.content if block.type == "tool_use"]

    equal(calls("fake", {"type": "tool", "name": "get_time"}), ["get_time"])
    equal(len(calls("fake", {"type": "any"})), 1)
    equal(calls("fake-tools", {"type": "none"}), [])
    # Gemini cannot be held to one call at a time.
    one = ["get_weather", "get_time"] if p == "ge" else ["get_weather"]
    equal(calls("fake-tools", {"type": "auto", "disable_parallel_tool_use": True}), one)
    equal(len(calls("fake-tools", {"type": "auto"})), 2)


@case
def images(p):
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": PICTURE_URL}},
    ]
    equal(text(message(p, "fake", messages=[{"role": "user", "content": parts}])), TEXT)
    arrived = arrived_parts(p)
    if p == "ge":
        equal(arrived[1], {"inlineData": {"mimeType": "image/png", "data": PNG}})
        equal(arrived[2], {"fileData": {"mimeType": "image/png", "fileUri": PICTURE_URL}})
    elif p == "oa":
        equal([part["image_url"]["url"] for part in arrived[1:]], [f"data:image/png;base64,{PNG}", PICTURE_URL])
    else:
        equal(arrived, parts)


@case
def a_pdf(p):
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
    message(p, "fake", messages=[{"role": "user", "content": [{"type": "text", "text": "Read"}, document]}])
    arrived = arrived_parts(p)[1]
    if p == "ge":
        equal(arrived, {"inlineData": {"mimeType": "application/pdf", "data": PDF}})
    elif p == "oa":
        equal(arrived["file"]["file_data"], f"data:application/pdf;base64,{PDF}")
    else:
        equal(arrived, document)


@case
def structured_output(p):
    shape = {"format": {"type": "json_schema", "schema": PERSON_SCHEMA}}
    equal(json.loads(text(message(p, "fake", output_config=shape))), PERSON)
    equal(json.loads(text(streamed_message(p, "fake", output_config=shape))), PERSON)


@only("an")
def thinking_is_replayed_with_its_signature(p):
    asked = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4000, "tools": TOOLS}
    for answer in (message(p, "fake-think-tools", **asked), streamed_message(p, "fake-think-tools", **asked)):
        thought = answer.content[0]
        equal((thought.type, thought.thinking, thought.signature), ("thinking", THOUGHT, SIGNATURE))
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "ok"} for call in answer.content if call.type == "tool_use"]
        turns = [*HELLO, {"role": "assistant", "content": answer.content}, {"role": "user", "content": results}]
        equal(text(message(p, "fake-think-tools", messages=turns, **asked)), "Results: ok | ok")
        sent = last()["body"]["messages"][1]["content"][0]
        equal((sent["thinking"], sent["signature"]), (THOUGHT, SIGNATURE))


@only("an")
def redacted_thinking(p):
    for answer in (message(p, "fake-redacted"), streamed_message(p, "fake-redacted")):
        equal((answer.content[0].type, answer.content[0].data), ("redacted_thinking", REDACTED))


@gateway_only("oa")
def thinking_of_the_other_protocol(p):
    for answer in (message(p, "fake-think"), streamed_message(p, "fake-think")):
        equal((answer.content[0].type, answer.content[0].thinking, text(answer)), ("thinking", THOUGHT, TEXT))


@case
def cached_tokens(p):
    written = CACHE_WRITE if p not in ("oa", "ge") else 0
    for answer in (message(p, "fake-cached"), streamed_message(p, "fake-cached")):
        usage = answer.usage
        equal((usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens or 0), (INPUT, CACHE_READ, written))


@only("an")
def cache_marks_arrive(p):
    system = [{"type": "text", "text": "Long rules", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    message(p, "fake", system=system)
    equal(last()["body"]["system"], system)


@case
def stop_reasons(p):
    answer = message(p, "fake", max_tokens=2)
    equal((text(answer), answer.stop_reason), ("The answer", "max_tokens"))
    equal(streamed_message(p, "fake", max_tokens=2).stop_reason, "max_tokens")
    for answer in (message(p, "fake", stop_sequences=["42"]), streamed_message(p, "fake", stop_sequences=["42"])):
        equal(text(answer), "The answer is ")
        # Neither OpenAI nor Gemini says whether a stop text or the model ended an answer.
        if p not in ("oa", "ge"):
            equal((answer.stop_reason, answer.stop_sequence), ("stop_sequence", "42"))


@case
def refusal(p):
    for answer in (message(p, "fake-refuse"), streamed_message(p, "fake-refuse")):
        # Gemini has no word for a model that declines.
        equal((text(answer), answer.stop_reason), (REFUSAL, "end_turn" if p == "ge" else "refusal"))


@case
def counting_tokens(p):
    counted = client.messages.count_tokens(model=model(p, "fake"), messages=HELLO, system="Be brief.", tools=TOOLS).input_tokens
    if p == "oa":
        assert 10 < counted < 400, counted
    else:
        equal(counted, COUNTED)


@gateway_case
def models():
    names = [one.id for one in client.models.list()]
    assert "sandbox/echo" in names, names
    one = client.models.retrieve("sandbox/echo")
    equal((one.id, one.type), ("sandbox/echo", "model"))
    raises(anthropic.NotFoundError, lambda: client.models.retrieve("nobody/nothing"), 404)


@case
def models_at_all():
    assert all(one.type == "model" and one.created_at for one in client.models.list())


@gateway_case
def the_sandbox():
    answer = client.messages.create(model="sandbox/echo", max_tokens=100, messages=[{"role": "user", "content": "Hello, gateway"}])
    assert "Hello, gateway" in text(answer)


@gateway_case
def every_form_of_the_base_url_and_of_the_key():
    for base in (BASE, ROOT, f"{ROOT}/anthropic", f"{ROOT}/llm_proxy/acme/v1", f"{ROOT}/llm_proxy/acme/anthropic"):
        for key in ({"api_key": KEY}, {"auth_token": KEY}):
            own = Anthropic(base_url=base, max_retries=0, **key)
            equal(text(own.messages.create(model="an/fake", max_tokens=100, messages=HELLO)), TEXT)
    arrived = last()
    assert KEY not in json.dumps(arrived), "the virtual key reached the provider"
    equal(arrived["headers"]["x-api-key"], "provider-secret")


@gateway_case
def beta_headers_go_through():
    client.messages.create(model="an/fake", max_tokens=100, messages=HELLO, extra_headers={"anthropic-beta": "context-1m-2025-08-07"})
    equal(last()["headers"]["anthropic-beta"], "context-1m-2025-08-07")


@gateway_case
def no_good_key():
    for key in ("sk-osai-nonsense", "sk-ant-other", DEAD_KEY):
        own = Anthropic(base_url=BASE, api_key=key, max_retries=0)
        raises(anthropic.AuthenticationError, lambda: own.messages.create(model="an/fake", max_tokens=9, messages=HELLO), 401)


@gateway_case
def not_allowed():
    own = Anthropic(base_url=BASE, api_key=NARROW_KEY, max_retries=0)
    raises(anthropic.PermissionDeniedError, lambda: own.messages.create(model="an/fake", max_tokens=9, messages=HELLO), 403)


@gateway_case
def no_such_model():
    for name in ("nobody/fake", "nothing-of-that-name"):
        raises(anthropic.NotFoundError, lambda: client.messages.create(model=name, max_tokens=9, messages=HELLO), 404)


@gateway_case
def a_bad_request():
    raises(anthropic.BadRequestError, lambda: message("oa", "fake", messages="no list"), 400)
    for body in (b"{", b"[]", b'{"model":"oa/fake","model":"an/fake","messages":[]}', b'{"messages":[]}', b'{"model":7,"messages":[]}'):
        status, _, said = post(ROOT + "/v1/messages", body, {"x-api-key": KEY, "anthropic-version": "2023-06-01"})
        equal((status, json.loads(said)["type"], json.loads(said)["error"]["type"]), (400, "error", "invalid_request_error"))


@gateway_case
def too_large():
    turns = [{"role": "user", "content": "x" * (33 * 1024 * 1024)}]
    raises(anthropic.RequestTooLargeError, lambda: message("an", "fake", messages=turns), 413)


@case
def the_provider_refuses(p):
    kinds = [
        (400, anthropic.BadRequestError), (404, anthropic.NotFoundError), (413, anthropic.RequestTooLargeError),
        (429, anthropic.RateLimitError), (500, anthropic.InternalServerError), (503, anthropic.ServiceUnavailableError),
        (529, anthropic.OverloadedError),
    ]
    for status, kind in kinds:
        error = raises(kind, lambda: message(p, f"fake-e{status}"), status)
        assert "asked for a" in str(error), error
        equal(error.response.headers.get("retry-after"), "7" if status in (429, 503, 529) else None)
        raises(kind, lambda: streamed_message(p, f"fake-e{status}"), status)


@gateway_case
def the_provider_answers_nonsense(p):
    for words in ("fake-e401", "fake-html", "fake-malformed", "fake-e502-html", "fake-rst", "fake-cut"):
        raises(anthropic.InternalServerError, lambda: message(p, words), 502)


@gateway_case
def streams_that_fail_say_so(p):
    for words in ("errevent", "rst", "cut", "malformed"):
        raises(anthropic.APIError, lambda: streamed_message(p, f"fake-s8-{words}"))


@case
def time_is_up(p):
    before = fake_get("cancelled/0")["cancelled"]
    raises(anthropic.APITimeoutError, lambda: message(p, "fake-hang", timeout=0.3))
    equal(fake_get(f"cancelled/{before + 1}")["cancelled"], before + 1)


if __name__ == "__main__":
    main()
