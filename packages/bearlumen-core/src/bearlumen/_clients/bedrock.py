"""boto3's and aiobotocore's clients of `bedrock-runtime`: every call goes through one method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .copies import copy_of, is_of

if TYPE_CHECKING:
    from .calls import Calls

_SERVICE: Final = "bedrock-runtime"
_BILLED: Final = frozenset(
    ("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream")
)


def is_client(client: Any) -> bool:
    """Whether the client is of this make.

    Raises:
        TypeError: It is botocore's, of a service that answers with nothing to track.
    """
    if not is_of(client, "botocore", "BaseClient"):
        return False
    service: str = client.meta.service_model.service_name
    if service != _SERVICE:
        raise TypeError(f"wrap() takes the {_SERVICE} client of boto3; this one is for {service}.")
    return True


def wrap(client: Any, calls: Calls) -> Any:
    """A copy whose calls are tracked. Their price is that of the id the model was asked for by."""
    copy = copy_of(client)
    copy.__dict__["_make_api_call"] = calls.tracked(copy._make_api_call, _labels)  # noqa: SLF001
    return copy


def _labels(args: tuple[Any, ...], _kwargs: dict[str, Any]) -> dict[str, Any] | None:
    operation, parameters = args
    if operation not in _BILLED:
        return None
    model = parameters.get("modelId")
    if not isinstance(model, str):
        return {}
    # An ARN says nothing of the model behind it; the answer may.
    return {"asked_model" if model.startswith("arn:") else "model": model}
