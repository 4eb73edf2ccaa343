"""OpenAI's Python SDK: chat, completions, embeddings, models and every error class."""

import asyncio

import openai
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from cases import *

client = OpenAI(base_url=BASE, api_key=KEY, max_retries=0, timeout=20)
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is six times seven?"}]
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": WEATHER_SCHEMA}},
    {"type": "function", "function": {"name": "get_time", "description": "The time", "parameters": TIME_SCHEMA}},
]


def chat(provider, name, **more):
    return client.chat.completions.create(**{"model": model(provider, name), "messages": HELLO, **more})


def stream(provider, name, **more):
    return list(chat(provider, name, stream=True, **more))


def said(chunks, field="content"):
    return "".join(getattr(choice.delta, field, None) or "" for chunk in chunks for choice in chunk.choices)


def finish(chunks):
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


@case
def plain(p):
    answer = chat(p, "fake")
    equal(answer.choices[0].message.content, TEXT)
    equal(answer.choices[0].message.role, "assistant")
    equal(answer.choices[0].finish_reason, "stop")
    equal(answer.object, "chat.completion")
    equal((answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens), (INPUT, 5, INPUT + 5))


@case
def unicode(p):
    equal(chat(p, "fake-unicode").choices[0].message.content, UNICODE)
    equal(said(stream(p, "fake-unicode-bytes")), UNICODE)


@case
def the_system_prompt_and_the_conversation_arrive(p):
    turns = [*HELLO, {"role": "assistant", "content": "42"}, {"role": "user", "content": "Sure?"}]
    chat(p, "fake", messages=turns, temperature=0.5, top_p=0.9)
    body = last()["body"]
    if p == "an":
        assert "Be brief." in json.dumps(body["system"])
        equal([turn["role"] for turn in body["messages"]], ["user", "assistant", "user"])
    elif p == "ge":
        assert "Be brief." in json.dumps(body["systemInstruction"])
        equal([turn["role"] for turn in body["contents"]], ["user", "model", "user"])
        body = {"temperature": body["generationConfig"]["temperature"], "top_p": body["generationConfig"]["topP"]}
    else:
        equal(body["messages"], turns)
    equal((body["temperature"], body["top_p"]), (0.5, 0.9))


@case
def streamed(p):
    chunks = stream(p, "fake")
    equal(said(chunks), TEXT)
    equal(finish(chunks), ["stop"])
    assert len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]) == 5, "five pieces"
    assert all(chunk.usage is None for chunk in chunks), "no usage unless asked for"
    assert all(chunk.choices for chunk in chunks), "no empty chunk unless asked for"


@case
def streamed_usage(p):
    chunks = stream(p, "fake", stream_options={"include_usage": True})
    equal(said(chunks), TEXT)
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    equal([(usage.prompt_tokens, usage.completion_tokens) for usage in usages], [(INPUT, 5)])
    equal(chunks[-1].choices, [])


@case
def streams_however_they_are_cut(p):
    for words in ("fake-bytes", "fake-crlf", "fake-ping", "fake-d5", "fake-s200"):
        text = "".join(f"w{i} " for i in range(200)) if words == "fake-s200" else TEXT
        equal(said(stream(p, words)), text)


@case
def the_stream_helper(p):
    with client.chat.completions.stream(model=model(p, "fake-tools"), messages=HELLO, tools=TOOLS) as events:
        for _ in events:
            pass
        answer = events.get_final_completion()
    equal([call.function.name for call in answer.choices[0].message.tool_calls], ["get_weather", "get_time"])


@case
def an_asynchronous_client(p):
    async def calls():
        async with AsyncOpenAI(base_url=BASE, api_key=KEY, max_retries=0) as own:
            one = lambda: own.chat.completions.create(model=model(p, "fake"), messages=HELLO)
            return await asyncio.gather(*[one() for _ in range(20)])

    equal([answer.choices[0].message.content for answer in asyncio.run(calls())], [TEXT] * 20)


@case
def parallel_tool_calls(p):
    message = chat(p, "fake-tools", tools=TOOLS).choices[0].message
    equal(message.content, LOOKING)
    equal([call.id for call in message.tool_calls], ["call_fake_0", "call_fake_1"])
    equal([call.function.name for call in message.tool_calls], ["get_weather", "get_time"])
    equal([json.loads(call.function.arguments) for call in message.tool_calls], [WEATHER, TIME])
    equal(chat(p, "fake-tools", tools=TOOLS).choices[0].finish_reason, "tool_calls")


@case
def tool_results_round_trip(p):
    message = chat(p, "fake-tools", tools=TOOLS).choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": text} for call, text in zip(message.tool_calls, ["22 C", "noon"])
    ]
    turns = [*HELLO, message.model_dump(exclude_none=True), *results]
    answer = chat(p, "fake-tools", tools=TOOLS, messages=turns)
    equal(answer.choices[0].message.content, "Results: 22 C | noon")
    if p == "an":
        blocks = last()["body"]["messages"][-1]["content"]
        equal([block["tool_use_id"] for block in blocks], ["call_fake_0", "call_fake_1"])
        calls = [block for block in last()["body"]["messages"][-2]["content"] if block["type"] == "tool_use"]
        equal([call["input"] for call in calls], [WEATHER, TIME])


@case
def streamed_tool_calls(p):
    chunks = stream(p, "fake-tools", tools=TOOLS)
    calls = {}
    fragments = 0
    for chunk in chunks:
        for delta in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
            call = calls.setdefault(delta.index, {"id": delta.id, "name": delta.function.name, "arguments": ""})
            call["arguments"] += delta.function.arguments or ""
            fragments += 1
    equal(sorted(calls), [0, 1])
    equal([(call["id"], call["name"]) for call in calls.values()], [("call_fake_0", "get_weather"), ("call_fake_1", "get_time")])
    equal([json.loads(call["arguments"]) for call in calls.values()], [WEATHER, TIME])
    # Gemini has no fragments of arguments.
    assert fragments > (3 if p == "ge" else 6), "arguments come piece by piece"
    equal((said(chunks), finish(chunks)), (LOOKING, ["tool_calls"]))


@case
def tool_choice(p):
    forced = {"type": "function", "function": {"name": "get_time"}}
    calls = lambda **more: chat(p, tools=TOOLS, **more).choices[0].message.tool_calls
    equal([call.function.name for call in calls(name="fake", tool_choice=forced)], ["get_time"])
    equal(len(calls(name="fake", tool_choice="required")), 1)
    equal(calls(name="fake-tools", tool_choice="none"), None)
    # Gemini cannot be held to one call at a time.
    equal(len(calls(name="fake-tools", parallel_tool_calls=False)), 2 if p == "ge" else 1)
    equal(len(calls(name="fake-tools", tool_choice="auto")), 2)


@case
def tool_schemas_arrive_as_they_are(p):
    chat(p, "fake-tools", tools=TOOLS)
    tools = last()["body"]["tools"]
    if p == "ge":
        schemas = [tool["parametersJsonSchema"] for tool in tools[0]["functionDeclarations"]]
    else:
        schemas = [tool["input_schema"] if p == "an" else tool["function"]["parameters"] for tool in tools]
    equal(json.dumps(schemas), json.dumps([WEATHER_SCHEMA, TIME_SCHEMA]))


@case
def images(p):
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": PICTURE_URL}},
    ]
    equal(chat(p, "fake", messages=[{"role": "user", "content": parts}]).choices[0].message.content, TEXT)
    arrived = arrived_parts(p)
    if p == "ge":
        equal(arrived[1], {"inlineData": {"mimeType": "image/png", "data": PNG}})
        equal(arrived[2], {"fileData": {"mimeType": "image/png", "fileUri": PICTURE_URL}})
    elif p == "an":
        equal([part["type"] for part in arrived], ["text", "image", "image"])
        equal(arrived[1]["source"], {"type": "base64", "media_type": "image/png", "data": PNG})
        equal(arrived[2]["source"], {"type": "url", "url": PICTURE_URL})
    else:
        equal(arrived, parts)


@case
def a_pdf(p):
    document = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
    chat(p, "fake", messages=[{"role": "user", "content": [{"type": "text", "text": "Read"}, document]}])
    arrived = arrived_parts(p)[1]
    if p == "ge":
        equal(arrived, {"inlineData": {"mimeType": "application/pdf", "data": PDF}})
    elif p == "an":
        equal(arrived["type"], "document")
        equal(arrived["source"], {"type": "base64", "media_type": "application/pdf", "data": PDF})
    else:
        equal(arrived, document)


class Person(BaseModel):
    name: str
    age: int


@case
def structured_output(p):
    answer = client.chat.completions.parse(model=model(p, "fake"), messages=HELLO, response_format=Person)
    equal(answer.choices[0].message.parsed, Person(name="Ada", age=36))


@case
def a_json_schema(p):
    shape = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON_SCHEMA}}
    equal(json.loads(chat(p, "fake", response_format=shape).choices[0].message.content), PERSON)
    equal(json.loads(said(stream(p, "fake", response_format=shape))), PERSON)


@case
def cached_tokens(p):
    prompt = INPUT + CACHE_READ + (CACHE_WRITE if p == "an" else 0)
    usage = chat(p, "fake-cached").usage
    equal((usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens), (prompt, CACHE_READ))
    usage = stream(p, "fake-cached", stream_options={"include_usage": True})[-1].usage
    equal((usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens), (prompt, CACHE_READ))
    equal(usage.total_tokens, prompt + 5)


@case
def reasoning(p):
    message = chat(p, "fake-think").choices[0].message
    equal((message.content, message.reasoning_content), (TEXT, THOUGHT))
    chunks = stream(p, "fake-think")
    equal((said(chunks), said(chunks, "reasoning_content")), (TEXT, THOUGHT))


@only("oa")
def reasoning_tokens(p):
    equal(chat(p, "fake-think").usage.completion_tokens_details.reasoning_tokens, 3)


@case
def max_tokens(p):
    for limit in ({"max_tokens": 2}, {"max_completion_tokens": 2}):
        answer = chat(p, "fake", **limit)
        equal((answer.choices[0].message.content, answer.choices[0].finish_reason), ("The answer", "length"))
    equal(finish(stream(p, "fake", max_tokens=2)), ["length"])


@case
def stop_texts(p):
    for stop in ("42", ["nothing", "42"]):
        answer = chat(p, "fake", stop=stop)
        equal((answer.choices[0].message.content, answer.choices[0].finish_reason), ("The answer is ", "stop"))
    chunks = stream(p, "fake", stop=["42"])
    equal((said(chunks), finish(chunks)), ("The answer is ", ["stop"]))


@only("oa")
def content_filter(p):
    equal(chat(p, "fake-filter").choices[0].finish_reason, "content_filter")
    equal(finish(stream(p, "fake-filter")), ["content_filter"])


@only("oa")
def refusal(p):
    message = chat(p, "fake-refuse").choices[0].message
    equal((message.content, message.refusal), (None, REFUSAL))
    equal(said(stream(p, "fake-refuse"), "refusal"), REFUSAL)


@gateway_only("an")
def refusal_of_the_other_protocol(p):
    choice = chat(p, "fake-refuse").choices[0]
    assert REFUSAL in (choice.message.refusal or "") + (choice.message.content or "")
    assert choice.message.refusal or choice.finish_reason == "content_filter", choice


@only("oa")
def several_answers(p):
    equal([choice.message.content for choice in chat(p, "fake", n=3).choices], [TEXT] * 3)
    chunks = stream(p, "fake", n=2)
    equal(sorted({choice.index for chunk in chunks for choice in chunk.choices}), [0, 1])


@gateway_only("an")
def several_answers_where_there_is_one(p):
    raw = client.chat.completions.with_raw_response.create(model=model(p, "fake"), messages=HELLO, n=2)
    equal((len(raw.parse().choices), raw.headers["x-optscale-dropped"]), (1, "n"))


@only("oa")
def logprobs(p):
    content = chat(p, "fake", logprobs=True).choices[0].logprobs.content
    equal([(token.token, token.logprob) for token in content][:2], [("The", -0.25), (" answer", -0.25)])
    tokens = [token.token for chunk in stream(p, "fake", logprobs=True) for c in chunk.choices if c.logprobs for token in c.logprobs.content]
    equal("".join(tokens), TEXT)


@only("oa")
def embeddings(p):
    answer = client.embeddings.create(model=model(p, "fake"), input=["one", "two"])
    equal([row.embedding for row in answer.data], [[0.5, -0.25, 0.0, 1.0], [0.5, -0.25, 1.0, 1.0]])
    floats = client.embeddings.create(model=model(p, "fake"), input="one", encoding_format="float", dimensions=4)
    equal(floats.data[0].embedding, [0.5, -0.25, 0.0, 1.0])
    equal((floats.usage.prompt_tokens, last()["body"]["dimensions"]), (INPUT, 4))
    client.embeddings.create(model=model(p, "fake"), input=[[1, 2, 3], [4]])
    equal(last()["body"]["input"], [[1, 2, 3], [4]])


@gateway_only("an")
def embeddings_where_there_are_none(p):
    raises(openai.BadRequestError, lambda: client.embeddings.create(model=model(p, "fake"), input="one"), 400)


@only("oa")
def completions(p):
    answer = client.completions.create(model=model(p, "fake"), prompt="Six times seven is")
    equal((answer.choices[0].text, answer.choices[0].finish_reason, answer.usage.total_tokens), (TEXT, "stop", INPUT + 5))
    chunks = list(client.completions.create(model=model(p, "fake"), prompt="Six times seven is", stream=True))
    equal("".join(choice.text for chunk in chunks for choice in chunk.choices), TEXT)


@case
def unknown_fields_go_through(p):
    chat(p, "fake", extra_body={"own_field": {"b": 1, "a": [1.50]}}, seed=7)
    if p not in ("an", "ge"):
        equal((last()["body"]["own_field"], last()["body"]["seed"]), ({"b": 1, "a": [1.5]}, 7))


@only("oa")
def the_same_protocol_goes_through_byte_for_byte(p):
    body = b'{ "messages":[{"role":"user","content":"\\u0041 hi"}],\n "model" : "' + model(p, "fake").encode() + b'", "temperature":1.50, "zz":1e2}'
    post(BASE + "/chat/completions", body, {"authorization": f"Bearer {KEY}"})
    arrived = last()
    equal(arrived["headers"]["content-length"], str(len(body) - len(model(p, "fake")) + len("fake")))
    equal(list(arrived["body"]), ["messages", "model", "temperature", "zz"])


@gateway_case
def models():
    names = [one.id for one in client.models.list()]
    assert "sandbox/echo" in names, names
    one = client.models.retrieve("sandbox/echo")
    equal((one.id, one.object), ("sandbox/echo", "model"))
    raises(openai.NotFoundError, lambda: client.models.retrieve("nobody/nothing"), 404)


@case
def models_at_all():
    assert all(one.object == "model" for one in client.models.list())


@gateway_case
def the_sandbox():
    answer = client.chat.completions.create(model="sandbox/echo", messages=[{"role": "user", "content": "Hello, gateway"}])
    assert "Hello, gateway" in answer.choices[0].message.content
    chunks = list(client.chat.completions.create(model="sandbox/echo", messages=[{"role": "user", "content": "again"}], stream=True))
    assert "again" in said(chunks)


@gateway_case
def every_way_to_send_the_key():
    body = {"model": "oa/fake", "messages": HELLO}
    ways = [{"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}, {"api-key": KEY}, {"x-goog-api-key": KEY}]
    for headers in ways:
        equal(post(BASE + "/chat/completions", body, headers)[0], 200)
    equal(post(f"{BASE}/chat/completions?key={KEY}", body, {})[0], 200)
    arrived = last()
    assert KEY not in json.dumps(arrived), "the virtual key reached the provider"
    equal(arrived["headers"]["authorization"], "Bearer provider-secret")


@gateway_case
def every_form_of_the_base_url():
    for base in (BASE, f"{ROOT}/v1/", f"{ROOT}/llm_proxy/acme/v1", ROOT):
        own = OpenAI(base_url=base, api_key=KEY, max_retries=0)
        answer = own.chat.completions.create(model="oa/fake", messages=HELLO)
        equal(answer.choices[0].message.content, TEXT)


@gateway_case
def response_headers():
    raw = client.chat.completions.with_raw_response.create(model="oa/fake", messages=HELLO)
    assert raw.headers["x-optscale-trace-id"]
    equal((raw.headers["x-optscale-provider"], raw.headers["x-optscale-model"]), ("oa", "fake"))


@gateway_case
def what_was_dropped_is_named():
    raw = client.chat.completions.with_raw_response.create(model="an/fake", messages=HELLO, logit_bias={"1": 5})
    assert "logit_bias" in raw.headers["x-optscale-dropped"], raw.headers


@gateway_case
def no_good_key():
    for key in ("sk-osai-nonsense", "sk-other", DEAD_KEY):
        own = OpenAI(base_url=BASE, api_key=key, max_retries=0)
        error = raises(openai.AuthenticationError, lambda: own.chat.completions.create(model="oa/fake", messages=HELLO), 401)
        equal(error.code, "invalid_api_key")


@gateway_case
def not_allowed():
    own = OpenAI(base_url=BASE, api_key=NARROW_KEY, max_retries=0)
    equal(own.chat.completions.create(model="oa/fake", messages=HELLO).choices[0].message.content, TEXT)
    error = raises(openai.PermissionDeniedError, lambda: own.chat.completions.create(model="an/fake", messages=HELLO), 403)
    equal(error.code, "model_not_allowed")


@gateway_case
def no_such_model():
    for name in ("nobody/fake", "nothing-of-that-name"):
        error = raises(openai.NotFoundError, lambda: client.chat.completions.create(model=name, messages=HELLO), 404)
        equal(error.code, "model_not_found")


@gateway_case
def a_bad_request():
    raises(openai.BadRequestError, lambda: client.chat.completions.create(model="", messages=HELLO))
    raises(openai.BadRequestError, lambda: client.chat.completions.create(model="an/fake", messages="no list"), 400)
    for body in (b"{", b"[]", b'{"model":"oa/fake","model":"an/fake","messages":[]}', b'{"messages":[]}', b'{"model":7,"messages":[]}'):
        status, _, text = post(BASE + "/chat/completions", body, {"authorization": f"Bearer {KEY}"})
        equal((status, json.loads(text)["error"]["type"]), (400, "invalid_request_error"))


@gateway_case
def too_large():
    turns = [{"role": "user", "content": "x" * (33 * 1024 * 1024)}]
    error = raises(openai.APIStatusError, lambda: client.chat.completions.create(model="oa/fake", messages=turns), 413)
    equal(error.code, "request_too_large")


@gateway_case
def no_such_endpoint():
    raises(openai.NotFoundError, lambda: client.post("/no/such/thing", body={}, cast_to=object), 404)


@case
def the_provider_refuses(p):
    kinds = [
        (400, openai.BadRequestError), (404, openai.NotFoundError), (413, openai.APIStatusError), (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError), (500, openai.InternalServerError), (503, openai.InternalServerError), (529, openai.InternalServerError),
    ]
    for status, kind in kinds:
        error = raises(kind, lambda: chat(p, f"fake-e{status}"), status)
        assert "asked for a" in str(error), error
        equal(error.response.headers.get("retry-after"), "7" if status in (429, 503, 529) else None)
        raises(kind, lambda: stream(p, f"fake-e{status}"), status)


@gateway_case
def the_provider_rejects_the_gateways_key(p):
    error = raises(openai.InternalServerError, lambda: chat(p, "fake-e401"), 502)
    equal(error.code, "provider_key_rejected")


@gateway_case
def the_provider_answers_nonsense(p):
    for words in ("fake-html", "fake-malformed"):
        raises(openai.InternalServerError, lambda: chat(p, words), 502)
    raises(openai.InternalServerError, lambda: chat(p, "fake-e502-html"), 502)


@gateway_case
def the_provider_breaks_off_a_whole_answer(p):
    for words in ("fake-rst", "fake-cut"):
        raises(openai.InternalServerError, lambda: chat(p, words), 502)


@gateway_case
def streams_that_fail_say_so(p):
    for words in ("errevent", "rst", "cut", "malformed"):
        error = raises(openai.APIError, lambda: stream(p, f"fake-s8-{words}"))
        assert error.message, error


@case
def time_is_up(p):
    before = fake_get("cancelled/0")["cancelled"]
    raises(openai.APITimeoutError, lambda: chat(p, "fake-hang", timeout=0.3))
    equal(fake_get(f"cancelled/{before + 1}")["cancelled"], before + 1)


@case
def hanging_up_reaches_the_provider(p):
    before = fake_get("cancelled/0")["cancelled"]
    with chat(p, "fake-s1000-d20", stream=True) as chunks:
        next(iter(chunks))
    equal(fake_get(f"cancelled/{before + 1}")["cancelled"], before + 1)


if __name__ == "__main__":
    main()
