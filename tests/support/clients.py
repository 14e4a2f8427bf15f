"""The real client of each provider's SDK, with a recording below it instead of a network.

Every client is the SDK's own class, so what it hands out is what a user holds. None of them can
reach a network: the transport below answers every request.
"""

import importlib
import os
from typing import Any

import anthropic
import httpx2
import ollama
import openai
from google import genai
from mistralai.client import Mistral

from .tape import RawBody, Tape

_KEY = "replayed"
_URL = "https://replay.invalid"
_BEDROCK = "bedrock-runtime"

# Else botocore asks the instance metadata address for credentials and regions.
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")


def sync_client(tape: Tape) -> Any:
    """The SDK's sync client, answering every request with the tape.

    Raises:
        NotImplementedError: The recording names an SDK this module does not know.
    """
    match tape.recording.sdk:
        case "openai":
            http = httpx2.Client(transport=tape.httpx2_transport())
            return openai.OpenAI(api_key=_KEY, base_url=_URL, max_retries=0, http_client=http)
        case "anthropic":
            http = httpx2.Client(transport=tape.httpx2_transport())
            return anthropic.Anthropic(api_key=_KEY, base_url=_URL, max_retries=0, http_client=http)
        case "boto3":
            return _bedrock(tape)
        case "google-genai":
            return _genai(tape)
        case "mistralai":
            return _mistral(tape)
        case "ollama":
            return ollama.Client(host=_URL, transport=tape.httpx_transport())
        case sdk:
            raise NotImplementedError(f"no sync client for {sdk}")


def async_client(tape: Tape) -> Any:
    """The SDK's async client, answering every request with the tape.

    Raises:
        NotImplementedError: The SDK has no async client; boto3 is one.
    """
    match tape.recording.sdk:
        case "openai":
            http = httpx2.AsyncClient(transport=tape.httpx2_transport())
            return openai.AsyncOpenAI(api_key=_KEY, base_url=_URL, max_retries=0, http_client=http)
        case "anthropic":
            http = httpx2.AsyncClient(transport=tape.httpx2_transport())
            return anthropic.AsyncAnthropic(
                api_key=_KEY, base_url=_URL, max_retries=0, http_client=http
            )
        case "google-genai":
            return _genai(tape).aio
        case "mistralai":
            return _mistral(tape)
        case "ollama":
            return ollama.AsyncClient(host=_URL, transport=tape.httpx_transport())
        case sdk:
            raise NotImplementedError(f"{sdk} has no async client")


def _genai(tape: Tape) -> genai.Client:
    transport = tape.httpx2_transport()
    options = genai.types.HttpOptions(
        httpx_client=httpx2.Client(transport=transport),
        httpx_async_client=httpx2.AsyncClient(transport=transport),
    )
    return genai.Client(api_key=_KEY, http_options=options)


def _mistral(tape: Tape) -> Mistral:
    # One class for both: its async methods use the second client.
    transport = tape.httpx2_transport()
    return Mistral(
        api_key=_KEY,
        server_url=_URL,
        client=httpx2.Client(transport=transport),
        async_client=httpx2.AsyncClient(transport=transport),
    )


def _bedrock(tape: Tape) -> Any:
    # boto3 and botocore have no types; imported by name they are Any, here and nowhere else.
    boto3: Any = importlib.import_module("boto3")
    awsrequest: Any = importlib.import_module("botocore.awsrequest")
    config: Any = importlib.import_module("botocore.config")
    client = boto3.client(
        _BEDROCK,
        region_name="us-east-1",
        aws_access_key_id=_KEY,
        aws_secret_access_key=_KEY,
        config=config.Config(retries={"total_max_attempts": 1}),
    )

    def answer(request: Any, **_: object) -> Any:
        headers = awsrequest.HeadersDict(tape.headers)
        return awsrequest.AWSResponse(request.url, 200, headers, RawBody(tape))

    client.meta.events.register(f"before-send.{_BEDROCK}", answer)
    return client
