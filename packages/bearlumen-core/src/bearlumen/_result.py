"""What `track` gives back for a call."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any, Final

    from .events import UsageEvent


class TrackResult:
    """What `track` read from a response and recorded.

    What the figures mean is worked out when one is read, so a result that nobody looks at costs
    nothing.
    """

    __slots__ = ("_event", "_queued", "_reports", "additional")

    def __init__(
        self,
        event: UsageEvent,
        *,
        queued: bool,
        reports: bool = True,
        additional: tuple[TrackResult, ...] = (),
    ) -> None:
        self._event = event
        self._queued = queued
        self._reports = reports
        self.additional = additional
        """What the response reports beside its main usage and is billed too, each an event of its
        own: summarising the context, or asking another model (Anthropic), generating an image
        (OpenAI)."""

    @property
    def detected(self) -> bool:
        """Whether a response was recognised; for one that wasn't, `on_error` was told why."""
        return self._event.detection is not None

    @property
    def model(self) -> str | None:
        """The model, as the provider names it or the caller did; None if neither names one."""
        return self._event.model

    @property
    def provider(self) -> str:
        """Who answered: the caller's word, or who was recognised; `unknown` if neither."""
        return self._event.provider

    @property
    def event_id(self) -> str | None:
        """The id of the usage event; None if none was recorded."""
        return self._event.event_id if self._queued else None

    @property
    def counts(self) -> dict[str, int]:
        """Reported token counts by name. One that the provider did not report is absent."""
        return dict(self._event.counts) if self._reports else {}

    @property
    def tool_calls(self) -> dict[str, int]:
        """Calls of billed server tools by name, such as `web_search`."""
        detection = self._event.detection
        if detection is None or self._event.part is not None:
            return {}
        return dict(detection.usage.tool_calls)

    @property
    def units(self) -> dict[str, int | float]:
        """What is billed by something else than tokens: `images`, `seconds`, `search_units`."""
        return dict(self._event.units)

    @property
    def service_tier(self) -> str | None:
        """The tier that served the call, in the provider's word; None if not reported."""
        detection = self._event.detection
        return detection.usage.service_tier if detection is not None else None

    @property
    def inference_geo(self) -> str | None:
        """The place that the call was bound to, such as Anthropic's `us`; None if to none."""
        detection = self._event.detection
        return detection.usage.inference_geo if detection is not None else None

    @property
    def batch(self) -> bool:
        """Whether the call was part of a batch, at the batch price."""
        detection = self._event.detection
        return detection is not None and detection.usage.batch

    @property
    def provider_cost(self) -> Decimal | None:
        """USD, as the provider itself states them (OpenRouter, Perplexity, xAI); None if not."""
        detection = self._event.detection
        if detection is None or self._event.part is not None:
            return None
        return detection.usage.provider_cost

    @property
    def reported(self) -> dict[str, int | float]:
        """Numbers in the usage that this version has no word for, by path; kept with the event."""
        detection = self._event.detection
        if detection is None or self._event.part is not None:
            return {}
        return dict(detection.usage.reported)

    @property
    def incomplete(self) -> bool:
        """The stream was not read to its end: the counts are what was known by then."""
        return self._event.incomplete

    @property
    def input_tokens(self) -> int | None:
        """Everything the model read, cached input included; None if not reported."""
        return self.counts.get("input_tokens")

    @property
    def output_tokens(self) -> int | None:
        """Everything it generated, reasoning included; None if not reported."""
        return self.counts.get("output_tokens")

    @property
    def cache_read_tokens(self) -> int | None:
        """The part of the input that was served from cache; None if not reported."""
        return self.counts.get("cache_read_tokens")

    @property
    def cache_write_tokens(self) -> int | None:
        """The part of the input that was written to cache; None if not reported."""
        return self.counts.get("cache_write_tokens")

    @property
    def reasoning_tokens(self) -> int | None:
        """The part of the output that was reasoning; None if not reported."""
        return self.counts.get("reasoning_tokens")

    @property
    def cost(self) -> Decimal | None:
        """USD for the call, `additional` not included; None where the price is not known.

        The caller's own `cost=` comes first, then what the provider states, then the price
        catalogue of the `pricing` extra. It is worked out anew each time it is read, some
        microseconds after the first, which loads the catalogue.

        Raises:
            MissingExtraError: `bearlumen-core[pricing]` is not installed.
        """
        event = self._event
        from .pricing import cost_of

        return cost_of(
            provider=self.provider,
            model=self.model or "",
            at=event.invoked_at,
            counts=self.counts,
            units=self.units,
            tool_calls=self.tool_calls,
            service_tier=self.service_tier,
            batch=self.batch,
            inference_geo=self.inference_geo,
            provider_cost=self.provider_cost,
            cost=event.cost,
        ).cost

    def __repr__(self) -> str:
        shown: dict[str, Any] = {
            name: value
            for name in ("detected", "provider", "model", "event_id", "counts", "incomplete")
            if (value := getattr(self, name)) not in (None, False, {})
        }
        return f"TrackResult({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


FIGURES: Final = frozenset(
    name for name, value in vars(TrackResult).items() if isinstance(value, property)
)
"""What can be read from a result."""
