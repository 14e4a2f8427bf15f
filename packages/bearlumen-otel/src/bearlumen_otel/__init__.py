"""Bear Lumen and OpenTelemetry.

    provider.add_span_processor(BearLumenSpanProcessor(bear))

makes a usage event of each span of a model call. `SpanTransport` goes the other way.
"""

from .processor import BearLumenSpanProcessor
from .transport import SpanTransport

__all__ = ["BearLumenSpanProcessor", "SpanTransport"]
