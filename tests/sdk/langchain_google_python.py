"""LangChain's client for Gemini: invoke, stream, tools, thinking, structured output, embeddings."""

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
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


def chat(provider, name):
    return ChatGoogleGenerativeAI(
        model=model(provider, name), google_api_key=KEY, base_url=ROOT, max_retries=1, timeout=20, vertexai=False
    )


@case
def invoke(p):
    answer = chat(p, "fake").invoke([SystemMessage("Be brief."), HumanMessage("What is six times seven?")])
    usage = answer.usage_metadata
    equal((answer.text, usage["input_tokens"], usage["output_tokens"]), (TEXT, INPUT, 5))


@case
def stream(p):
    pieces = list(chat(p, "fake").stream("What is six times seven?"))
    equal("".join(piece.text for piece in pieces), TEXT)
    assert len(pieces) >= 5, pieces


@case
def bound_tools(p):
    tools = {"get_weather": get_weather, "get_time": get_time}
    for name in ("fake-tools", "fake-think-tools"):
        bound = chat(p, name).bind_tools(list(tools.values()))
        turns = [HumanMessage("How is Paris?")]
        answer = bound.invoke(turns)
        equal([(call["name"], call["args"]) for call in answer.tool_calls], [("get_weather", WEATHER), ("get_time", TIME)])
        results = [ToolMessage(tools[call["name"]].invoke(call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls]
        equal(bound.invoke([*turns, answer, *results]).text, "Results: 22 C in Paris | noon in Europe/Paris")


@case
def structured_output(p):
    equal(chat(p, "fake").with_structured_output(Person).invoke("Who?"), Person(name="Ada", age=36))


@only("ge")
def embeddings(p):
    vectors = GoogleGenerativeAIEmbeddings(model=model(p, "fake"), google_api_key=KEY, base_url=ROOT)
    equal(vectors.embed_documents(["a", "b"]), [[0.5, -0.25, 0.0, 1.0], [0.5, -0.25, 1.0, 1.0]])


if __name__ == "__main__":
    main()
