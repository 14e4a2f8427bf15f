"""What the documentation says is what happens: its code runs, and its output is the program's."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_examples import EvalExample, find_examples
from typer.testing import CliRunner

from bearlumen.providers import extractors
from bearlumen_server import local_server
from bearlumen_server.cli import app
from support.openai_server import drop_unclosed
from support.replay import load, recordings
from support.stub import Reply, Seen, stub_server

ROOT = Path(__file__).parents[2]
PAGES = [
    str(path.relative_to(ROOT))
    for pattern in ("README.md", "docs/*.md", "packages/*/README.md")
    for path in sorted(ROOT.glob(pattern))
]
EXAMPLES = sorted({path.name for path in (ROOT / "examples").glob("*.py")} - {"replay.py"})

APART = {"litellm": "litellm", "llamaindex": "llama_index.llms.openai"}
"""What a page or an example needs that has an environment of its own, by a word in its name."""


def need(name: str) -> None:
    """Skip what is about a framework that is not installed here; `just integrations` has it."""
    for word, module in APART.items():
        if word in name:
            pytest.importorskip(module)


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A server of ours and a stand-in for OpenAI's, named by the variables that the docs use."""
    answers = {recording.name: recording for recording in map(load, recordings())}

    def openai(seen: Seen) -> Reply:
        if not seen.json.get("stream"):
            kind = "responses" if seen.path.endswith("/responses") else "chat"
            plain = answers[f"openai/{kind}-plain"].response
            assert plain is not None
            return Reply(body=plain, headers={"Content-Type": "application/json"})
        stream = answers["openai/chat-stream"]
        lines = [f"data: {json.dumps(event.data)}\n\n" for event in stream.events]
        body = "".join([*lines, "data: [DONE]\n\n"]).encode()
        return Reply(body=body, headers={"Content-Type": "text/event-stream"})

    with local_server() as server, stub_server(openai) as provider:
        monkeypatch.setenv("BEAR_LUMEN_URL", server.url)
        monkeypatch.setenv("BEAR_LUMEN_API_KEY", server.api_key)
        monkeypatch.setenv("BEAR_LUMEN_JOURNAL", str(tmp_path / "journal"))
        monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
        monkeypatch.setenv("OPENAI_API_KEY", "not-needed")
        monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would fetch it
        yield


@pytest.mark.usefixtures("surroundings")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
# Of how LiteLLM uses Pydantic.
@pytest.mark.filterwarnings("ignore:Item:UserWarning")
@pytest.mark.filterwarnings("ignore:Accessing the:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("page", PAGES)
def test_code_of_a_page_runs(page: str, eval_example: EvalExample) -> None:
    """The blocks of a page run as they stand, one after the other."""
    need(page)
    if "openai-agents" in page:
        import agents

        agents.set_trace_processors([])  # which send to OpenAI
    names: dict[str, Any] = {}
    for example in find_examples(str(ROOT / page)):
        if example.prefix.startswith("python"):
            names = {**names, **eval_example.run(example, module_globals=names)}
    if "bear" in names:
        assert names["bear"].shutdown()
    names.clear()
    drop_unclosed()  # a page is not the place to close what its clients have open


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs(name: str) -> None:
    """An example needs no key, and has something to show."""
    need(name)
    clean = {key: value for key, value in os.environ.items() if "API_KEY" not in key}
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name],
        capture_output=True,
        check=False,
        env=clean,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "USD" in done.stdout


def test_readme_shows_what_the_demo_prints() -> None:
    """The printed result in the README is a real one, of this version."""
    done = subprocess.run(
        [Path(sys.executable).with_name("bearlumen"), "demo"],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    printed = [line.rstrip() for line in done.stdout.strip().splitlines()]
    readme = (ROOT / "README.md").read_text()
    shown = readme.split("uv run bearlumen demo\n", 1)[1].split("```", 1)[0]
    assert [line.rstrip() for line in shown.strip().splitlines()] == printed


def test_tables_of_the_providers_are_current() -> None:
    """What the page says is read from each provider is what the declarations say."""
    command = [sys.executable, ROOT / "scripts" / "provider_table.py", "--check"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_page_says_whose_model_to_name() -> None:
    """A response that names no model has no price; the page lists the providers of such."""
    section = (ROOT / "docs" / "providers.md").read_text().split("## Name the model", 1)[1]
    listed = section.split("\n## ", 1)[0]
    nameless = {r.provider for r in map(load, recordings()) if r.model is None and r.recorded}
    titles = {one.provider: one.title for one in extractors()}
    assert [name for name in sorted(nameless) if f"- {titles[name]}: " not in listed] == []


def test_every_link_leads_somewhere() -> None:
    """A link to a file of ours has a file behind it."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / page).read_text()):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_commands_of_the_pages_exist() -> None:
    """Every `bearlumen` command in the documentation has the options that it is shown with."""
    runner = CliRunner()
    commands = [
        line.removeprefix("uv run ").split("#")[0].split()[1:]
        for page in PAGES
        for line in (ROOT / page).read_text().splitlines()
        if re.match(r"(uv run )?bearlumen ", line)
    ]
    assert len(commands) > 4
    for arguments in commands:
        answer = runner.invoke(app, [*arguments, "--help"])
        assert answer.exit_code == 0, (arguments, answer.output)
