"""Logs of model servers one runs oneself: SGLang, vLLM, Text Generation Inference. What they have best is where the time of a request went."""

from llmlogs.sources.model_servers import sglang_metrics, sglang_requests, tgi, vllm_run

SOURCES = (sglang_metrics.SOURCE, sglang_requests.SOURCE, tgi.SOURCE, vllm_run.SOURCE)
