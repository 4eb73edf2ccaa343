"""Google's coding agent: a turn with a tool call, without a network, for each provider."""

import pathlib
import subprocess
import tempfile

from cases import *

AGENT = pathlib.Path(os.environ["OPTSCALE_AI_TEST_SDKS"]) / "node_modules/@google/gemini-cli/bundle/gemini.js"


def run(name, prompt):
    """What the agent prints, in a folder and a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        work = pathlib.Path(home) / "work"
        work.mkdir()
        (work / "note.txt").write_text("the note says hello")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "GEMINI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": ROOT,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "NO_COLOR": "1",
        }
        settings = pathlib.Path(home) / ".gemini"
        settings.mkdir()
        (settings / "settings.json").write_text(
            json.dumps({
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "privacy": {"usageStatisticsEnabled": False},
                "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
            })
        )
        command = ["node", str(AGENT), "--model", name, "--yolo", "--output-format", "json", "--prompt", prompt]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout[done.stdout.index("{"):])


@case
def a_turn_with_a_tool(p):
    answer = run(model(p, "fake-folder-think"), "What is in this folder?")
    assert "note.txt" in answer["response"] and answer["response"].startswith("Results: "), answer
    equal(answer["stats"]["tools"]["totalSuccess"], 1)
    # The thought of a provider that seals thoughts comes back with the call.
    body = json.dumps(last()["body"])
    assert p == "oa" or SIGNATURE in body, body


if __name__ == "__main__":
    main()
