"""Google's Gen AI SDK for Python: answers, streams, chats, tools, thinking, counts, embeddings, models, errors."""

import base64

from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from cases import *

QUESTION = "What is six times seven?"
client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=ROOT, timeout=20_000))
TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(name="get_weather", description="The weather", parameters_json_schema=WEATHER_SCHEMA),
            types.FunctionDeclaration(
                name="get_time",
                description="The time",
                parameters=types.Schema(type="OBJECT", properties={"zone": types.Schema(type="STRING")}, required=["zone"]),
            ),
        ]
    )
]


class Person(BaseModel):
    name: str
    age: int


def ask(provider, name, contents=QUESTION, **config):
    config = types.GenerateContentConfig(**config)
    return client.models.generate_content(model=model(provider, name), contents=contents, config=config)


def stream(provider, name, contents=QUESTION, **config):
    config = types.GenerateContentConfig(**config)
    return list(client.models.generate_content_stream(model=model(provider, name), contents=contents, config=config))


def text(pieces):
    return "".join(piece.text or "" for piece in pieces)


def sent():
    return last()["body"]


@case
def plain(p):
    answer = ask(p, "fake")
    equal((answer.text, answer.candidates[0].finish_reason), (TEXT, types.FinishReason.STOP))
    usage = answer.usage_metadata
    equal((usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count), (INPUT, 5, INPUT + 5))
    assert answer.response_id and answer.model_version, answer


@case
def streamed(p):
    pieces = stream(p, "fake")
    equal((text(pieces), pieces[-1].candidates[0].finish_reason), (TEXT, types.FinishReason.STOP))
    assert len([piece for piece in pieces if piece.text]) >= 5, pieces
    equal((pieces[-1].usage_metadata.prompt_token_count, pieces[-1].usage_metadata.candidates_token_count), (INPUT, 5))


@case
def streams_however_they_are_cut(p):
    for words in ("fake-bytes", "fake-crlf", "fake-ping", "fake-d5"):
        equal(text(stream(p, words)), TEXT)
    equal(text(stream(p, "fake-unicode-bytes")), UNICODE)


@case
def instructions_and_settings_arrive(p):
    safety = [types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_NONE")]
    ask(p, "fake", system_instruction="Be brief.", temperature=0.5, top_p=0.9, seed=7, stop_sequences=["END"], safety_settings=safety)
    body = sent()
    if p in ("ge", "direct"):
        equal(body["systemInstruction"]["parts"][0]["text"], "Be brief.")
        equal((body["generationConfig"]["seed"], body["safetySettings"][0]["threshold"]), (7, "BLOCK_NONE"))
    else:
        assert "Be brief." in json.dumps(body) and body["temperature"] == 0.5, body


@gateway_case
def what_is_lost_is_named():
    url = f"{ROOT}/v1beta/models/an/fake:generateContent"
    body = {"contents": [{"parts": [{"text": "hi"}]}], "safetySettings": [{"category": "x"}], "generationConfig": {"seed": 7, "speechConfig": {}}}
    _, headers, _ = post(url, body, {"x-goog-api-key": KEY})
    dropped = headers["x-optscale-dropped"]
    assert all(name in dropped for name in ("safetySettings", "seed", "generationConfig.speechConfig")), dropped


@case
def chats_keep_their_history(p):
    chat = client.chats.create(model=model(p, "fake"))
    equal(chat.send_message(QUESTION).text, TEXT)
    equal(text(list(chat.send_message_stream("Sure?"))), TEXT)
    assert len(chat.get_history(curated=True)) >= 4, chat.get_history(curated=True)
    equal(chat.send_message("Really?").text, TEXT)
    assert json.dumps(sent()).count("42") >= 2, sent()


@case
def parallel_calls_and_their_results(p):
    for whole in (True, False):
        pieces = [ask(p, "fake-tools", tools=TOOLS)] if whole else stream(p, "fake-tools", tools=TOOLS)
        calls = [call for piece in pieces for call in piece.function_calls or []]
        equal([(call.name, call.args) for call in calls], [("get_weather", WEATHER), ("get_time", TIME)])
        turns = [types.Content(role="user", parts=[types.Part(text=QUESTION)])]
        turns += [piece.candidates[0].content for piece in pieces]
        results = [
            types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": call.name}))
            for call in calls
        ]
        turns.append(types.Content(role="user", parts=results))
        equal(ask(p, "fake", contents=turns, tools=TOOLS).text, "Results: get_weather | get_time")


@case
def functions_are_called_by_the_sdk(p):
    asked = []

    def get_weather(city: str, unit: str) -> str:
        """The weather of a city."""
        asked.append((city, unit))
        return "22 C"

    answer = ask(p, "fake-tool", tools=[get_weather])
    equal((answer.text, asked), ("Results: 22 C", [("Paris", "celsius")]))


@case
def calls_are_forced_forbidden_and_named(p):
    def called(name, mode, allowed=None):
        calling = types.FunctionCallingConfig(mode=mode, allowed_function_names=allowed)
        answer = ask(p, name, tools=TOOLS, tool_config=types.ToolConfig(function_calling_config=calling))
        return [call.name for call in answer.function_calls or []]

    equal(called("fake", "ANY", ["get_time"]), ["get_time"])
    equal(len(called("fake", "ANY")), 1)
    equal(called("fake-tools", "NONE"), [])
    equal(called("fake-tools", "AUTO"), ["get_weather", "get_time"])


@case
def images_and_documents(p):
    parts = [
        types.Part(text="Look"),
        types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png"),
        types.Part.from_bytes(data=base64.b64decode(PDF), mime_type="application/pdf"),
        types.Part.from_uri(file_uri=PICTURE_URL, mime_type="image/png"),
    ]
    equal(ask(p, "fake", contents=[types.Content(role="user", parts=parts)]).text, TEXT)
    arrived = json.dumps(sent())
    assert PNG.rstrip("=")[:40] in arrived and PDF[:30] in arrived and PICTURE_URL in arrived, arrived


@case
def structured_output(p):
    for shape in ({"response_schema": Person}, {"response_json_schema": PERSON_SCHEMA}):
        answer = ask(p, "fake", response_mime_type="application/json", **shape)
        equal(json.loads(answer.text), PERSON)
    equal(ask(p, "fake", response_mime_type="application/json", response_schema=Person).parsed, Person(name="Ada", age=36))


@case
def thoughts_and_their_seals(p):
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)
    for whole in (True, False):
        asked = {"tools": TOOLS, "thinking_config": thinking}
        pieces = [ask(p, "fake-think-tool", **asked)] if whole else stream(p, "fake-think-tool", **asked)
        parts = [part for piece in pieces for part in piece.candidates[0].content.parts]
        equal("".join(part.text for part in parts if part.thought and part.text), THOUGHT)
        equal(sum(piece.usage_metadata.thoughts_token_count or 0 for piece in pieces[-1:]), 0 if p == "an" else 3)
        call = next(part for part in parts if part.function_call)
        assert bool(call.thought_signature) == (p != "oa"), call
        # Clients that leave thoughts out send the signature of the call all the same.
        response = types.FunctionResponse(id=call.function_call.id, name="get_weather", response={"output": "22 C"})
        turns = [
            types.Content(role="user", parts=[types.Part(text=QUESTION)]),
            types.Content(role="model", parts=[call]),
            types.Content(role="user", parts=[types.Part(function_response=response)]),
        ]
        equal(ask(p, "fake", contents=turns, **asked).text, "Results: 22 C")
        if p == "an":
            equal(sent()["messages"][1]["content"][0], {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE})
        if p in ("ge", "direct"):
            equal(sent()["contents"][1]["parts"][0]["thoughtSignature"], SIGNATURE)


@case
def cached_tokens(p):
    usage = ask(p, "fake-cached").usage_metadata
    written = CACHE_WRITE if p == "an" else 0
    equal((usage.prompt_token_count, usage.cached_content_token_count), (INPUT + CACHE_READ + written, CACHE_READ))


@case
def finish_reasons(p):
    answer = ask(p, "fake", max_output_tokens=2)
    equal((answer.text, answer.candidates[0].finish_reason), ("The answer", types.FinishReason.MAX_TOKENS))
    equal(ask(p, "fake", stop_sequences=["42"]).text, "The answer is ")
    equal(ask(p, "fake-filter").candidates[0].finish_reason, types.FinishReason.SAFETY)


@case
def counting_tokens(p):
    counted = client.models.count_tokens(model=model(p, "fake"), contents=QUESTION).total_tokens
    assert counted > 0 if p == "oa" else counted == COUNTED, counted


@only("ge")
def embeddings(p):
    answer = client.models.embed_content(model=model(p, "fake"), contents=["a", "b"])
    equal([one.values for one in answer.embeddings], [[0.5, -0.25, 0, 1], [0.5, -0.25, 1, 1]])


@gateway_case
def models():
    names = [one.name for one in client.models.list()]
    assert "models/sandbox/echo" in names, names
    equal(client.models.get(model="sandbox/echo").name, "models/sandbox/echo")


@gateway_case
def every_form_of_the_base_url():
    for base in (ROOT, BASE, f"{ROOT}/llm_proxy/acme/v1", f"{ROOT}/llm_proxy/acme"):
        for version in ("v1beta", "v1", "v1alpha"):
            own = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=base, api_version=version))
            equal(own.models.generate_content(model="ge/fake", contents=QUESTION).text, TEXT)
    assert KEY not in json.dumps(last()), "the virtual key reached the provider"


@gateway_case
def vertex_style_urls():
    options = types.HttpOptions(base_url=ROOT)
    own = genai.Client(vertexai=True, api_key=KEY, http_options=options)
    equal(own.models.generate_content(model="an/fake", contents=QUESTION).text, TEXT)


@gateway_case
def refusals():
    def fails(status, name, key=KEY):
        own = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=ROOT))
        error = raises(errors.APIError, lambda: own.models.generate_content(model=name, contents=QUESTION))
        equal(error.code, status)
        return error

    equal(fails(401, "ge/fake", "sk-osai-nonsense").status, "UNAUTHENTICATED")
    equal(fails(401, "ge/fake", DEAD_KEY).code, 401)
    equal(fails(403, "ge/fake", NARROW_KEY).status, "PERMISSION_DENIED")
    equal(fails(404, "nobody/fake").status, "NOT_FOUND")


@case
def the_provider_refuses(p):
    for status in (400, 429, 503):
        error = raises(errors.APIError, lambda: ask(p, f"fake-e{status}"))
        equal(error.code, status)
        assert "asked for a" in error.message, error
        equal(raises(errors.APIError, lambda: stream(p, f"fake-e{status}")).code, status)


@gateway_case
def the_provider_answers_nonsense(p):
    for words in ("fake-e401", "fake-html", "fake-malformed", "fake-rst", "fake-cut"):
        equal(raises(errors.ServerError, lambda: ask(p, words)).code, 502)


@gateway_case
def streams_that_fail_say_so(p):
    for words in ("errevent", "rst", "cut", "malformed"):
        raises(errors.APIError, lambda: stream(p, f"fake-s8-{words}"))


if __name__ == "__main__":
    main()
