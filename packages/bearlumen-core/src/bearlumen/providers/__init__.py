"""One module a provider, found by name: what its responses look like and what they mean.

To add a provider, add a module here with an `EXTRACTOR` and a recording of its response in the
tests, and run `just provider-index provider-table`.
"""

from ._detector import Detection, detect
from ._registry import extractors

__all__ = ["Detection", "detect", "extractors"]
