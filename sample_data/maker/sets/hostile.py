"""Names and values that break careless programs: markup, formulas, SQL, terminal codes, bidi controls, odd numbers. Every call must survive."""

from datetime import timedelta

from maker.files import Made, Scale, lines
from maker.world import Plan, stamp

NAMES = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }}",
    "[/oops]",
    "[bold red]x[/]",
    '=HYPERLINK("http://x")',
    "+1+1",
    "@SUM(A1)",
    "'; drop table calls; --",
    '" or 1=1',
    "\x1b[31mred\x1b[0m",
    "\u202eevil",
    "a\u0000b",
    "line\nbreak",
    "tab\there",
    "%s %d {}",
    "\\N",
    "NULL",
    "null",
    "NaN",
    "ᚠᛇᚻ",
    "👩‍🚀",
    "i\u0307",
    "ﬃ",
    " leading",
    "trailing ",
    "",
    "0",
    "-0",
    "1e999",
    "../../etc/passwd",
    "C:\\x",
    "a" * 300,
    "|a|b|",
    "`x`",
    "$(id)",
    "true",
)
ODD = (
    {"input_tokens": -5},
    {"output_tokens": "12"},
    {"duration_ms": 1e308},
    {"cache_read_tokens": 10**20},
    {"input_tokens": 1.5},
    {"duration_ms": -1},
    {"stream": "yes"},
)


def make(scale: Scale) -> Made:
    """Each name as a feature, a user, a model and an error, then calls with odd numbers."""
    start = (scale.plan(Plan())).start
    rows = []
    for number, name in enumerate(NAMES * 4):
        base = {
            "format": "llmlogs/1",
            "timestamp": stamp(start + timedelta(minutes=number)),
            "model": "gpt-4.1-mini",
            "call_id": f"x-{number:03}",
            "provider": "openai",
        }
        base |= {"duration_ms": 500.0 + number, "input_tokens": 100, "output_tokens": 10, "status": "ok", "feature": "plain"}
        column = ("feature", "user_id", "model", "error_type")[number // len(NAMES)]
        rows.append(base | {column: name} | ({"status": "error"} if column == "error_type" else {}))
    for number, odd in enumerate(ODD):
        rows.append(rows[0] | {"call_id": f"odd-{number}", "feature": "odd numbers"} | odd)
    rows += [{"format": "llmlogs/1", "call_id": "no time, no model"}]
    told = {"about": "hostile strings and odd numbers", "must_warn": ["data/values"], "may_warn": ["data/coverage", "errors/by_class", "cost/unpriced"]}
    return Made({"calls.jsonl": lines(rows)}, told | {"totals": {"lines": len(rows), "calls": len(rows) - 1, "rejected": 1}})
