"""A small question to vary, and a folder to write it to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmlogs.pack.model import Question
from llmlogs.pack.parse import parse

HEADER = """/*---
question = "How many calls?"
needs = ["calls.status"]
passes = "{n:call|calls}."
fails = "{n:int} calls are more than {most:int}[, most by {who}]."
why = "It shows."
fix = "Call less."
[columns]
model = { label = "Model" }
most = { label = "Most", unit = "int" }
---*/
"""
BODY = """with params as (
    select coalesce(getvariable('most'), 5) as most -- calls that are too many
)
select case when coalesce(sum(sample_weight), 0) > max(most) then 'fail' else 'ok' end as verdict, count(*) as n, 0.5 as value, 0.1 as lo, 0.9 as hi,
    'measured' as basis, 1 as min_effect, cast(null as double) as p_value, max(most) as most, cast(null as varchar) as who from params left join calls on true;
select request_model as model from calls order by 1;
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Question]:
    """A function that writes header and body, with replacements, to one/two.sql and reads them as a question."""

    def make(*replacements: tuple[str, str], header: str = HEADER, body: str = BODY) -> Question:
        text = header + body
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "one" / "two.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return parse(path, "one/two")

    return make
