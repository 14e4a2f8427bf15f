"""`manage.py bearlumen doctor`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand

from bearlumen.doctor import Finding, examine_client_options

from ...checks import check_settings
from ...settings import options

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """What stands in the way of usage being recorded, if anything."""

    help = "Bear Lumen: what your AI costs."
    requires_system_checks = ()  # they are among what is printed

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`doctor`, for now."""
        commands = parser.add_subparsers(dest="command", required=True)
        doctor = commands.add_parser(
            "doctor", help="look at the settings, the server, the key, the clock and the journal"
        )
        doctor.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **given: Any) -> None:
        """Print the findings; the exit code is 1 where events cannot be delivered."""
        findings = _findings()
        if given["json"]:
            self.stdout.write(json.dumps([finding.to_dict() for finding in findings], indent=2))
        for finding in () if given["json"] else findings:
            style = self.style.SUCCESS if finding.ok else self.style.ERROR
            self.stdout.write(style(str(finding)))
        if not all(finding.ok for finding in findings):
            sys.exit(1)


def _findings() -> list[Finding]:
    found = [
        Finding("django", f"{message.msg} ({message.id})", ok=False, advice=message.hint or "")
        for message in check_settings()
    ]
    try:
        client = options().client
    except ImproperlyConfigured:
        return found
    if not client["api_key"]:
        return found
    found = found or [Finding("django", "The settings and the middleware are in place.")]
    return found + examine_client_options(client)
