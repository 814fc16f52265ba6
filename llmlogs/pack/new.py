"""`llmlogs queries new | copy`: a question of one's own, begun from a skeleton or from one that there is."""

from __future__ import annotations

import re
from pathlib import Path

from llmlogs.errors import StorageError, UsageError
from llmlogs.pack.load import Pack

ID = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*\Z")

SKELETON = """\
/*---
question  = "How long are the answers, and are some far too long?"   # asked by a person; the verdict answers it
needs     = ["calls.output_tokens"]         # "calls.a | calls.b" for either; "calls.a where stream" for the rows it concerns
min_calls = 50                              # below it the card shows its numbers and does not judge
results   = ["verdict", "evidence"]         # one select for each, in this order
passes    = "{share_long:pct1} of {n:call|calls} write more than {longest:tok} tokens; above {min_effect:pct1} would be a warning."
fails     = "{value:pct1} of {n:call|calls} write more than {longest:tok} tokens[, most of them for {top_feature}]."
why       = "What it means for users and money."
fix       = "What to do, in order."
chart     = { kind = "bars", x = "feature", y = "long_calls" }
[columns]                                   # every column of every result but the verdict's
feature    = { label = "Feature" }
n_calls    = { label = "Calls", unit = "int" }
long_calls = { label = "Long answers", unit = "int", help = "above the longest allowed" }
---*/
-- Counts are sums of sample_weight: one row may stand for many calls. NULL is "not recorded", never 0.
create or replace temp table answers as
with params as (
    select coalesce(getvariable('longest'), 2000) as longest -- tokens of the longest answer that is no problem
)
select feature, sum(sample_weight) as n, coalesce(sum(sample_weight) filter (output_tokens > longest), 0) as n_long
from calls, params where output_tokens is not null group by feature;

-- The verdict: always one row, on an empty database too.
with params as (
    select coalesce(getvariable('longest'), 2000) as longest, -- tokens of the longest answer that is no problem
        coalesce(getvariable('warn_share'), 0.05) as warn_share -- share of long answers that is a warning
),
total as (select coalesce(sum(n), 0) as n, sum(n_long) / nullif(sum(n), 0) as share_long from answers),
top as (select feature as top_feature from answers where n_long > 0 order by n_long desc, feature limit 1)
select case when share_long is null then 'unknown' when share_long > warn_share then 'warn' else 'ok' end as verdict,
    cast(round(n) as bigint) as n, share_long as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis,
    warn_share as min_effect, cast(null as double) as p_value, share_long, longest, top_feature
from total cross join params left join top on true;

-- The evidence: what shows that the verdict is right.
select feature, cast(round(n) as bigint) as n_calls, cast(round(n_long) as bigint) as long_calls
from answers order by n_long desc, feature limit 100;
"""

CASES = """\
# What the question must say in six situations: `llmlogs queries test {id}` runs them. A case's name begins with its kind.
[[case]]
name = "healthy"
[[case.tables.calls]]                       # any table; one entry stands for many rows
repeat = 100
feature = ["chat", "search"]                # a list is taken in turn
output_tokens = {{ low = 100, high = 900 }}   # evenly scattered, the same in every run
[case.want]
verdict = "ok"
values = {{ n = 100, value = 0 }}

[[case]]
name = "near miss: four long answers in a hundred"
like = "healthy"                            # that case's rows, and these
[[case.tables.calls]]
repeat = 4
feature = "chat"
output_tokens = 5000
[case.want]
verdict = "ok"

[[case]]
name = "violation"
like = "healthy"
[[case.tables.calls]]
repeat = 20
feature = "chat"
output_tokens = 5000
[case.want]
verdict = "warn"
sentence = ["most of them for chat"]
evidence = [{{ feature = "chat", n_calls = 70, long_calls = 20 }}]

[[case]]
name = "after the fix: such answers are wanted"
like = "healthy"
parameters = {{ longest = 8000 }}
[[case.tables.calls]]
repeat = 20
feature = "chat"
output_tokens = 5000
[case.want]
verdict = "ok"

[[case]]
name = "too few calls"
[[case.tables.calls]]
repeat = 10
output_tokens = 5000
[case.want]
verdict = "unknown"
reason = "10 of the 50 calls"

[[case]]
name = "field missing"
like = "healthy"
without = ["calls.output_tokens"]
[case.want]
verdict = "unknown"
reason = "log output_tokens"
"""


def new(question_id: str, folder: Path, *, replace: bool = False) -> tuple[Path, Path]:
    """Write a question that lints and runs, and its cases beside it, for its owner to change. UsageError where there is one."""
    if not ID.match(question_id):
        raise UsageError("not the name of a question", question_id[:80], "a section and a name of a-z, 0-9 and _", "llmlogs queries new cost/long_answers")
    question, cases = folder / f"{question_id}.sql", folder / f"{question_id}.toml"
    _write({question: SKELETON, cases: CASES.format(id=question_id)}, replace)
    return question, cases


def copy(pack: Pack, question_id: str, folder: Path, *, replace: bool = False) -> Path:
    """Write the question that holds now into `folder`, where it overrides the one it came from. UsageError where there is one."""
    found = pack.find(question_id)
    target = folder / f"{found.id}.sql"
    _write({target: found.sql}, replace)
    return target


def _write(files: dict[Path, str], replace: bool) -> None:
    """All or none: nothing of a user's is written over by accident."""
    there = next((path for path in files if path.exists()), None)
    if there and not replace:
        raise UsageError("there is one already", str(there), next_step="edit it, or give --force to write it anew")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError("cannot write the question", str(error.filename or ""), error.strerror or str(error)) from error
