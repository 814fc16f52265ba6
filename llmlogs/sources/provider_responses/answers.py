"""One model answer of any API, whole or streamed, read into one form. Text is measured, never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmlogs.sources.provider_responses.response_shapes import Raw

NO_OUTPUT = frozenset({"embeddings", "rerank"})


@dataclass
class Answer:
    """What an answer says. Times are as logged; `usage` is the raw usage object, `timings` every raw object that may hold server times."""

    shape: str = ""
    operation: str | None = None
    response_id: str | None = None
    model: str | None = None
    created: Any = None
    completed: Any = None
    service_tier: str | None = None
    region: str | None = None
    upstream: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    finish: str | None = None
    state: str | None = None
    tool_calls: int | None = None
    searches: int | None = None
    chars: int | None = None
    pieces: list[str] = field(default_factory=list)
    error: Any = None
    timings: list[Raw] = field(default_factory=list)
    streamed: bool = False
    settled: bool = False
    tool_ids: set[str] = field(default_factory=set)
    event_times: list[datetime] = field(default_factory=list)
    first_token_at: datetime | None = None

    def take(self, name: str, value: Any) -> None:
        """Keep a short text; later ones win, empty ones do not."""
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            setattr(self, name, str(value)[:300])

    def wrote(self, text: Any) -> None:
        """Count the characters of a piece of the answer; the pieces are kept for the moment, in case the user asked for the text."""
        if isinstance(text, str):
            self.chars = (self.chars or 0) + len(text)
            self.pieces.append(text)

    def called(self, number: int) -> None:
        """Count tool calls the answer asks for."""
        self.tool_calls = (self.tool_calls or 0) + number

    def complete(self, other: Answer) -> None:
        """Fill what is missing from another record of the same answer."""
        for name in ("operation", "response_id", "model", "created", "service_tier", "region", "upstream", "finish", "state", "error"):
            setattr(self, name, getattr(self, name) or getattr(other, name))
        if not self.usage:
            self.usage = other.usage

    def use(self, usage: Any) -> None:
        """Usage that replaces what was said before, member by member: streams repeat it, cumulative."""
        if isinstance(usage, Mapping):
            self.usage.update({str(key): value for key, value in usage.items() if value is not None})


def read_answer(shape: str, node: Raw) -> Answer:
    """The answer in a whole response body of that shape."""
    answer = Answer(shape=shape)
    common(answer, node)
    READERS.get(shape, _plain)(answer, node)
    return answer


def common(answer: Answer, node: Raw) -> None:
    """Members that mean the same in every API."""
    for name in ("id", "responseId", "response_id"):
        answer.take("response_id", node.get(name))
    for name in ("model", "modelVersion", "model_version", "model_id"):
        answer.take("model", node.get(name))
    answer.take("service_tier", node.get("service_tier"))
    answer.take("upstream", node.get("provider"))
    answer.created = answer.created or node.get("created") or node.get("created_at") or node.get("createTime") or node.get("create_time")
    answer.completed = node.get("completed_at") or answer.completed
    if node.get("error"):
        answer.error = node["error"]
    if isinstance(node.get("time_info"), Mapping):
        answer.timings.append(node["time_info"])
    if isinstance(node.get("metrics"), Mapping):
        answer.timings.append(node["metrics"])
    _usage(answer, node)


def _usage(answer: Answer, node: Raw) -> None:
    for name in ("usageMetadata", "usage_metadata"):
        if isinstance(node.get(name), Mapping):
            answer.usage = {}  # each chunk's is whole: a member it lacks is not there
            answer.use(node[name])
    for name in ("usage", "meta"):
        answer.use(node.get(name))
    groq = node.get("x_groq")
    if isinstance(groq, Mapping):
        answer.use(groq.get("usage"))
        answer.error = groq.get("error") or answer.error
    last = node.get("amazon-bedrock-invocationMetrics")
    if isinstance(last, Mapping):
        answer.timings.append(last)
        if not answer.usage:
            answer.use(last)
    answer.take("service_tier", answer.usage.get("service_tier"))
    if answer.usage.get("inference_geo") != "not_available":
        answer.take("region", answer.usage.get("inference_geo"))


def items_of(value: Any) -> list[Raw]:
    """The objects of a list; none of anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _chat(answer: Answer, node: Raw) -> None:
    answer.operation = "chat"
    for choice in items_of(node.get("choices")):
        answer.take("finish", choice.get("finish_reason"))
        message = choice.get("message")
        if not isinstance(message, Mapping):
            answer.operation = "text_completion"
            answer.wrote(choice.get("text"))
            continue
        content = message.get("content")
        answer.wrote(content if not isinstance(content, list) else "".join(str(part.get("text") or "") for part in items_of(content)))
        answer.called(len(items_of(message.get("tool_calls"))) + isinstance(message.get("function_call"), Mapping))


def _completion(answer: Answer, node: Raw) -> None:
    _chat(answer, node)
    answer.operation = "text_completion"


def _responses(answer: Answer, node: Raw) -> None:
    answer.operation = "chat"
    answer.take("state", node.get("status"))
    details = node.get("incomplete_details")
    answer.take("finish", details.get("reason") if isinstance(details, Mapping) else None)
    for item in items_of(node.get("output")):
        responses_item(answer, item)
    if answer.finish is None and answer.state == "completed":
        answer.finish = "stop"


OWN_TOOLS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "shell_call", "computer_call", "apply_patch_call"})


def responses_item(answer: Answer, item: Raw) -> None:
    """One output item of the Responses API."""
    kind = item.get("type")
    answer.called(int(str(kind) in OWN_TOOLS))
    if kind == "web_search_call":
        answer.searches = (answer.searches or 0) + 1
    for part in items_of(item.get("content")):
        answer.wrote(part.get("text"))


def _anthropic(answer: Answer, node: Raw) -> None:
    answer.operation = "chat" if "completion" not in node else "text_completion"
    answer.take("finish", node.get("stop_reason"))
    answer.wrote(node.get("completion"))
    for block in items_of(node.get("content")):
        answer.wrote(block.get("text"))
        answer.called(int(block.get("type") == "tool_use"))


GEMINI_FINISH = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER", 6: "BLOCKLIST", 7: "PROHIBITED_CONTENT", 8: "SPII",
                 9: "MALFORMED_FUNCTION_CALL"}  # fmt: skip # Vertex, asked for enums as numbers


def gemini(answer: Answer, node: Raw) -> None:
    """A Gemini answer, or one chunk of it: usage is cumulative, texts and calls add up."""
    answer.operation = answer.operation or "chat"
    for candidate in items_of(node.get("candidates")):
        finish = candidate.get("finishReason") or candidate.get("finish_reason")
        answer.take("finish", GEMINI_FINISH.get(finish, finish) if isinstance(finish, int) else finish)
        content = candidate.get("content")
        for part in items_of(content.get("parts")) if isinstance(content, Mapping) else []:
            answer.wrote(part.get("text") if not part.get("thought") else None)
            answer.called(int("functionCall" in part or "function_call" in part))
    feedback = node.get("promptFeedback") or node.get("prompt_feedback")
    if isinstance(feedback, Mapping):
        answer.take("finish", feedback.get("blockReason") or feedback.get("block_reason"))
    if "embeddings" in node or "embedding" in node:
        answer.operation = "embeddings"


def _converse(answer: Answer, node: Raw) -> None:
    answer.operation = "chat"
    answer.take("finish", node.get("stopReason"))
    tier = node.get("serviceTier")
    answer.take("service_tier", tier.get("type") if isinstance(tier, Mapping) else tier)
    output = node.get("output")
    message = output.get("message") if isinstance(output, Mapping) else None
    for part in items_of(message.get("content")) if isinstance(message, Mapping) else []:
        answer.wrote(part.get("text"))
        answer.called(int("toolUse" in part))


def _cohere(answer: Answer, node: Raw) -> None:
    answer.operation = "text_completion" if "generations" in node else "chat"
    answer.take("finish", node.get("finish_reason"))
    answer.wrote(node.get("text"))
    message = node.get("message")
    if isinstance(message, Mapping):
        for part in items_of(message.get("content")):
            answer.wrote(part.get("text"))
    answer.called(len(items_of((message if isinstance(message, Mapping) else node).get("tool_calls"))))
    for one in items_of(node.get("generations")):
        answer.take("finish", one.get("finish_reason"))
        answer.wrote(one.get("text"))


def ollama(answer: Answer, node: Raw) -> None:
    """Ollama's native answer, or one line of its stream."""
    answer.response_id = None  # it has none; `created_at` is when it ended
    message = node.get("message")
    answer.operation = "chat" if isinstance(message, Mapping) else "text_completion"
    answer.take("finish", node.get("done_reason"))
    answer.wrote(message.get("content") if isinstance(message, Mapping) else node.get("response"))
    if isinstance(message, Mapping):
        answer.called(len(items_of(message.get("tool_calls"))))
    answer.created, answer.completed = None, node.get("created_at")
    if "total_duration" in node or "eval_count" in node:
        answer.use({key: node[key] for key in ("prompt_eval_count", "eval_count") if key in node})
        answer.timings.append(node)


def _embedding(answer: Answer, node: Raw) -> None:
    answer.operation = "embeddings"
    if "inputTextTokenCount" in node or "prompt_eval_count" in node:
        answer.use({key: node[key] for key in ("inputTextTokenCount", "prompt_eval_count") if key in node})
    if "total_duration" in node:
        answer.timings.append(node)


def _listing(answer: Answer, node: Raw) -> None:
    """`{data: [...]}`: embeddings, rankings or images, told by the first item."""
    first = next(iter(items_of(node.get("data"))), {})
    answer.operation = "embeddings" if "embedding" in first else "rerank" if "relevance_score" in first else "image" if first else None


def _rerank(answer: Answer, node: Raw) -> None:
    answer.operation = "rerank"


def _xai(answer: Answer, node: Raw) -> None:
    """An answer of xAI's gRPC API, written as JSON."""
    answer.operation = "chat"
    for output in items_of(node.get("outputs")):
        message = output.get("message")
        answer.take("finish", str(output.get("finish_reason") or "").removeprefix("REASON_").lower())
        if isinstance(message, Mapping):
            answer.wrote(message.get("content"))
            answer.called(len(items_of(message.get("tool_calls"))))


def _counters(answer: Answer, node: Raw) -> None:
    """Llama, Titan, Mistral, AI21 and watsonx bodies: counters beside the text, or in `results`."""
    answer.operation = "text_completion"
    names = ("prompt_token_count", "generation_token_count", "inputTextTokenCount", "totalOutputTextTokenCount")
    answer.use({key: node[key] for key in names if key in node})
    for name in ("stop_reason", "completionReason"):
        answer.take("finish", node.get(name))
    answer.wrote(node.get("generation") or node.get("outputText"))
    for result in [*items_of(node.get("results")), *items_of(node.get("outputs"))]:
        answer.take("finish", result.get("stop_reason") or result.get("completionReason"))
        answer.wrote(result.get("outputText") or result.get("generated_text") or result.get("text"))
        answer.use({"totalOutputTextTokenCount": result.get("tokenCount"), **{key: result.get(key) for key in ("input_token_count", "generated_token_count")}})


def _interaction(answer: Answer, node: Raw) -> None:
    answer.operation = "chat"
    answer.take("state", node.get("status"))
    for item in items_of(node.get("outputs") or node.get("steps")):
        answer.called(int(item.get("type") == "function_call"))
        answer.wrote(item.get("text"))


def _run(answer: Answer, node: Raw) -> None:
    answer.operation = "chat"
    answer.take("state", node.get("status"))
    answer.error = node.get("last_error") or None
    answer.created = node.get("started_at") or node.get("created_at")


def _transcript(answer: Answer, node: Raw) -> None:
    answer.operation = "audio"
    answer.response_id = None
    answer.wrote(node.get("text"))


def _plain(answer: Answer, node: Raw) -> None:
    """A body of no known shape: what it has in common with the others is all there is."""


READERS: dict[str, Callable[[Answer, Raw], None]] = {
    "chat": _chat,
    "completion": _completion,
    "responses": _responses,
    "anthropic": _anthropic,
    "gemini": gemini,
    "converse": _converse,
    "cohere": _cohere,
    "ollama": ollama,
    "embedding": _embedding,
    "listing": _listing,
    "rerank": _rerank,
    "titan": _counters,
    "titan_event": _counters,
    "llama": _counters,
    "mistral_bedrock": _counters,
    "ai21": _counters,
    "xai": _xai,
    "watsonx": _counters,
    "interaction": _interaction,
    "run": _run,
    "transcript": _transcript,
}
