"""One call that two systems logged, where no id says so: an SDK's span and a gateway's row, an export and a trace.

Two rows are twins when they come from different emitters, name a model that agrees, took and gave exactly the same tokens, contradict each other in nothing,
began within two seconds of each other, and one lies within the other in time to at least 90 %. Coincidence is ruled out by the whole: a pair of emitters is
believed only when at least half of the calls of the smaller one, in the time both cover, have a twin in the other. One row has one twin at most, the nearest.
Failed calls, which have no tokens, follow once the emitters are believed.
"""

from __future__ import annotations

from llmlogs.ingest import merge
from llmlogs.schema.ddl import quote
from llmlogs.store.database import Connection, physical_columns

APART = 2  # seconds between the starts, the width of a bucket too
INSIDE = 0.9  # of the shorter interval
SLACK = 50_000  # microseconds clocks may differ by
LENGTHS = 3  # times longer than its twin, and half a second: a wait may hold retries
BELIEVED = 0.5
NEEDED = {"duration_ms", "started_at", "input_tokens"}
EMITTER = "concat_ws('/', source, {})"


def merge_twins(con: Connection, ingest_id: int) -> None:
    """Merge the fresh rows with their twins among the fresh and the earlier ones.

    Costs one scan of a short column where one emitter wrote everything.
    """
    columns = physical_columns(con)
    if not columns >= NEEDED or _emitters(con, columns) < 2:
        return
    _meet_again(con, ingest_id)
    _bonds(con)
    _sides(con, ingest_id, columns)
    if con.execute("select count(distinct emitter) from sides").fetchall()[0][0] > 1:
        _pairs(con)
        _believe(con)
        _match(con)
        _gather(con)
        if con.execute("select count(*) from keyed").fetchall()[0][0]:
            merge.join(con, ingest_id, "same_interval")
    for table in ("bonds", "sides", "pairs", "twins", "groups", "keyed"):
        con.execute(f"drop table if exists {table}")


def _meet_again(con: Connection, ingest_id: int) -> None:
    """A record that went into its twin before, and comes again in an overlapping export, goes there again."""
    con.execute(
        f"""create or replace temp table keyed as
        with again as (select distinct c.rowid as row, m.call_id as k from call_rows c join merged m on m.record_id = c.call_id where c.ingest_id = {ingest_id})
        select row, k from again where k in (select call_id from call_rows)
        union select rowid, call_id from call_rows where call_id in (select k from again)"""
    )
    if con.execute("select count(*) from keyed").fetchall()[0][0]:
        merge.join(con, ingest_id, "duplicate")


def _bonds(con: Connection) -> None:
    """How many calls two sources are known to share, by ids: that speaks for the pairs that have none."""
    con.execute(
        """create or replace temp table bonds as
        select least(c.source, f.source) as one, greatest(c.source, f.source) as other, count(distinct call_id) as n
        from (select call_id, file_id from went union all select call_id, file_id from merged)
        join file_sources f using (file_id) join call_rows c using (call_id)
        where c.source <> f.source group by all"""
    )


def _emitter(columns: set[str]) -> str:
    return EMITTER.format("merge_emitter" if "merge_emitter" in columns else "null::varchar")


def _emitters(con: Connection, columns: set[str]) -> int:
    return int(con.execute(f"select count(distinct {_emitter(columns)}) from call_rows").fetchall()[0][0])


def _sides(con: Connection, ingest_id: int, columns: set[str]) -> None:
    """Rows that may have a twin: the fresh ones, and earlier ones of their hours; `s` and `e` in microseconds."""

    def column(name: str) -> str:
        return quote(name) if name in columns else "null"

    model = "lower(split_part({}::varchar, '/', -1))"
    con.execute(
        f"""create or replace temp table sides as
        with fresh as (
            select min(started_at) - interval 1 hour as first, max(started_at) + interval 1 hour as last from call_rows where ingest_id = {ingest_id}),
        timed as (
            select rowid as row, call_id, source, {_emitter(columns)} as emitter, ingest_id = {ingest_id} as fresh, epoch_us(started_at) as s,
                epoch_us(started_at) + (coalesce(duration_ms, epoch_ms({column("ended_at")}::timestamp) - epoch_ms(started_at)) * 1000)::bigint as e,
                input_tokens as input, coalesce({column("output_tokens")}::bigint, 0) as output, {column("cache_read_tokens")}::bigint as cached,
                {column("response_id")}::varchar as response_id,
                coalesce({column("status")}::varchar, 'ok') as status, {column("status_code")}::integer as code,
                {model.format(column("request_model"))} as asked, {model.format(column("response_model"))} as answered
            from call_rows where started_at between (select first from fresh) and (select last from fresh))
        select *, s // {APART * 1_000_000} as bucket from timed where e is not null and (input is not null or status not in ('ok', 'unknown'))"""
    )


FITS = " or ".join(f"starts_with({a}, {b}) or starts_with({b}, {a})" for a in ("a.asked", "a.answered") for b in ("b.asked", "b.answered"))


def _pairs(con: Connection) -> None:
    """Every pair of rows that could be twins, found by equal tokens in neighbouring buckets of time."""
    con.execute(
        f"""create or replace temp table pairs as
        with near as (select *, unnest([bucket - 1, bucket, bucket + 1]) as place from sides)
        select a.row as a, b.row as b, a.emitter as one, b.emitter as other, abs(a.s - b.s) as apart, a.input is not null as counted
        from sides a join near b on a.bucket = b.place and a.input is not distinct from b.input and a.output = b.output and a.emitter < b.emitter
        where (a.fresh or b.fresh) and abs(a.s - b.s) <= {APART * 1_000_000} and (a.status = 'ok') = (b.status = 'ok') and coalesce({FITS}, false)
            and coalesce(a.response_id = b.response_id, true) and coalesce(a.cached = b.cached, true) and coalesce(a.code = b.code, true)
            and least(a.e, b.e) - greatest(a.s, b.s) >= {INSIDE} * least(a.e - a.s, b.e - b.s) - {SLACK}
            and greatest(a.e - a.s, b.e - b.s) <= {LENGTHS} * least(a.e - a.s, b.e - b.s) + 500000"""
    )


def _believe(con: Connection) -> None:
    """Leave out pairs of emitters that seldom agree: equal tokens at the same time are then chance."""
    con.execute(
        f"""delete from pairs where (one, other) not in (
            with reach as (select emitter, min(s) as first, max(s) as last from sides group by emitter),
            shared as (select x.emitter as one, y.emitter as other, greatest(x.first, y.first) as first, least(x.last, y.last) as last
                from reach x join reach y on x.emitter < y.emitter),
            size as (select one, other, count_if(emitter = one) as n, count_if(emitter = other) as m
                from shared join sides on emitter in (one, other) and s between first - {APART * 1_000_000} and last + {APART * 1_000_000}
                where input is not null group by one, other),
            found as (select one, other, least(count(distinct a), count(distinct b)) as n from pairs where counted group by one, other)
            select p.one, p.other from (select distinct one, other from pairs) p left join found using (one, other) left join size using (one, other)
            left join bonds on bonds.one = split_part(p.one, '/', 1) and bonds.other = split_part(p.other, '/', 1)
            where coalesce(found.n, 0) + coalesce(bonds.n, 0) > 0
                and coalesce(found.n, 0) + coalesce(bonds.n, 0) >= {BELIEVED} * (coalesce(least(size.n, size.m), 0) + coalesce(bonds.n, 0)))"""
    )


def _match(con: Connection) -> None:
    """For each row one twin of each other emitter, the nearest of both sides, until nothing is left."""
    con.execute("create or replace temp table twins (a bigint, b bigint)")
    while True:
        con.execute(
            """create or replace temp table nearest as
            select a, b, one, other from pairs
            qualify row_number() over (partition by a, other order by apart, b) = 1 and row_number() over (partition by b, one order by apart, a) = 1"""
        )
        if not con.execute("select count(*) from nearest").fetchall()[0][0]:
            break
        con.execute("insert into twins select a, b from nearest")
        con.execute("delete from pairs where (a, other) in (select a, other from nearest) or (b, one) in (select b, one from nearest)")
    con.execute("drop table nearest")


def _gather(con: Connection) -> None:
    """keyed: twins of twins are one call, with one row of each emitter and of each source an earlier merge has not brought already."""
    con.execute("create or replace temp table groups as select unnest([a, b]) as row, least(a, b) as k from twins")
    con.execute("create or replace temp table groups as select row, min(k) as k from groups group by row")
    while con.execute("select count(*) from twins join groups x on x.row = a join groups y on y.row = b where x.k <> y.k").fetchall()[0][0]:
        con.execute(
            """create or replace temp table groups as select row, min(k) as k from (
                select row, k from groups
                union all select t.a, y.k from twins t join groups y on y.row = t.b
                union all select t.b, x.k from twins t join groups x on x.row = t.a) group by row"""
        )
    con.execute(
        """create or replace temp table keyed as
        with once as (select arg_min(row, (s.fresh, row)) as row, k, s.emitter from groups join sides s using (row) group by k, s.emitter),
        taken as (select distinct o.k, f.source from once o join sides s using (row) join merged m on m.call_id = s.call_id and m.why = 'same_interval'
            join file_sources f on f.file_id = m.file_id where not s.fresh),
        fitting as (select o.row, o.k, s.fresh from once o join sides s using (row)
            where not (s.fresh and exists (select 1 from taken where taken.k = o.k and taken.source = s.source)))
        select row, k::varchar as k from fitting where k in (select k from fitting group by k having count(*) > 1 and bool_or(fresh))"""
    )
