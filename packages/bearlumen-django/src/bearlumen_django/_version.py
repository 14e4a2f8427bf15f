"""The version, as the package's metadata states it."""

__version__ = "0.1.0"
