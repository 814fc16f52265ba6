"""Lint finds what would go wrong later, or elsewhere."""

from collections.abc import Callable

import pytest

from llmlogs.pack.lint import lint
from llmlogs.pack.model import Question

Write = Callable[..., Question]
EVIDENCE = "select request_model as model from calls order by 1"


def test_a_sound_question_has_no_complaints(write: Write) -> None:
    assert lint(write()) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (EVIDENCE, EVIDENCE + "\n" * 100, "at most 100"),
        (EVIDENCE, "select getvariable('x') as model", "parameter x is not explained"),
        ("calls.status", "calls.nothing", "no column of the contract"),
        ("coalesce(sum(sample_weight), 0)", "count(call_id)", "ignores sample_weight"),
        ("needs = ", 'engine = "spark"\nneeds = ', "engine is portable or duckdb"),
        (EVIDENCE, "select median(duration_ms) as model from calls", "not portable: median"),
        ("needs = ", 'chart = { kind = "bars", result = "timeline" }\nneeds = ', "a chart draws timeline"),
        ("needs = ", 'chart = { kind = "bars" }\nresults = ["evidence", "verdict"]\nneeds = ', "the first result is the verdict"),
        ("needs = ", 'results = ["facts", "evidence"]\nneeds = ', "the first result is the verdict"),
        ("basis", "based", "lacks basis"),
        ("from params left join calls on true", "from params join calls on true group by most", "0 rows on an empty database"),
        ("[, most by {who}]", "{whom}", "names whom"),
        ("[, most by {who}]", "{who:inch}", "unknown unit inch"),
        (EVIDENCE, 'select request_model as "Model" from calls', "not lower case"),
        (EVIDENCE, "select request_model as spans from calls", "named as a table"),
        (EVIDENCE, "select request_model as model, provider from calls", "provider is not described"),
        (EVIDENCE, "select 1 as most", "[columns] describes model"),
        ('unit = "int"', 'unit = "inch"', "unknown unit inch"),
        (EVIDENCE, "select merge_try as model from call_rows", "does not run"),
        (EVIDENCE, "select source as model from call_rows", "it reads call_rows"),
        ("with params as (", 'create temp table t as select "key" from meta;\nwith params as (', "it reads meta"),
        (EVIDENCE, "select nothing", "does not run on an empty database"),
    ],
)
def test_complaints(write: Write, old: str, new: str, told: str) -> None:
    complaints = lint(write((old, new)))
    assert any(told in complaint for complaint in complaints), complaints


def test_what_only_duckdb_says_well_is_marked(write: Write) -> None:
    assert lint(write((EVIDENCE, "select median(duration_ms) as model from calls"), ("needs = ", 'engine = "duckdb"\nneeds = '))) == []


def test_words_in_comments_and_texts_are_no_spellings(write: Write) -> None:
    assert lint(write((EVIDENCE, "select 'median(' as model -- median(\n/* epoch( */ from calls"))) == []
