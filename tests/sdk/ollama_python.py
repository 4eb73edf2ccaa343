"""Ollama's Python client: chat, generate, embed, list, show and errors, with every provider protocol behind."""

import asyncio

import ollama

from cases import *

client = ollama.Client(host=ROOT, headers={"Authorization": f"Bearer {KEY}"}, timeout=20)
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is six times seven?"}]


def get_weather(city: str, unit: str = "celsius") -> str:
    """The weather.

    Args:
      city: where
      unit: of the temperature
    """
    return "sunny"


@case
def plain(p):
    answer = client.chat(model=model(p, "fake"), messages=HELLO)
    equal((answer.message.content, answer.message.role), (TEXT, "assistant"))
    equal((answer.done, answer.done_reason), (True, "stop"))
    equal((answer.prompt_eval_count, answer.eval_count), (INPUT, 5))


@case
def stream(p):
    pieces = list(client.chat(model=model(p, "fake"), messages=HELLO, stream=True))
    equal("".join(piece.message.content or "" for piece in pieces), TEXT)
    assert len(pieces) > 3 and pieces[-1].done and not pieces[0].done
    equal((pieces[-1].prompt_eval_count, pieces[-1].eval_count), (INPUT, 5))
    assert pieces[-1].total_duration is not None


@case
def unicode(p):
    pieces = client.chat(model=model(p, "fake-unicode"), messages=HELLO, stream=True)
    equal("".join(piece.message.content or "" for piece in pieces), UNICODE)


@case
def generate(p):
    equal(client.generate(model=model(p, "fake"), prompt="Hi", system="Be brief.").response, TEXT)
    pieces = client.generate(model=model(p, "fake"), prompt="Hi", stream=True)
    equal("".join(piece.response for piece in pieces), TEXT)


@case
def tools_go_round(p):
    tools = [get_weather]
    answer = client.chat(model=model(p, "fake-tools"), messages=HELLO, tools=tools)
    calls = answer.message.tool_calls
    equal([call.function.name for call in calls], ["get_weather", "get_time"])
    equal([dict(call.function.arguments) for call in calls], [WEATHER, TIME])
    results = [{"role": "tool", "content": text, "tool_name": name} for text, name in [("sun", "get_weather"), ("noon", "get_time")]]
    again = client.chat(model=model(p, "fake-tools"), messages=[*HELLO, answer.message, *results], tools=tools)
    equal(again.message.content, "Results: sun | noon")
    streamed = list(client.chat(model=model(p, "fake-tools"), messages=HELLO, tools=tools, stream=True))
    equal(sum(len(piece.message.tool_calls or []) for piece in streamed), 2)


@case
def thinking(p):
    answer = client.chat(model=model(p, "fake-think"), messages=HELLO, think=True, options={"num_predict": 3000})
    equal((answer.message.thinking, answer.message.content), (THOUGHT, TEXT))


@case
def pictures_and_schemas_arrive(p):
    picture = {"role": "user", "content": "What is it?", "images": [PNG]}
    client.chat(model=model(p, "fake"), messages=[picture])
    assert PNG in json.dumps(last()["body"])
    answer = client.chat(model=model(p, "fake-json"), messages=HELLO, format=PERSON_SCHEMA)
    equal(json.loads(answer.message.content), {"name": "Ada", "age": 36})


@case
def limits(p):
    answer = client.chat(model=model(p, "fake"), messages=HELLO, options={"num_predict": 2, "temperature": 0.5})
    equal((answer.message.content, answer.done_reason), ("The answer", "length"))


@case
def vectors(p):
    if p == "an":
        return
    answer = client.embed(model=model(p, "fake"), input=["a", "b"])
    equal([list(vector) for vector in answer.embeddings], [[0.5, -0.25, 0.0, 1.0], [0.5, -0.25, 1.0, 1.0]])
    equal(list(client.embeddings(model=model(p, "fake"), prompt="a").embedding), [0.5, -0.25, 0.0, 1.0])


@case
def errors(p):
    for name, status in [("fake-e429", 429), ("fake-e500", 500)]:
        try:
            client.chat(model=model(p, name), messages=HELLO)
            raise AssertionError("no error")
        except ollama.ResponseError as error:
            equal(error.status_code, status)
            assert "fake provider" in error.error, error.error
    try:
        list(client.chat(model=model(p, "fake-errevent"), messages=HELLO, stream=True))
        raise AssertionError("no error")
    except ollama.ResponseError as error:
        assert error.error


@case
def models():
    names = [entry.model for entry in client.list().models]
    assert "sandbox/echo" in names, names
    shown = client.show("sandbox/tools")
    assert "tools" in shown.capabilities, shown
    try:
        ollama.Client(host=ROOT).list()
        raise AssertionError("no error")
    except ollama.ResponseError as error:
        equal(error.status_code, 401)


@case
def asynchronous():
    async def talk():
        client = ollama.AsyncClient(host=ROOT, headers={"Authorization": f"Bearer {KEY}"})
        answer = await client.chat(model="ol/fake", messages=HELLO, stream=True)
        return "".join([piece.message.content or "" async for piece in answer])

    equal(asyncio.run(talk()), TEXT)


if __name__ == "__main__":
    main()
