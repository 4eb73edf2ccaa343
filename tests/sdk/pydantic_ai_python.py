"""Pydantic AI against the gateway: answers, streams, tools and typed output, through its clients for OpenAI (chat and
Responses) and Anthropic."""

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from cases import *


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def models(provider, name):
    """The provider's model through each client."""
    openai = OpenAIProvider(base_url=BASE, api_key=KEY)
    yield OpenAIChatModel(model(provider, name), provider=openai)
    yield OpenAIResponsesModel(model(provider, name), provider=openai)
    yield AnthropicModel(model(provider, name), provider=AnthropicProvider(base_url=BASE, api_key=KEY))


@case
def an_answer(p):
    for chat in models(p, "fake"):
        result = Agent(chat, instructions="Be brief.").run_sync("What is six times seven?")
        equal((result.output, result.usage().input_tokens), (TEXT, INPUT))


@case
def a_stream(p):
    async def streamed(chat):
        async with Agent(chat).run_stream("What is six times seven?") as result:
            return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]

    for chat in models(p, "fake"):
        pieces = asyncio.run(streamed(chat))
        equal("".join(pieces), TEXT)
        assert len(pieces) >= 4, pieces


@case
def tools_run_and_their_results_go_back(p):
    for chat in models(p, "fake-tools"):
        agent = Agent(chat)

        @agent.tool_plain
        def get_weather(city: str, unit: str = "celsius") -> str:
            """The weather of a city."""
            return f"22 C in {city}"

        @agent.tool_plain
        def get_time(zone: str) -> str:
            """The time in a zone."""
            return f"noon in {zone}"

        equal(agent.run_sync("How is Paris?").output, "Results: 22 C in Paris | noon in Europe/Paris")


@case
def typed_output(p):
    for chat in models(p, "fake"):
        from pydantic_ai import NativeOutput

        if isinstance(chat, AnthropicModel):
            continue
        equal(Agent(chat, output_type=NativeOutput(Person)).run_sync("Who?").output, Person(name="Ada", age=36))


if __name__ == "__main__":
    main()
