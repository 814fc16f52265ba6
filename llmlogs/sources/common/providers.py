"""Providers as gateways and tracing libraries name them, in the contract's ids (OpenTelemetry's or genai-prices'). Any other name stays as logged."""

from __future__ import annotations

# Spelt in lower case with underscores -> the id.
PROVIDERS = {
    "azure_openai": "azure", "azure_text": "azure", "azure_ai": "azure", "azure_foundry": "azure", "azure_inference": "azure", "azureopenai": "azure",
    "azure_ai_openai": "azure", "az_ai_openai": "azure", "azure_ai_inference": "azure",
    "bedrock": "aws.bedrock", "aws_bedrock": "aws.bedrock", "awsbedrock": "aws.bedrock", "amazon_bedrock": "aws.bedrock", "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock", "aws": "aws.bedrock",
    "sagemaker": "aws.sagemaker", "sagemaker_chat": "aws.sagemaker",
    "vertex_ai": "gcp.vertex_ai", "vertex": "gcp.vertex_ai", "vertexai": "gcp.vertex_ai", "vertex_ai_beta": "gcp.vertex_ai",
    "google_vertex_ai": "gcp.vertex_ai", "google_vertex": "gcp.vertex_ai", "gcpvertexai": "gcp.vertex_ai", "gcpanthropic": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai", "google_anthropic_vertex": "gcp.vertex_ai", "gcp_vertex_ai": "gcp.vertex_ai", "gcp_vertex_agent": "gcp.vertex_ai",
    "google_cloud_vertex": "gcp.vertex_ai",
    "gemini": "gcp.gemini", "google": "gcp.gemini", "google_ai_studio": "gcp.gemini", "google_genai": "gcp.gemini", "google_generative_ai": "gcp.gemini",
    "gcp_gemini": "gcp.gemini", "gcp_gen_ai": "gcp.gemini", "google_gla": "gcp.gemini",
    "xai": "x-ai", "grok": "x-ai", "x_ai": "x-ai",
    "mistral_ai": "mistral", "mistralai": "mistral", "codestral": "mistral", "text_completion_codestral": "mistral",
    "together_ai": "together", "togetherai": "together",
    "fireworks_ai": "fireworks",
    "perplexity_ai": "perplexity", "perplexityai": "perplexity",
    "text_completion_openai": "openai",
    "custom_openai": "openai-compatible", "openai_like": "openai-compatible",
    "cohere_chat": "cohere",
    "ollama_chat": "ollama",
    "hosted_vllm": "vllm",
    "watsonx": "ibm.watsonx.ai", "watsonx_text": "ibm.watsonx.ai",
    "moonshot": "moonshotai",
    "github_copilot": "github-copilot",
    "voyage": "voyageai",
    "anthropic_text": "anthropic",
    "litellm_proxy": "litellm",
    "zhipu": "zhipuai",
    "novita_ai": "novita",
    "deep_seek": "deepseek",
}  # fmt: skip
_UNDERSCORES = str.maketrans("-. ", "___")
OWN_IDS = frozenset({"google", "aws"})  # genai-prices' own: a log that says so means no product in particular, and is left as it is


def known(name: str) -> str | None:
    """The id of a provider that is spelt in another way; None for any other name."""
    return PROVIDERS.get(name.strip().lower().translate(_UNDERSCORES))


def spelling(name: str) -> str:
    """The one id of a provider that is spelt in another way; any other name, and every id of OpenTelemetry's or genai-prices', as it is."""
    return name if name.strip().lower() in OWN_IDS else known(name) or name


def provider_id(name: str | None) -> str | None:
    """The contract's id of a provider; None for none."""
    plain = (name or "").strip().lower()
    return known(plain) or plain or None
