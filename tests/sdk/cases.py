"""A small runner for the SDK suites, and what the fake provider says (tests/common/fake.rs).

The Rust side (tests/sdk.rs) starts the provider and the gateway and tells where they are:

OSAI_BASE_URL   the one base URL for every SDK, ending in /v1
OSAI_ROOT       the same without /v1
OSAI_KEY        a virtual key that may call everything
OSAI_NARROW_KEY a virtual key that may call only the provider `oa`
OSAI_DEAD_KEY   a virtual key that was revoked
OSAI_FAKE       the fake provider's own address
OSAI_PROVIDERS  names under which the provider is registered: `oa` speaks OpenAI, `an` Anthropic, `ge` Gemini;
                empty where the suite talks to the fake provider itself
"""

import inspect
import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.request

BASE = os.environ["OSAI_BASE_URL"]
ROOT = os.environ["OSAI_ROOT"]
KEY = os.environ["OSAI_KEY"]
NARROW_KEY = os.environ.get("OSAI_NARROW_KEY", "")
DEAD_KEY = os.environ.get("OSAI_DEAD_KEY", "")
FAKE = os.environ["OSAI_FAKE"]
PROVIDERS = os.environ.get("OSAI_PROVIDERS", "").split()
THROUGH_GATEWAY = bool(PROVIDERS)

TEXT = "The answer is 42."
LOOKING = "Let me look."
WEATHER = {"city": "Paris", "unit": "celsius"}
TIME = {"zone": "Europe/Paris"}
THOUGHT = "Six times seven."
SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1mYWtl"
REDACTED = "cmVkYWN0ZWQtdGhvdWdodA=="
REFUSAL = "I cannot help with that."
UNICODE = "Grüße, 世界 🌍!"
INPUT, CACHE_READ, CACHE_WRITE, COUNTED = 11, 8, 4, 17

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = "JVBERi0xLjEKMSAwIG9iajw8Pj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+Pgo="
PICTURE_URL = "https://example.com/cat.png"

WEATHER_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city"],
}
TIME_SCHEMA = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
PERSON_SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON = {"name": "Ada", "age": 36}

_cases = []


def case(function):
    """A case: run once for every provider if it takes one, else once."""
    _cases.append((function, None))
    return function


def gateway_case(function):
    """A case that makes no sense against the provider itself."""
    if THROUGH_GATEWAY:
        _cases.append((function, None))
    return function


def only(provider):
    """A case for one of the providers: the others' protocol has no such thing."""

    def register(function):
        _cases.append((function, provider))
        return function

    return register


def gateway_only(provider):
    """A case for one of the providers, in which the gateway has to translate or to refuse."""
    return only(provider) if THROUGH_GATEWAY else lambda function: function


def model(provider, name):
    """The model's name for the provider; as it is without a gateway."""
    return f"{provider}/{name}" if THROUGH_GATEWAY else name


def fake_get(path):
    with urllib.request.urlopen(f"{FAKE}/fake/{path}") as answer:
        return json.load(answer)


def last():
    """The last request that reached the provider: method, path, headers, body."""
    return fake_get("last")


def post(url, body, headers):
    """A bare request: status, headers and body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def raises(kind, call, status=None):
    """The call fails with exactly that class, or one below it, and with that status."""
    try:
        result = call()
    except kind as error:
        if status is not None:
            assert error.status_code == status, f"status {error.status_code}: {error}"
        return error
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} instead of {kind.__name__}: {error}") from error
    raise AssertionError(f"no {kind.__name__} but {result!r}")


def equal(have, want):
    assert have == want, f"\n  have {have!r}\n  want {want!r}"


def _where(error):
    """The lines of the suite that led to an error; what lies in the SDK tells nobody anything."""
    frames = traceback.extract_tb(error.__traceback__)
    own = os.path.dirname(os.path.abspath(__file__))
    return " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in reversed(frames) if f.filename.startswith(own))


def _runs():
    for function, provider in _cases:
        if not inspect.signature(function).parameters:
            yield function.__name__, function, ()
        elif provider:
            yield f"{function.__name__} [{provider}]", function, (provider,)
        else:
            for name in PROVIDERS or ["direct"]:
                yield f"{function.__name__} [{name}]", function, (name,)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    failed = 0
    runs = [run for run in _runs() if wanted in run[0]]
    for name, function, arguments in runs:
        start = time.monotonic()
        try:
            function(*arguments)
            print(f"ok   {name} ({(time.monotonic() - start) * 1000:.0f} ms)", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAIL {name}\n  {_where(error)}\n  {type(error).__name__}: {error}", flush=True)
    print(f"{len(runs) - failed} cases passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not runs else 0)
