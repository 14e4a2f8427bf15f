from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from server.test_cli import fails_with_one_line, run
from typer.testing import CliRunner

from bearlumen_server.cli import app
from bearlumen_server.settings import CONFIG_VARIABLE, DECLARED, Settings, SettingsError

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def written(folder: Path, text: str) -> Path:
    """A configuration file."""
    path = folder / "bearlumen.toml"
    path.write_text(text)
    return path


def test_an_option_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    """Whoever is nearest to the command decides."""
    file = written(tmp_path, 'host = "a"\nport = 1\nlog_format = "json"\nmetrics = false\n')
    environment = {"BEAR_LUMEN_HOST": "b", "BEAR_LUMEN_PORT": "2", CONFIG_VARIABLE: str(file)}
    found = Settings.load({"host": "c", "port": None}, environment=environment)
    assert (found.host, found.port, found.log_format, found.metrics) == ("c", 2, "json", False)
    assert found.max_waiting_events == Settings().max_waiting_events


WRONG: list[tuple[str, str]] = [
    ("prot = 1", "unknown setting 'prot'; there are host, port,"),
    ('port = "x"', "port in .* is 'x', expected int"),
    ("port = 1.5", "port in .* is '1.5', expected int"),
    ("port = true", "expected int"),
    ("host = 7", "host in .* is '7', expected str"),
    ("metrics = 1", "expected true or false"),
    ('log_format = "xml"', "expected one of text, json"),
    ("rate_limit_events = -1", "expected number of at least 0"),
    ("rate_limit_events = nan", "expected number"),
    ("max_waiting_events = 0", "expected int of at least 1"),
    ("[server]\nport = 1", "unknown setting 'server'"),
    ("port =", "is not TOML"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """By the name of what is wrong in it; a misspelt setting must not be a default in silence."""
    with pytest.raises(SettingsError, match=message):
        Settings.load(environment={}, file=written(tmp_path, text))


@pytest.mark.parametrize(("text", "value"), [("true", True), ("No", False), ("1", True)])
def test_a_switch_is_read_from_a_word(text: str, value: object) -> None:
    """As people write it in an environment."""
    assert Settings.load(environment={"BEAR_LUMEN_ACCESS_LOG": text}).access_log is value


def test_a_wrong_setting_is_one_line_of_the_command(tmp_path: Path) -> None:
    """From every source, before anything is made."""
    path = tmp_path / "never.duckdb"
    config = written(tmp_path, "prot = 1")
    sources: list[tuple[tuple[str, ...], dict[str, str], str]] = [
        (("--config", str(config)), {}, "'prot'"),
        (("--config", "none.toml"), {}, "cannot read none.toml"),
        ((), {"BEAR_LUMEN_LOG_FORMAT": "xml"}, "BEAR_LUMEN_LOG_FORMAT is 'xml'"),
        (("--log-level", "loud"), {}, "--log-level is 'loud'"),
        (("--workers", "2"), {}, "one process owns a DuckDB file"),
    ]
    for options, environment, words in sources:
        line = fails_with_one_line(run("serve", *options, "--database", path, **environment))
        assert words in line
    assert not path.exists()


def test_every_setting_is_an_option_with_its_variable() -> None:
    """`bearlumen serve --help` says all there is to set."""
    shown = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "400"}).output
    for each in DECLARED.values():
        assert f"{each.option} " in shown
        assert each.variable in shown
    assert {each.name for each in fields(Settings)} == DECLARED.keys()


def test_every_setting_is_documented_as_it_is() -> None:
    """The table of docs/operations.md is written from the declarations, row by row."""
    documented = re.findall(r"^\| `(\w+)` \| `", PAGE.read_text(), re.MULTILINE)
    assert documented == list(DECLARED)
    for each in DECLARED.values():
        assert row(each) in PAGE.read_text(), row(each)


def row(each: Any) -> str:
    """The line of the table for a setting."""
    default = str(each.default).lower() if each.kind is bool else str(each.default)
    choices = f" One of {', '.join(each.choices)}." if each.choices else ""
    return f"| `{each.name}` | `{default}` | {each.text}{choices} |"
