"""Providers as gateways name them, in the contract's ids (OpenTelemetry's or genai-prices'). What is not listed stays as logged, in lower case."""

from __future__ import annotations

PROVIDERS = {
    "azure": "azure", "azure-openai": "azure", "azure_openai": "azure", "azure_text": "azure", "azure_ai": "azure", "azure-ai": "azure",
    "azure-foundry": "azure", "azure-inference": "azure",
    "bedrock": "aws.bedrock", "aws-bedrock": "aws.bedrock", "aws_bedrock": "aws.bedrock", "awsbedrock": "aws.bedrock", "amazon bedrock": "aws.bedrock",
    "amazon-bedrock": "aws.bedrock", "bedrock_converse": "aws.bedrock", "bedrock_mantle": "aws.bedrock", "aws": "aws.bedrock",
    "sagemaker": "aws.sagemaker", "sagemaker_chat": "aws.sagemaker",
    "vertex_ai": "gcp.vertex_ai", "vertex-ai": "gcp.vertex_ai", "vertex": "gcp.vertex_ai", "vertexai": "gcp.vertex_ai", "vertex_ai_beta": "gcp.vertex_ai",
    "google-vertex-ai": "gcp.vertex_ai", "google vertex": "gcp.vertex_ai", "google-vertex": "gcp.vertex_ai", "gcpvertexai": "gcp.vertex_ai",
    "gcpanthropic": "gcp.vertex_ai",
    "gemini": "gcp.gemini", "google": "gcp.gemini", "google-ai-studio": "gcp.gemini", "google ai studio": "gcp.gemini", "google_ai_studio": "gcp.gemini",
    "xai": "x-ai", "grok": "x-ai", "x-ai": "x-ai",
    "mistral-ai": "mistral", "mistralai": "mistral", "codestral": "mistral", "text-completion-codestral": "mistral",
    "together_ai": "together", "together-ai": "together", "togetherai": "together", "fireworks_ai": "fireworks", "fireworks-ai": "fireworks",
    "perplexity-ai": "perplexity", "perplexityai": "perplexity",
    "text-completion-openai": "openai", "custom_openai": "openai-compatible", "openai_like": "openai-compatible",
    "cohere_chat": "cohere", "ollama_chat": "ollama", "hosted_vllm": "vllm", "watsonx": "ibm.watsonx.ai", "watsonx_text": "ibm.watsonx.ai",
    "moonshot": "moonshotai", "github_copilot": "github-copilot", "voyage": "voyageai", "anthropic_text": "anthropic", "litellm_proxy": "litellm",
    "zhipu": "zhipuai", "novita-ai": "novita", "deep-seek": "deepseek",
}  # fmt: skip


OWN_IDS = frozenset({"google", "aws"})  # genai-prices' own: a log that says so means no product in particular, and is left as it is


def spelling(name: str) -> str:
    """The one id of a provider that is spelt in another way; any other name, and every id of OpenTelemetry's or genai-prices', as it is."""
    plain = name.strip().lower()
    return name if plain in OWN_IDS else PROVIDERS.get(plain, name)


def provider_id(name: str | None) -> str | None:
    """The contract's id of a provider; None for none."""
    plain = (name or "").strip().lower()
    return PROVIDERS.get(plain, plain) or None
