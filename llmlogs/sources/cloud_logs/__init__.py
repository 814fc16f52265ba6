"""Request logs that clouds keep of model calls: Amazon Bedrock, Vertex AI, Azure OpenAI, Azure API Management. Each is a source of its own.

Their bodies are provider answers and are read as such (`provider_responses`); what the log says around them is read here.
"""

from llmlogs.sources.cloud_logs import azure_apim, azure_openai, bedrock, vertex

SOURCES = (bedrock.SOURCE, vertex.SOURCE, azure_openai.SOURCE, azure_apim.SOURCE)
