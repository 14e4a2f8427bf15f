"""An end user taken out of what re-costing runs were asked: their filters are kept as they came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bearlumen_server.storage import Store

_QUESTIONS: Final = "SELECT id, question FROM recosts WHERE org_id = {org}"
_THEIRS: Final = """
    SELECT DISTINCT session_id FROM events
    WHERE org_id = {org} AND end_user = {user} AND {sessions}"""
_CHANGE: Final = "UPDATE recosts SET question = {question} WHERE org_id = {org} AND id = {id}"


def forget_in_runs(store: Store, org_id: str, external_id: str, *, keep: Collection[str]) -> None:
    """Take an end user, and their sessions, out of the filters of an organisation's runs.

    To be called while the events still say which sessions were theirs. A filter may be left with
    no value; nothing fits it then, and a run that goes on with it finds nothing more.

    Args:
        store: The ledger.
        org_id: Whose end user.
        external_id: Whom.
        keep: Custom dimensions that say nothing of the person.
    """
    asked = store.rows(_words(store, _QUESTIONS), {"org": org_id})
    questions = {run_id: json.loads(question) for run_id, question in asked}
    if not questions:
        return
    sessions = _sessions(store, org_id, external_id, list(questions.values()))
    changed = {
        run_id: text
        for run_id, question in questions.items()
        if (text := json.dumps(_without(question, external_id, sessions, keep)))
        != json.dumps(question)
    }
    if not changed:
        return
    with store.transaction() as transaction:
        for run_id, text in changed.items():
            values = {"org": org_id, "id": run_id, "question": text}
            transaction.rows(_words(store, _CHANGE), values)


def _sessions(
    store: Store, org_id: str, external_id: str, questions: Sequence[dict[str, Any]]
) -> set[str]:
    """Return which of the sessions that runs were about are the end user's."""
    named = {each for question in questions for each in question["labels"].get("session_id", ())}
    if not named:
        return set()
    test = store.dialect.any_of.format(value="session_id", name="sessions")
    sql = _words(store, _THEIRS).replace("{sessions}", test)
    rows = store.rows(sql, {"org": org_id, "user": external_id, "sessions": sorted(named)})
    return {row[0] for row in rows}


def _without(
    question: dict[str, Any], external_id: str, sessions: set[str], keep: Collection[str]
) -> dict[str, Any]:
    labels: dict[str, list[str]] = question["labels"]
    dimensions: dict[str, list[str]] = question["dimensions"]
    theirs = external_id in labels.get("end_user", ())
    gone = {"end_user": {external_id}, "session_id": sessions}
    return {
        **question,
        "labels": {
            name: [each for each in values if each not in gone.get(name, ())]
            for name, values in labels.items()
        },
        # What a run about this person was narrowed by is of the person too.
        "dimensions": {
            key: values
            if key in keep
            else [each for each in values if not theirs and each != external_id]
            for key, values in dimensions.items()
        },
    }


def _words(store: Store, sql: str) -> str:
    for name in ("org", "user", "id", "question"):
        sql = sql.replace(f"{{{name}}}", store.dialect.bind(name))
    return sql
