"""The version, as the package's metadata states it."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("bearlumen-server")
