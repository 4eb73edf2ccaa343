"""OpenAI's Python SDK on endpoints that are only carried: images, audio, moderations, files, batches."""

import io

import openai
from openai import OpenAI

from cases import *

client = OpenAI(base_url=BASE, api_key=KEY, max_retries=0, timeout=20, default_headers={"x-optscale-provider": "oa"})


@case
def images():
    answer = client.images.generate(model="oa/gpt-image-1", prompt="a cat", n=1)
    equal((answer.data[0].b64_json, answer.usage.output_tokens), ("aGk=", 50))
    edited = client.images.edit(model="oa/gpt-image-1", image=("a.png", b"\x89PNG", "image/png"), prompt="a dog")
    equal(edited.data[0].b64_json, "aGk=")


@case
def speech():
    with client.audio.speech.with_streaming_response.create(model="oa/tts-1", voice="alloy", input="Hi") as answer:
        equal(len(b"".join(answer.iter_bytes())), 4000)
    equal(last()["body"]["model"], "tts-1")


@case
def transcription():
    sound = ("a.mp3", io.BytesIO(bytes(range(256)) * 1000), "audio/mpeg")
    answer = client.audio.transcriptions.create(model="oa/gpt-4o-transcribe", file=sound)
    assert answer.text.endswith("bytes") and int(answer.text.split()[0]) > 256_000, answer.text
    equal(client.audio.translations.create(model="oa/whisper-1", file=("a.mp3", b"x")).text.split()[1], "bytes")


@case
def moderation():
    equal(client.moderations.create(model="oa/omni-moderation-latest", input="hi").results[0].flagged, False)
    equal(client.moderations.create(input="hi").results[0].flagged, False)


@case
def files():
    made = client.files.create(file=("a.jsonl", b"{}\n"), purpose="batch")
    equal(made.id, "file-fake")
    equal(client.files.retrieve("file-fake").filename, "a.jsonl")
    equal([entry.id for entry in client.files.list()], ["file-fake"])
    equal(client.files.content("file-fake").text, '{"id":"batch_req_1"}\n')
    equal(client.files.delete("file-fake").deleted, True)


@case
def batches():
    made = client.batches.create(input_file_id="file-fake", endpoint="/v1/chat/completions", completion_window="24h")
    equal(made.status, "validating")
    equal(client.batches.retrieve("batch_fake").status, "completed")
    equal(client.batches.cancel("batch_fake").status, "cancelling")


@case
def errors():
    for name, error in [("nobody/x", openai.NotFoundError), ("an/x", openai.BadRequestError)]:
        try:
            client.images.generate(model=name, prompt="x")
            raise AssertionError("no error")
        except error as raised:
            assert raised.body["message"], raised
    try:
        client.files.list(extra_headers={"x-optscale-provider": "nobody"})
        raise AssertionError("no error")
    except openai.NotFoundError as raised:
        assert "nobody" in raised.body["message"]


if __name__ == "__main__":
    main()
