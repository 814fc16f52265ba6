"""Find the questions: built-in < user < project < a folder named on the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from llmlogs import resources
from llmlogs.errors import UsageError
from llmlogs.pack.model import SECTIONS, Question
from llmlogs.pack.parse import QuestionError, parse


@dataclass(frozen=True)
class Pack:
    """All questions there are, in the report's order, and what was wrong with files that were left out."""

    questions: tuple[Question, ...]
    warnings: tuple[str, ...] = ()

    def find(self, question_id: str) -> Question:
        """The question of that id; UsageError with the nearest names."""
        by_id = {q.id: q for q in self.questions}
        if question_id in by_id:
            return by_id[question_id]
        near = difflib.get_close_matches(question_id, by_id, n=3, cutoff=0.4)
        raise UsageError("no such question", question_id[:80], next_step=f"did you mean {', '.join(near)}?" if near else "llmlogs queries list")

    def section(self, name: str) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if q.section == name)


def folders(extra: Path | None = None) -> list[Path]:
    """Where questions are looked for; a later folder overrides an earlier one."""
    found = [resources.folder("queries"), *resources.overlays("queries")]
    return [*found, extra] if extra else found


def load(places: Iterable[Path] | None = None) -> Pack:
    """Every <section>/<name>.sql under `places`. A file that does not parse is a warning, and what it would have overridden stays."""
    questions: dict[str, Question] = {}
    warnings: list[str] = []
    for place in folders() if places is None else places:
        for path in sorted(place.glob("*/*.sql")):
            question_id = f"{path.parent.name}/{path.stem}"
            try:
                questions[question_id] = parse(path, question_id)
            except QuestionError as error:
                warnings.append(str(error).replace("\n", "; "))
    return Pack(tuple(sorted(questions.values(), key=_place_in_report)), tuple(warnings))


def _place_in_report(question: Question) -> tuple[int, str]:
    known = SECTIONS.index(question.section) if question.section in SECTIONS else len(SECTIONS)
    return known, question.id
