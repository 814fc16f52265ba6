"""Failed tries that were records of their own become attempts of the call that followed them.

A source marks a failed try with `merge_yields`: it is a call only as long as nothing else of its operation_id is known. Which of both was read first,
in one file or in many, makes no difference. Set operations; a log without such rows costs one look at a column.
"""

from __future__ import annotations

from llmlogs.ingest import merge
from llmlogs.schema.ddl import quote
from llmlogs.store.database import Connection, ensure_columns, physical_columns

SAME_TRY_US = 5000  # two records of one try differ by the clock's rounding
NEEDED = {
    "ended_at", "duration_ms", "ttft_ms", "first_token_at", "attempts", "fallback_from", "provider", "request_model", "status_code", "error_class",
    "retry_after_ms", "merge_began",
}  # fmt: skip


def fold_tries(con: Connection, ingest_id: int) -> None:
    """Let every try that yields go into the last call of its operation, and tell of it in `attempts`."""
    if not {"merge_yields", "operation_id"} <= physical_columns(con):
        return
    con.execute(
        f"""create or replace temp table chains as select operation_id as k from call_rows
        where operation_id in (select operation_id from call_rows where merge_yields)
        group by k having count(*) > 1 and bool_or(ingest_id = {ingest_id})"""
    )
    if con.execute("select count(*) from chains").fetchall()[0][0]:
        ensure_columns(con, NEEDED)
        _pair(con, ingest_id)
        _tell(con, ingest_id)
        _complete(con, ingest_id)
        _leave(con)
        con.execute("drop table gone")
    con.execute("drop table chains")


def _pair(con: Connection, ingest_id: int) -> None:
    """gone: each try that yields with the call it goes into. One that is known to have failed for good is last in its operation and stays."""
    con.execute(
        f"""create or replace temp table steps as
        select rowid as row, operation_id as k, call_id, file_id, line, ingest_id <> {ingest_id} as earlier, coalesce(merge_yields, false) as yields,
            started_at as opened_at, coalesce(merge_began, started_at) as started_at, coalesce(ended_at, started_at) as ended_at,
            case when merge_began is null then duration_ms else epoch_us(ended_at - merge_began) / 1000 end as duration_ms,
            provider, request_model as model, status_code, error_class, retry_after_ms
        from call_rows where operation_id in (select k from chains)"""
    )
    con.execute(
        """create or replace temp table gone as
        with last as (select *, first_value(row) over (partition by k order by yields, ended_at desc nulls last, call_id, file_id, line) as into from steps)
        select l.* exclude (yields), f.call_id as new_id, f.earlier as into_earlier, f.file_id as into_file, f.line as into_line,
            coalesce(l.status_code is not distinct from f.status_code and abs(epoch_us(l.ended_at) - epoch_us(f.ended_at)) <= $1, false) as same_try
        from last l join steps f on f.row = l.into
        where l.yields and l.row <> l.into and coalesce(abs(epoch_us(l.ended_at) - epoch_us(f.ended_at)) <= 3600000000, true)""",
        [SAME_TRY_US],
    )
    con.execute("drop table steps")


def _tell(con: Connection, ingest_id: int) -> None:
    """A row of attempts for each try that no row tells of yet, and all of a call numbered in the order of their start."""
    con.execute(
        f"""insert into attempts by name
        with fresh as (
            select *, started_at - lag(started_at) over (partition by "into", status_code order by started_at, row) as since from gone where not same_try)
        select new_id as call_id, 0 as attempt, started_at, duration_ms, provider, model, status_code, error_class, retry_after_ms,
            'explicit' as origin, false as is_final, {ingest_id}::integer as ingest_id, file_id, line
        from fresh g where (since is null or epoch_us(since::interval) > $1) and not exists (
            select 1 from attempts a where a.call_id in (g.new_id, g.call_id) and a.origin = 'explicit' and a.status_code is not distinct from g.status_code
            and coalesce(abs(epoch_us(a.started_at) - epoch_us(g.started_at)) <= $1, a.started_at is not distinct from g.started_at))""",
        [SAME_TRY_US],
    )
    for table in merge.SIDES:  # what an earlier ingest told of a call that goes now
        con.execute(f"update {quote(table)} set call_id = g.new_id from gone g where {quote(table)}.call_id = g.call_id and g.earlier")
    con.execute(
        """update attempts set attempt = n.place from (
            select rowid as row, row_number() over (partition by call_id order by started_at nulls last, file_id, line) as place
            from attempts where origin = 'explicit' and is_final is not true and call_id in (select new_id from gone)) n
        where attempts.rowid = n.row and attempt is distinct from n.place"""
    )


def _complete(con: Connection, ingest_id: int) -> None:
    """The call waited since its first try began, and stands in for another model where that one was asked first.

    merge_began keeps the start of a failed try that is the last so far: it may yield to another one yet.
    """
    con.execute(
        """create or replace temp table whole as
        select g."into" as row, c.started_at as was, least(min(g.opened_at), min(c.started_at)) as started_at,
            greatest(coalesce(max(c.attempts), 1), 1 + max((select count(*) from attempts a
                where a.call_id = g.new_id and a.origin = 'explicit' and a.is_final is not true))) as attempts,
            coalesce(max(c.fallback_from), arg_min(g.model, g.started_at) filter (g.model <> c.request_model)) as fallback_from
        from gone g join call_rows c on c.rowid = g."into" group by g."into", c.started_at"""
    )
    con.execute(
        f"""update call_rows c set started_at = w.started_at, attempts = w.attempts, fallback_from = w.fallback_from,
            duration_ms = case when c.ended_at is null then c.duration_ms else greatest(c.duration_ms, epoch_us(c.ended_at - w.started_at) / 1000) end,
            ttft_ms = case when c.first_token_at is null then c.ttft_ms else greatest(c.ttft_ms, epoch_us(c.first_token_at - w.started_at) / 1000) end,
            merge_began = case when c.merge_yields then coalesce(c.merge_began, c.started_at) end,
            ingest_id = {ingest_id}, cost_usd = null, rate_id = null, cost_status = null
        from whole w where c.rowid = w.row and (c.started_at is distinct from w.started_at or c.attempts is distinct from w.attempts
            or c.fallback_from is distinct from w.fallback_from)"""
    )
    con.execute("drop table whole")


def _leave(con: Connection) -> None:
    """Take the rows out. Where an earlier ingest counted the try as a call, that stays the call's record, and the one that came now is merged into it."""
    con.execute("update id_map set new_id = g.new_id from gone g where id_map.new_id = g.call_id")
    con.execute("insert into id_map select w.file_id, w.line, g.call_id, g.new_id from went w join gone g on g.call_id = w.call_id")
    con.execute("update went set call_id = g.new_id from gone g where went.call_id = g.call_id")
    con.execute("insert into id_map select file_id, line, call_id, new_id from gone where not earlier and call_id <> new_id")
    con.execute("insert into went select new_id, file_id, line, 'retried', null from gone where not earlier")
    con.execute(
        """create or replace temp table places as
        select "into" as row, new_id, into_file, into_line, arg_min(file_id, row) as file_id, arg_min(line, row) as line
        from gone where earlier and not into_earlier group by all"""
    )
    con.execute("insert into went select new_id, into_file, into_line, 'retried', null from places")
    con.execute("update call_rows set file_id = p.file_id, line = p.line from places p where call_rows.rowid = p.row")
    con.execute("delete from call_rows where rowid in (select row from gone)")
    con.execute("drop table places")


def settle(con: Connection) -> None:
    """Tries are told once: a counter's gives way to the record of the same try, and where two systems logged one call the fuller account of each try stays."""
    con.execute(
        """delete from attempts where origin = 'inferred' and exists (
            select 1 from attempts e where e.call_id = attempts.call_id and e.attempt = attempts.attempt and e.origin = 'explicit')"""
    )
    con.execute(
        """create or replace temp table accounts as
        select call_id, source, row_number() over (partition by call_id order by count_if(origin = 'explicit') desc, count(*) desc, source) as place
        from attempts join file_sources using (file_id) group by call_id, source"""
    )
    con.execute(
        """delete from attempts where rowid in (
            select a.rowid from attempts a join file_sources f using (file_id) join accounts p on p.call_id = a.call_id and p.source = f.source
            where p.place > 1 and exists (select 1 from attempts b join file_sources g on g.file_id = b.file_id
                join accounts q on q.call_id = b.call_id and q.source = g.source
                where b.call_id = a.call_id and b.attempt is not distinct from a.attempt and q.place < p.place))"""
    )
    con.execute("drop table accounts")
