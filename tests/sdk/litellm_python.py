"""LiteLLM as a client, in both protocols. tests/sdk.rs sets LITELLM_LOCAL_MODEL_COST_MAP, so that
it reads its own list of prices instead of asking for one."""

import litellm

from cases import *

litellm.telemetry = False
litellm.suppress_debug_info = True
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is six times seven?"}]
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": WEATHER_SCHEMA}},
    {"type": "function", "function": {"name": "get_time", "description": "The time", "parameters": TIME_SCHEMA}},
]


def complete(protocol, provider, name, **more):
    asked = {"model": f"{protocol}/{model(provider, name)}", "messages": HELLO, **more}
    return litellm.completion(api_base=BASE, api_key=KEY, num_retries=0, max_retries=0, timeout=20, **asked)


@case
def plain(p):
    for protocol in ("openai", "anthropic"):
        answer = complete(protocol, p, "fake")
        equal((answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens), (TEXT, INPUT, 5))


@case
def streamed(p):
    for protocol in ("openai", "anthropic"):
        pieces = [chunk.choices[0].delta.content or "" for chunk in complete(protocol, p, "fake", stream=True)]
        equal("".join(pieces), TEXT)


@case
def tools(p):
    for protocol in ("openai", "anthropic"):
        calls = complete(protocol, p, "fake-tools", tools=TOOLS).choices[0].message.tool_calls
        equal([json.loads(call.function.arguments) for call in calls], [WEATHER, TIME])
        whole = litellm.stream_chunk_builder(list(complete(protocol, p, "fake-tools", tools=TOOLS, stream=True)))
        equal([json.loads(call.function.arguments) for call in whole.choices[0].message.tool_calls], [WEATHER, TIME])


@case
def errors(p):
    for protocol in ("openai", "anthropic"):
        raises(litellm.RateLimitError, lambda: complete(protocol, p, "fake-e429"))
        raises(litellm.BadRequestError, lambda: complete(protocol, p, "fake-e400"))


@gateway_case
def no_good_key():
    for protocol in ("openai", "anthropic"):
        call = lambda: litellm.completion(model=f"{protocol}/oa/fake", messages=HELLO, api_base=BASE, api_key="sk-osai-no", max_retries=0)
        raises(litellm.AuthenticationError, call)


@only("oa")
def embeddings(p):
    answer = litellm.embedding(model=f"openai/{model(p, 'fake')}", input=["one"], api_base=BASE, api_key=KEY)
    equal(answer.data[0]["embedding"], [0.5, -0.25, 0.0, 1.0])


if __name__ == "__main__":
    main()
