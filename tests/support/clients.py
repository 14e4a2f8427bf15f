"""The real client of each provider's SDK, with a recording below it instead of a network.

Every client is the SDK's own class, so what it hands out is what a user holds. None of them can
reach a network: the transport below answers every request. A test whose SDK is not installed is
skipped, by name.
"""

import importlib
import os
import re
import warnings
from collections import deque
from collections.abc import Callable
from importlib import metadata
from types import SimpleNamespace
from typing import Any, Final

import pytest

from .tape import AsyncRawBody, RawBody, Tape

_KEY = "replayed"
_URL = "https://replay.invalid"
_BEDROCK = "bedrock-runtime"
MODULES: Final = {
    "anthropic-bedrock": "anthropic",
    "cerebras-cloud-sdk": "cerebras.cloud.sdk",
    "cohere-v1": "cohere",
    "google-genai": "google.genai",
    "google-genai-vertex": "google.genai",
    "openai-azure": "openai",
    "perplexityai": "perplexity",
    "xai-sdk": "xai_sdk",
}
"""The import package of an SDK, where it is not the SDK's name."""
_VARIANTS: Final = {
    "anthropic-bedrock": "anthropic",
    "cohere-v1": "cohere",
    "google-genai-vertex": "google-genai",
    "openai-azure": "openai",
}
"""Other clients of an SDK, and the distribution that they are in."""
SYNC_ONLY: Final = frozenset(("boto3", "json", "litellm"))
"""SDKs without an async client of their own (aiobotocore is another SDK), or with none to make."""
WARNED_OF_ITSELF: Final = [
    pytest.mark.filterwarnings("ignore:The 'from_dict' method:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]
"""What ai21 and litellm do themselves while their streams are read, and warn of."""
_KEPT: Final = deque[Any](maxlen=64)
"""huggingface_hub's sync client closes its open streams when it is garbage-collected."""

# Else botocore asks the instance metadata address for credentials and regions.
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
# Else litellm asks GitHub for prices.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")


def sdk(name: str, *, since: str = "") -> Any:
    """The SDK's package; the test is skipped where it is not installed, or older than `since`."""
    module = pytest.importorskip(MODULES.get(name, name))
    # boto3's data is botocore's, which aiobotocore has as well.
    version = metadata.version("botocore" if "boto" in name else _VARIANTS.get(name, name))
    if _numbers(version) < _numbers(since):
        pytest.skip(f"{name} {version} leaves out what {since} hands out")
    return module


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def sync_client(tape: Tape) -> Any:
    """The SDK's sync client, answering every request with the tape.

    Raises:
        NotImplementedError: The recording names an SDK this module does not know.
    """
    return _client(tape, is_async=False)


def async_client(tape: Tape) -> Any:
    """The SDK's async client, answering every request with the tape.

    Raises:
        NotImplementedError: The SDK has no async client; boto3 is one.
    """
    if tape.recording.sdk in SYNC_ONLY:
        raise NotImplementedError(f"{tape.recording.sdk} has no async client")
    return _client(tape, is_async=True)


def _httpx(tape: Tape) -> Any:
    """The HTTP library that the installed version of the SDK is built on: httpx or its fork."""
    name = _VARIANTS.get(tape.recording.sdk, tape.recording.sdk)
    needs = metadata.requires(name) or []
    forked = any(one.startswith("httpx2") and "extra" not in one for one in needs)
    return importlib.import_module("httpx2" if forked else "httpx")


def _client(tape: Tape, *, is_async: bool) -> Any:
    name = tape.recording.sdk
    if name not in _CLIENTS and name not in _GENERATED:
        raise NotImplementedError(f"no client for {name}")
    make = _CLIENTS.get(name, _generated)
    return make(sdk(name, since=tape.recording.since), tape, is_async)


_GENERATED: Final = {
    "anthropic": "Anthropic",
    "cerebras-cloud-sdk": "Cerebras",
    "groq": "Groq",
    "openai": "OpenAI",
    "perplexityai": "Perplexity",
    "together": "Together",
}
"""SDKs of one make, and what their clients are called."""


def _generated(module: Any, tape: Tape, is_async: bool, **options: Any) -> Any:  # noqa: FBT001
    name = options.pop("name", None) or _GENERATED[tape.recording.sdk]
    kind = getattr(module, f"Async{name}" if is_async else name)
    http_client = tape.httpx_clients(_httpx(tape))[is_async]
    options = options or {"api_key": _KEY, "base_url": _URL}
    if name == "Cerebras":
        options["warm_tcp_connection"] = False  # it would play the tape once before the call
    return kind(max_retries=0, http_client=http_client, **options)


def _azure(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    options = {"azure_endpoint": _URL, "api_version": "2024-10-21", "api_key": _KEY}
    return _generated(module, tape, is_async, name="AzureOpenAI", **options)


def _anthropic_bedrock(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    options = {"aws_access_key": _KEY, "aws_secret_key": _KEY, "aws_region": "us-east-1"}
    return _generated(module, tape, is_async, name="AnthropicBedrock", **options)


def _ai21(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    kind = module.AsyncAI21Client if is_async else module.AI21Client
    return kind(api_key=_KEY, api_host=_URL, http_client=tape.httpx_clients(_httpx(tape))[is_async])


def _genai(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    sync, asynchronous = tape.httpx_clients(_httpx(tape))
    options: dict[str, Any] = {"api_key": _KEY}
    if tape.recording.sdk == "google-genai-vertex":
        credentials = importlib.import_module("google.oauth2.credentials").Credentials(token=_KEY)
        options = {
            "vertexai": True,
            "project": _KEY,
            "location": "us-central1",
            "credentials": credentials,
        }
    http_options = module.types.HttpOptions(
        httpx_client=sync, httpx_async_client=asynchronous, base_url=_URL
    )
    client = module.Client(http_options=http_options, **options)
    return client.aio if is_async else client


def _mistral(_module: Any, tape: Tape, _is_async: bool) -> Any:  # noqa: FBT001
    # One class for both: its async methods use the second client. Version 1 has it at the top.
    top = importlib.import_module("mistralai")
    kind = getattr(top, "Mistral", None) or importlib.import_module("mistralai.client").Mistral
    sync, asynchronous = tape.httpx_clients(_httpx(tape))
    return kind(api_key=_KEY, server_url=_URL, client=sync, async_client=asynchronous)


def _openrouter(module: Any, tape: Tape, _is_async: bool) -> Any:  # noqa: FBT001
    sync, asynchronous = tape.httpx_clients(_httpx(tape))
    return module.OpenRouter(api_key=_KEY, server_url=_URL, client=sync, async_client=asynchronous)


def _ollama(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    kind = module.AsyncClient if is_async else module.Client
    return kind(host=_URL, transport=tape.transport(_httpx(tape)))


def _cohere(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    name = "Client" if tape.recording.sdk == "cohere-v1" else "ClientV2"
    http = tape.httpx_clients(_httpx(tape))[is_async]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind = getattr(module, f"Async{name}" if is_async else name)
        return kind(api_key=_KEY, base_url=_URL, httpx_client=http)


def _huggingface(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    sync, asynchronous = tape.httpx_clients(_httpx(tape))
    if is_async:
        module.set_async_client_factory(lambda: asynchronous)
        client = module.AsyncInferenceClient(base_url=_URL, api_key=_KEY)
    else:
        module.set_client_factory(lambda: sync)
        client = module.InferenceClient(base_url=_URL, api_key=_KEY)
    _KEPT.append(client)
    return client


def _xai(module: Any, tape: Tape, is_async: bool) -> Any:  # noqa: FBT001
    """Its transport is gRPC: the generated stub is what is replaced, see `calls.py`."""
    client = (module.AsyncClient if is_async else module.Client)(api_key=_KEY)
    client.tape = tape
    return client


def _litellm(module: Any, tape: Tape, _is_async: bool) -> Any:  # noqa: FBT001
    """Its client is a function, which calls through OpenAI's client or one of its own."""
    openai = _generated(sdk("openai"), tape, is_async=False, name="OpenAI", api_key=_KEY)
    # Else it logs every item on a thread, with an event loop that it does not always close.
    module.disable_streaming_logging = True
    handler = importlib.import_module("litellm.llms.custom_httpx.http_handler").HTTPHandler
    http = handler(client=tape.httpx_clients(importlib.import_module("httpx"))[0])
    return SimpleNamespace(litellm=module, openai=openai, http=http)


def _boto3(module: Any, tape: Tape, _is_async: bool) -> Any:  # noqa: FBT001
    awsrequest = importlib.import_module("botocore.awsrequest")
    client = module.client(_BEDROCK, config=_aws_config("botocore.config.Config"), **_AWS)

    def answer(request: Any, **_: object) -> Any:
        headers = awsrequest.HeadersDict(tape.headers)
        return awsrequest.AWSResponse(request.url, 200, headers, RawBody(tape))

    client.meta.events.register(f"before-send.{_BEDROCK}", answer)
    return client


def aiobotocore_client(tape: Tape) -> Any:
    """An async context manager of the client that answers every request with the tape."""
    sdk("aiobotocore", since=tape.recording.since)
    session = importlib.import_module("aiobotocore.session").get_session()
    response = importlib.import_module("aiobotocore.awsrequest").AioAWSResponse
    awsrequest = importlib.import_module("botocore.awsrequest")
    manager = session.create_client(
        _BEDROCK, config=_aws_config("aiobotocore.config.AioConfig"), **_AWS
    )

    async def answer(request: Any, **_: object) -> Any:
        headers = awsrequest.HeadersDict(tape.headers)
        return response(request.url, 200, headers, AsyncRawBody(tape))

    class Client:
        async def __aenter__(self) -> Any:
            client = await manager.__aenter__()
            client.meta.events.register(f"before-send.{_BEDROCK}", answer)
            return client

        async def __aexit__(self, *error: object) -> Any:
            return await manager.__aexit__(*error)

    return Client()


_AWS: Final = {
    "region_name": "us-east-1",
    "aws_access_key_id": _KEY,
    "aws_secret_access_key": _KEY,
}


def _aws_config(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)(retries={"total_max_attempts": 1})


_CLIENTS: Final[dict[str, Callable[[Any, Tape, bool], Any]]] = {
    "ai21": _ai21,
    "anthropic-bedrock": _anthropic_bedrock,
    "boto3": _boto3,
    "cohere": _cohere,
    "cohere-v1": _cohere,
    "google-genai": _genai,
    "google-genai-vertex": _genai,
    "huggingface_hub": _huggingface,
    "litellm": _litellm,
    "mistralai": _mistral,
    "ollama": _ollama,
    "openai-azure": _azure,
    "openrouter": _openrouter,
    "xai-sdk": _xai,
}
