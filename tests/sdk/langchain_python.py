"""LangChain's clients for OpenAI and Anthropic: invoke, stream, tools, structured output, embeddings."""

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from cases import *


@tool
def get_weather(city: str, unit: str = "celsius") -> str:
    """The weather of a city."""
    return f"22 C in {city}"


@tool
def get_time(zone: str) -> str:
    """The time in a zone."""
    return f"noon in {zone}"


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def chats(provider, name):
    """The provider's model through both clients."""
    yield ChatOpenAI(model=model(provider, name), base_url=BASE, api_key=KEY, max_retries=0, timeout=20)
    yield ChatAnthropic(model=model(provider, name), base_url=BASE, api_key=KEY, max_retries=0, timeout=20, max_tokens=1000)


@case
def invoke(p):
    for chat in chats(p, "fake"):
        answer = chat.invoke([SystemMessage("Be brief."), HumanMessage("What is six times seven?")])
        equal((answer.text, answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]), (TEXT, INPUT, 5))


@case
def stream(p):
    for chat in chats(p, "fake"):
        pieces = list(chat.stream("What is six times seven?"))
        equal("".join(piece.text for piece in pieces), TEXT)
        assert len(pieces) >= 5, pieces


@case
def bound_tools(p):
    tools = {"get_weather": get_weather, "get_time": get_time}
    for chat in chats(p, "fake-tools"):
        bound = chat.bind_tools(list(tools.values()))
        turns = [HumanMessage("How is Paris?")]
        answer = bound.invoke(turns)
        equal([(call["name"], call["args"]) for call in answer.tool_calls], [("get_weather", WEATHER), ("get_time", TIME)])
        results = [ToolMessage(tools[call["name"]].invoke(call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls]
        equal(bound.invoke([*turns, answer, *results]).text, "Results: 22 C in Paris | noon in Europe/Paris")


@case
def streamed_tools(p):
    for chat in chats(p, "fake-tools"):
        pieces = chat.bind_tools([get_weather, get_time]).stream("How is Paris?")
        whole = next(pieces)
        for piece in pieces:
            whole += piece
        equal([(call["name"], call["args"]) for call in whole.tool_calls], [("get_weather", WEATHER), ("get_time", TIME)])


@case
def structured_output(p):
    for chat in chats(p, "fake"):
        equal(chat.with_structured_output(Person).invoke("Who?"), Person(name="Ada", age=36))


@only("oa")
def embeddings(p):
    own = OpenAIEmbeddings(model=model(p, "fake"), base_url=BASE, api_key=KEY, check_embedding_ctx_length=False, max_retries=0)
    equal(own.embed_documents(["one", "two"]), [[0.5, -0.25, 0.0, 1.0], [0.5, -0.25, 1.0, 1.0]])


if __name__ == "__main__":
    main()
