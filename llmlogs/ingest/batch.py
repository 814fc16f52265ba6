"""Files that are committed together: rows are loaded hidden, then one transaction merges, prices, accounts and shows them."""

from __future__ import annotations

import errno
import json
import tempfile
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import duckdb

from llmlogs import __version__
from llmlogs.carriers import compression
from llmlogs.carriers.base import Position
from llmlogs.errors import LlmlogsError, StorageError
from llmlogs.ingest import accounts, bill_scale, checkpoint, checks, coverage, discover, fast, load, merge, suspicions, trace_facts, tries, twins, unread
from llmlogs.ingest.apart import Apart, Lost
from llmlogs.ingest.checkpoint import FileState, Known
from llmlogs.ingest.failpoint import Failpoint, reach
from llmlogs.ingest.fast_result import FewLines
from llmlogs.ingest.keeping import Keeper
from llmlogs.ingest.meter import Meter
from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.reading import Reader, Reading, read
from llmlogs.ingest.report import Counts, FileReport
from llmlogs.ingest.spool import Spool
from llmlogs.pricing import load_overrides, price_calls
from llmlogs.sources import all_sources
from llmlogs.sources.base import Context
from llmlogs.store import database

CHUNK = 64 << 20  # spooled bytes that are worth a load
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
KINDS = ("records", "calls", "other", "merged", "skipped", "rejected")


@dataclass
class Done:
    """A file that was read in this batch."""

    state: FileState
    report: FileReport
    reading: Reading
    before: FileState | None


class Batch:
    """One ingest. Nothing of it is visible before `commit`; leaving without it takes everything back."""

    def __init__(self, con: database.Connection, known: Known, options: IngestOptions, run_id: str, meter: Meter, apart: Apart) -> None:
        self._apart = apart
        self._con, self._known, self._options, self._run_id, self._meter = con, known, options, run_id, meter
        self._secret = database.secret(con)
        self._prices = load_overrides(Path(options.prices)) if options.prices else None  # a mistake in it is told before anything is read
        self._spool = Spool()
        self._ingest_id = 0
        self._done: list[Done] = []
        self._seen_again: list[FileState] = []

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._spool.__exit__()
        if kind is not None and self._ingest_id and kind is not Failpoint:
            self._con.execute(f"delete from call_rows where ingest_id = {self._ingest_id}")
            self._con.execute(f"delete from ingests where ingest_id = {self._ingest_id}")

    def read(self, path: Path, shown: str) -> FileReport:
        """Read what is new in one file."""
        reach("file")
        head = compression.first_bytes(path, checkpoint.HEAD)
        state = self._known.unchanged(path, shown, head)
        if state:
            return self._already(state, shown)
        before, grown = self._recognise(path, head)
        if before and not grown:
            self._seen_again.append(_moved(before, path, shown))
            return self._already(before, shown)
        plan = discover.identify(path, shown, self._options.format or (before.source if before and before.source in all_sources() else ""))
        if isinstance(plan, FileReport):
            plan.bytes = path.stat().st_size
            return plan
        return self._read_new(plan, head, before)

    def _recognise(self, path: Path, head: bytes) -> tuple[FileState | None, bool]:
        """The stream whose content this file begins with, and whether there is more."""
        for state in () if checkpoint.in_use(path) else self._known.alike(head):
            held, more, _ = checkpoint.holds(path, state)
            if held and (not more or not (checkpoint.still_there(state, path) or state.ingest_id == self._ingest_id)):
                return state, more and state.pending_bytes != _rest(path, state)
        return None, False

    def _already(self, state: FileState, shown: str) -> FileReport:
        counts = Counts(pending_bytes=state.pending_bytes)
        report = FileReport(shown, state.source, state.carrier, state.reader, counts=counts, already_ingested=True)
        if self._options.format not in ("", state.source):
            report.error = f"was read as {state.source} before, and nothing is read twice; to read it as {self._options.format}, name another --db"
        return report

    def _read_new(self, plan: discover.Plan, head: bytes, before: FileState | None, here: bool = False) -> FileReport:
        self._begin()
        file_id = before.file_id if before else self._known.next_id
        position = Position(before.read_bytes, before.lines, before.blank_lines) if before else Position()
        position.unterminated = bool(before) and checkpoint.holds(plan.path, cast(FileState, before))[2]
        reading = Reading(file_id, position)
        report = FileReport(plan.shown, plan.source.name, plan.container, "careful", plan.why, reading.counts)
        size, modified = checkpoint.touched(plan.path)
        state = FileState(file_id, self._ingest_id, plan.shown, plan.source.name, plan.container, "careful", bytes=size, modified_ns=modified)
        state.fingerprint, state.head_bytes = checkpoint.fingerprint(head), len(head)
        self._spool.mark()
        try:
            state.tail_fingerprint = self._fast(plan, reading, report, before) or self._stream(plan, reading, here)
            problem = accounts.mismatch(reading.counts, reading.read, reading.main)
        except (LlmlogsError, Failpoint, duckdb.Error):
            raise
        except Lost:
            self._take_back(file_id)
            return self._read_new(plan, head, before, here=True)
        except OSError as failure:
            self._give_up(report, file_id, "")
            raise _told(failure) from failure
        except Exception as fault:  # a fault of one source must not cost the other files
            problem = f"{type(fault).__name__} in {plan.source.name} after record {reading.read}"
        if problem:
            return self._give_up(report, file_id, problem)
        self._keep(Done(state, report, reading, before))
        return report

    def _fast(self, plan: discover.Plan, reading: Reading, report: FileReport, before: FileState | None) -> str:
        """Let DuckDB read a big clean file; '' when the careful reader has to."""
        if before or plan.container != "ndjson" or self._options.feature_from or not fast.suits(plan.path, plan.source):
            return ""
        source = cast(fast.Mapped, plan.source)
        self._meter.part = lambda: float(self._con.query_progress()) / 100
        result = fast.load(self._con, self._ingest_id, reading.file_id, plan.path, source, self._options.timezone)
        if result is None:
            return ""
        reading.take(result)
        report.reader = result.why
        for row in unread.beside(fast.sample(plan.path), (leaf.path for leaf in source.compiled.leaves)):
            self._spool.add("unread_fields", row | {"file_id": reading.file_id})
        keeper = self._keeper(plan, reading)
        with plan.path.open("rb") as stream:
            keeper.finish(Reader(replace(plan, carrier=FewLines(result)), reading, self._context(plan), keeper).run(stream))
        return checkpoint.file_tail(plan.path, reading.position.offset)

    def _context(self, plan: discover.Plan) -> Context:
        options = self._options
        return Context(plan.shown, self._secret, options.store_text, options.timezone, options.feature_from)

    def _keeper(self, plan: discover.Plan, reading: Reading) -> Keeper:
        return Keeper(plan.source.name, reading, self._spool, self._context(plan), self._load_if_many)

    def _stream(self, plan: discover.Plan, reading: Reading, here: bool) -> str:
        """Read the stream, `here` or where it is faster; its tail mark."""
        keeper, context = self._keeper(plan, reading), self._context(plan)
        size = max(plan.path.stat().st_size, 1)

        def watched(stream: BinaryIO) -> None:
            self._meter.part = lambda: compression.consumed(stream) / size

        if not here and self._apart.worth(plan, size, self._meter.total - self._meter.done):
            self._meter.part = lambda: self._apart.consumed / size
            unread, tail = self._apart.read(plan, reading, context, keeper)
        else:
            unread, tail = read(plan, reading, context, keeper, watched)
        keeper.finish(unread)
        return tail

    def _give_up(self, report: FileReport, file_id: int, problem: str) -> FileReport:
        """Keep nothing of a file whose accounts do not close."""
        self._take_back(file_id)
        report.counts, report.error = Counts(), f"internal error, nothing of the file was kept: {problem}; please report it"
        return report

    def _take_back(self, file_id: int) -> None:
        self._spool.take_back()
        self._con.execute(f"delete from call_rows where ingest_id = {self._ingest_id} and file_id = {file_id}")

    def _keep(self, done: Done) -> None:
        state, reading, report = done.state, done.reading, done.report
        state.read_bytes, state.lines, state.blank_lines = reading.position.offset, reading.position.line, reading.position.blank
        state.reader = report.reader
        state.pending_bytes = reading.counts.pending_bytes = reading.position.pending
        report.reject_reasons, report.skip_kinds, report.notes = dict(reading.rejects), dict(reading.skips), dict(reading.notes)
        report.bytes, report.error = state.bytes, reading.error
        self._known.next_id = max(self._known.next_id, state.file_id + 1)
        self._known.add(state)
        self._done.append(done)

    def _begin(self) -> None:
        if self._ingest_id:
            return
        highest = "select greatest((select coalesce(max(ingest_id), 0) from ingests), (select coalesce(max(ingest_id), 0) from call_rows)) + 1"
        self._ingest_id = self._con.execute(highest).fetchall()[0][0]
        arguments = json.dumps({field.name: getattr(self._options, field.name) for field in fields(IngestOptions)})
        self._con.execute(
            "insert into ingests (ingest_id, run_id, started_at, llmlogs_version, arguments) values ($1, $2, $3, $4, $5)",
            [self._ingest_id, self._run_id, datetime.now(UTC).replace(tzinfo=None), __version__, arguments],
        )
        reach("begun")

    def _load_if_many(self) -> None:
        if self._spool.size("call_rows") > CHUNK:
            load.load_calls(self._con, self._ingest_id, self._spool)
            reach("chunk")

    def commit(self) -> None:
        """Merge, price and account for what was read, and show it, in one transaction."""
        if not self._done:
            self._remember_places()
            return
        load.load_calls(self._con, self._ingest_id, self._spool)
        reach("loaded")
        self._weigh()
        trace_facts.prepare(self._con, self._spool)
        checks.name_providers(self._con, self._ingest_id)
        checks.check(self._con, self._ingest_id)
        merge.prepare(self._con, {done.state.file_id: done.state.source for done in self._done})
        reach("checked")
        self._con.execute("begin")
        try:
            self._finish()
            reach("finished")
            self._con.execute("commit")
        except BaseException:
            _roll_back(self._con)
            raise
        self._ingest_id = 0
        reach("committed")

    def _finish(self) -> None:
        con, ingest_id = self._con, self._ingest_id
        if any(done.reading.idless for done in self._done):
            merge.number_repeats(con, ingest_id)
        if self._options.merge:
            merge.merge(con, ingest_id)
            tries.fold_tries(con, ingest_id)
            twins.merge_twins(con, ingest_id)
        reach("merged")
        self._count_merged()
        price_calls(con, ingest_id, self._prices)
        reach("priced")
        load.load_others(con, ingest_id, self._spool)
        tries.settle(con)
        suspicions.suspect(con, ingest_id)
        bill_scale.suspect(con, ingest_id)
        self._tell(checks.keep_issues(con, ingest_id))
        trace_facts.apply(con, ingest_id)
        con.execute(f"insert into merged by name select call_id, {ingest_id} as ingest_id, file_id, line, why, record_id from went")
        self._remember_places()
        reach("stored")
        coverage.cover(con, ingest_id)
        con.execute("update ingests set finished_at = $1 where ingest_id = $2", [datetime.now(UTC).replace(tzinfo=None), ingest_id])

    def _weigh(self) -> None:
        """A sampled log: each row stands for 1 / rate calls, unless it says so itself."""
        if self._options.sample_rate:
            load.add_columns(self._con, {"sample_weight"})
            weight = 1 / self._options.sample_rate
            self._con.execute(f"update call_rows set sample_weight = $1 where sample_weight is null and ingest_id = {self._ingest_id}", [weight])

    def _count_merged(self) -> None:
        gone = dict(self._con.execute("select file_id, count(*) from went group by file_id").fetchall())
        for done in self._done:
            counts = done.reading.counts
            counts.merged += gone.get(done.state.file_id, 0)
            counts.calls -= gone.get(done.state.file_id, 0)

    def _tell(self, found: dict[tuple[int, str], int]) -> None:
        for done in self._done:
            for (file_id, what), count in found.items():
                if file_id == done.state.file_id:
                    done.report.notes[what] = done.report.notes.get(what, 0) + count

    def _remember_places(self) -> None:
        """The checkpoint: a row of `files` for each stream, with its totals over all its readings."""
        for done in self._done:
            for kind in KINDS:
                setattr(done.state, kind, getattr(done.reading.counts, kind) + (getattr(done.before, kind) if done.before else 0))
        states = {state.file_id: state for state in [*self._seen_again, *(done.state for done in self._done)]}
        if states:
            load.replace_files(self._con, self._spool, [asdict(state) for state in states.values()])


def _told(failure: OSError) -> Exception:
    """A full disk stops the run; anything else is the matter of one file."""
    if failure.errno in NO_ROOM:
        return StorageError("no room for temporary files", tempfile.gettempdir(), failure.strerror or "", "make room, or set TMPDIR to another disk")
    return failure


def _moved(state: FileState, path: Path, shown: str) -> FileState:
    """The same stream at another place, unless the old place still holds it."""
    if Path(state.path).exists() and Path(state.path) != Path(shown):
        return state
    state.path = shown
    state.bytes, state.modified_ns = checkpoint.touched(path)
    return state


def _rest(path: Path, state: FileState) -> int:
    """Bytes behind what was read, for a plain file; -1 where that is not known without reading."""
    return -1 if compression.kind(path) else path.stat().st_size - state.read_bytes


def _roll_back(con: database.Connection) -> None:
    try:
        con.execute("rollback")
    except duckdb.Error:  # the failure ended the transaction itself
        return
