"""The names of providers."""

from enum import StrEnum


class Provider(StrEnum):
    """The providers whose names we fix; any other string is as good."""

    OPENAI = "openai"
    AZURE = "azure"
    ANTHROPIC = "anthropic"
    BEDROCK = "bedrock"
    GEMINI = "gemini"
    MISTRAL = "mistral"
    OLLAMA = "ollama"
    COHERE = "cohere"
    DEEPGRAM = "deepgram"
    DEEPSEEK = "deepseek"
    ELEVENLABS = "elevenlabs"
    GROQ = "groq"
    OPENROUTER = "openrouter"
    PERPLEXITY = "perplexity"
    REPLICATE = "replicate"
    TOGETHER = "together"
    XAI = "xai"
    UNKNOWN = "unknown"
