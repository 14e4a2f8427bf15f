"""One module a provider, found by name: what its responses look like and what they mean.

To add a provider, add a module here with an `EXTRACTOR`, a recording of its response in the tests,
and a line in the documentation.
"""

from ._detector import Detection, detect
from ._registry import extractors

__all__ = ["Detection", "detect", "extractors"]
