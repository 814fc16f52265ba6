"""Records of one call become one row. Set operations over the fresh rows and those they meet; nothing to merge costs one GROUP BY.

Rows belong together when they share an id and do not contradict each other: see `AGREE`. Snapshots of a growing call (merge_growing) always
belong together, apart from tries that are calls of their own (merge_try); a replay (merge_copy) joins whatever call has its id. Where an id alone
proves nothing (it was made of counters), merge_family names what a record's container may share records with: only families that meet merge.
"""

from __future__ import annotations

from llmlogs.ingest.conflicts import join_families, split_conflicts
from llmlogs.schema.ddl import literal, quote
from llmlogs.store.database import Connection, physical_columns

COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
MODELS = ("request_model", "response_model")
SIDES = ("attempts", "spans", "rate_limits", "feedback", "texts", "issues", "merged")  # tables whose rows name a call
BASE = "case when contains(call_id, '~') then split_part(call_id, '~', 1) else call_id end"  # to look first takes a third of the time
IDENTITY = ("call_id", "source", "ingest_id", "file_id", "line", "cost_usd", "list_usd", "rate_id", "cost_status")


def prepare(con: Connection, sources: dict[int, str]) -> None:
    """Make the empty notes of what the merge did: ids that changed and rows that went away. `sources` of the files read now, by file_id."""
    con.execute(
        "create or replace temp table file_sources as select file_id, source from files where file_id not in (select unnest($1::integer[]))", [list(sources)]
    )
    con.execute("insert into file_sources select unnest($1::integer[]), unnest($2::varchar[])", [list(sources), list(sources.values())])
    con.execute("create or replace temp table id_map (file_id integer, line bigint, old_id varchar, new_id varchar)")
    con.execute("create or replace temp table went (call_id varchar, file_id integer, line bigint, why varchar, record_id varchar)")


def number_repeats(con: Connection, ingest_id: int) -> None:
    """Rows without an id that are equal within one file are calls of their own: the second is h….2. A copied file gets the same numbers."""
    con.execute(
        f"""create or replace temp table numbered as
        with fresh as (
            select rowid as row, file_id, line, call_id from call_rows
            where ingest_id = {ingest_id} and regexp_full_match(call_id, 'h[0-9a-f]{{24}}')),
        before as (
            select file_id, split_part(call_id, '.', 1) as call_id, count(*) as n from (
                select file_id, call_id from call_rows where ingest_id <> {ingest_id} union all select file_id, call_id from merged)
            where file_id in (select distinct file_id from fresh) group by all)
        select row, file_id, line, call_id, n from (
            select f.*, row_number() over (partition by f.file_id, f.call_id order by line, row) + coalesce(b.n, 0) as n
            from fresh f left join before b using (file_id, call_id)) where n > 1"""
    )
    con.execute("update call_rows set call_id = n.call_id || '.' || n.n from numbered n where call_rows.rowid = n.row")
    con.execute("insert into id_map select file_id, line, call_id, call_id || '.' || n from numbered")
    con.execute("drop table numbered")


def merge(con: Connection, ingest_id: int) -> None:
    """Merge the fresh rows among themselves and into earlier ones, by the log's id and then by the provider's."""
    columns = physical_columns(con)
    _merge_by(con, ingest_id, BASE, "true", columns)
    if "response_id" in columns and _one(con, f"select exists (select 1 from call_rows where response_id <> {BASE})"):
        _merge_by(con, ingest_id, "response_id", "response_id is not null", columns)


def _one(con: Connection, sql: str) -> object:
    return con.execute(sql).fetchall()[0][0]


def _merge_by(con: Connection, ingest_id: int, key: str, where: str, columns: set[str]) -> None:
    fresh = f"select {key} as k from call_rows where ingest_id = {ingest_id} and {where}"
    earlier = f"select {key} as k from call_rows where ingest_id <> {ingest_id} and {where}"
    con.execute(  # by hashes first: half the price of grouping texts, and nearly always there is little left to look at
        f"create or replace temp table repeated as select k from ({fresh}) "
        f"where hash(k) in (select h from (select hash(k) as h from ({fresh})) group by h having count(*) > 1) group by k having count(*) > 1 "
        f"union select distinct k from ({earlier}) where k in ({fresh})"
    )
    if _one(con, "select count(*) from repeated"):
        con.execute(f"create or replace temp table keyed as select rowid as row, {key} as k from call_rows where {where} and {key} in (select k from repeated)")
        _gather(con, ingest_id, columns)
        _drop_copies(con)
        join_families(con)
        _mark_agreeing(con)
        split_conflicts(con)
        _rank(con)
        _fold(con, ingest_id, columns, "same_response_id")
    con.execute("drop table repeated")


def join(con: Connection, ingest_id: int, why: str) -> None:
    """Merge rows that are known to be of one call: the temp table keyed (row, k) says which. The rows of one k agree, and at least one of them is fresh."""
    columns = physical_columns(con)
    _gather(con, ingest_id, columns)
    con.execute("update members set part = 0")
    _rank(con)
    _fold(con, ingest_id, columns, why)


def _gather(con: Connection, ingest_id: int, columns: set[str]) -> None:
    """met: the rows that share a key, taken out once. members: what decides who belongs together; of earlier rows that agree only the first takes part."""

    def column(name: str, default: str = "null") -> str:
        return quote(name) if name in columns else default

    counts = ", ".join(f"{column(name)}::bigint as {name}" for name in COUNTS)
    models = ", ".join(f"lower(split_part({column(name)}::varchar, '/', -1)) as {name}" for name in MODELS)
    content = ", ".join(quote(name) for name in sorted(columns - set(IDENTITY)))
    total = " + ".join(f"coalesce({column(name)}, 0)" for name in ("input_tokens", "output_tokens"))
    status = f"coalesce({column('status', 'null::varchar')}, 'unknown') <> 'unknown'"
    # Which snapshots are one call is said by the log's own id; a provider's id may stand on several calls of a log.
    con.execute("create or replace temp table met as select rowid as row, * from call_rows where rowid in (select row from keyed)")
    con.execute(
        f"""create or replace temp table members as
        select row, k, call_id, file_id, line, ingest_id <> {ingest_id} as earlier, started_at, {counts}, {models},
            {column("response_id")}::varchar as response_id, {column("merge_try")}::varchar as try, coalesce({column("merge_copy")}, false) as copy,
            {column("merge_family")}::varchar as family, copy and family is null as anywhere,
            coalesce({column("merge_growing")}, false) and {BASE} = k as growing, {total} as total,
            {column("merge_version")}::bigint as version, {status} as known, hash({content}) as content, null::bigint as part
        from met join keyed using (row)"""
    )


def _drop_copies(con: Connection) -> None:
    """Rows that equal an earlier one in everything need no comparing: a big log read again would cost ten times its reading."""
    con.execute(
        """create or replace temp table copies as
        select f.row, f.file_id, f.line, f.call_id as old_id, min(e.call_id) as new_id
        from members f join members e on e.k = f.k and e.content = f.content where e.earlier and not f.earlier group by all"""
    )
    con.execute("insert into went select new_id, file_id, line, 'duplicate', null from copies")
    con.execute("insert into id_map select file_id, line, old_id, new_id from copies where old_id <> new_id")
    con.execute("delete from call_rows where rowid in (select row from copies)")
    con.execute("delete from members where row in (select row from copies)")
    con.execute("delete from members where k not in (select k from members where not earlier)")
    con.execute("drop table copies")


def _mark_agreeing(con: Connection) -> None:
    """part: 0 where the whole group agrees; of a growing group one part a try; NULL is left to the pairwise comparison."""
    equal = [f"(min({name}) is not distinct from max({name}))" for name in (*COUNTS, "response_id")]
    equal += [f"coalesce(starts_with(max({name}), min({name})), true)" for name in MODELS]
    equal.append("coalesce(max(started_at) - min(started_at) <= interval 1 hour, true)")
    equal.append("(min(try) filter (not anywhere) is not distinct from max(try) filter (not anywhere))")
    con.execute(
        f"create or replace temp table groups as select k, bool_or(growing) as growing, {' and '.join(equal)} as agrees, "
        "min(try) filter (not anywhere) as first_try from members group by k"
    )
    con.execute(
        """update members set growing = g.growing, part = case
            when g.growing then case when anywhere or try is null or try = g.first_try or g.first_try is null then 0 else (hash(try) >> 2)::bigint + 1 end
            when g.agrees then 0 end
        from groups g where members.k = g.k"""
    )


def _rank(con: Connection) -> None:
    """Leader and order within each part, and the id each row ends with: a part beyond the first that would share the plain id gets a suffix.

    Of polls of one run the leader is the first that tells the usage: it is the record a reader would look for. Of a family the first in time is no copy.
    """
    con.execute(  # a family may join what earlier ingests could not know to be one
        "delete from members where earlier and family is null and row not in (select arg_min(row, (call_id, row)) from members where earlier group by k, part)"
    )
    con.execute(
        """create or replace temp table ranked as
        select *, first_value(row) over (partition by k, part order by not earlier, total = 0, file_id, line, content, row) as leader,
            row_number() over (partition by k, part order by copy, case when family is not null then started_at end,
                (total = 0 and version is not null), version desc nulls last, total desc, known desc, not earlier, content, file_id, line, row) as rank,
            count(*) over (partition by k, part) as size
        from members"""
    )
    con.execute(
        f"""create or replace temp table leaders as
        select leader, part, min(k) as k, bool_or(earlier) as earlier, min(call_id) filter (row = leader) as call_id, {_digest()} as digest,
            row_number() over (partition by min(k), split_part(min(call_id) filter (row = leader), '~', 1)
                order by not bool_or(earlier), part, {_digest()}, leader) as turn
        from ranked group by k, part, leader"""
    )
    con.execute(
        f"create or replace temp table named as "
        f"select leader, case when earlier or turn = 1 then call_id else {BASE} || '~' || digest end as new_id from leaders"
    )


def _digest() -> str:
    """12 hex digits over what tells rows of one id apart; the same in every ingest of the same content."""
    values = ", ".join(f"coalesce(min({name}) filter (row = leader)::varchar, '')" for name in (*COUNTS, *MODELS, "started_at", "try"))
    return f"left(md5(concat_ws('|', {values})), 12)"


def _fold(con: Connection, ingest_id: int, columns: set[str], why: str) -> None:
    """Give each leader the richest value of every column, note what went into it, and remove the rest."""
    con.execute(
        """insert into id_map select file_id, line, r.call_id, new_id from ranked r join named using (leader)
        where not r.earlier and r.call_id <> new_id"""
    )
    con.execute(
        f"""insert into went select new_id, r.file_id, r.line, case when r.copy then 'replay' when r.growing then 'growing'
            when r.content in (select content from ranked o where o.k = r.k and o.part = r.part and o.row <> r.row) then 'duplicate'
            else {literal(why)} end, nullif(r.call_id, new_id)
        from ranked r join named using (leader) where r.row <> r.leader"""
    )
    _enrich(con, ingest_id, sorted(columns - set(IDENTITY)))
    if _one(con, "select exists (select 1 from leaders join named using (leader) where call_id <> new_id)"):
        con.execute("update call_rows set call_id = new_id from named where call_rows.rowid = named.leader and call_id <> new_id")
    con.execute("delete from call_rows where rowid in (select row from ranked where row <> leader)")
    con.execute(
        "create or replace temp table moved as select distinct call_id as old_id, new_id, earlier from ranked join named using (leader) where call_id <> new_id"
    )
    follow(con)
    for table in ("keyed", "met", "members", "groups", "ranked", "leaders", "named"):
        con.execute(f"drop table if exists {table}")


def follow(con: Connection) -> None:
    """What pointed to an id that no call has any more points to where that call went: the temp table moved (old_id, new_id, earlier) tells.

    A call may be merged by its own id, then by the provider's, then with a twin: what was merged into it before, and rows beside it, go along.
    """
    con.execute(
        """delete from moved where old_id in (select call_id from call_rows where call_id in (select old_id from moved))
            or old_id in (select old_id from moved group by old_id having count(distinct new_id) > 1)"""
    )
    if _one(con, "select count(*) from moved"):
        con.execute("update id_map set new_id = m.new_id from moved m where id_map.new_id = m.old_id")
        con.execute(
            """insert into id_map select distinct w.file_id, w.line, m.old_id, m.new_id from went w join moved m on m.old_id = w.call_id
            where not exists (select 1 from id_map i where i.file_id = w.file_id and i.line = w.line and i.old_id = m.old_id)"""
        )
        con.execute("update went set call_id = m.new_id from moved m where went.call_id = m.old_id")
        if _one(con, "select bool_or(earlier) from moved"):
            for table in SIDES:
                con.execute(f"update {quote(table)} set call_id = m.new_id from moved m where {quote(table)}.call_id = m.old_id and m.earlier")
    con.execute("drop table moved")


def _enrich(con: Connection, ingest_id: int, names: list[str]) -> None:
    """A leader that changes is of this ingest from now on, and is priced again."""
    folded = ", ".join(f"{_folded(name, names)} as {quote(name)}" for name in names)
    con.execute(f"create or replace temp table folded as select r.leader, {folded} from ranked r join met c using (row) where r.size > 1 group by r.leader")
    differs = " or ".join(f"c.{quote(name)} is distinct from f.{quote(name)}" for name in names)
    con.execute(f"create or replace temp table changed as select f.* from folded f join met c on c.row = f.leader where {differs}")
    values = ", ".join(f"{quote(name)} = f.{quote(name)}" for name in names)
    if _one(con, "select count(*) from changed"):
        con.execute(
            f"update call_rows set {values}, ingest_id = {ingest_id}, cost_usd = null, rate_id = null, cost_status = null "
            "from changed f where call_rows.rowid = f.leader"
        )
    con.execute("drop table folded")
    con.execute("drop table changed")


# How snapshots of a growing call fold, where that is not the value of the largest: its times span all of them, and who knows its start knows its wait.
WAIT = "case when count(c.duration_ms) > 0 then epoch_us(max(c.ended_at)) - epoch_us(min(c.started_at)) end / 1000"
UNREPORTED = "case when not coalesce(bool_or(c.usage_status = 'reported'), false) then max(c.{}) end"  # an estimate stands until the count is known
GROWING = {
    **{name: UNREPORTED.format(name) for name in ("estimated_output_tokens", "estimated_output_low", "estimated_output_high")},
    "completion_chars": "max(c.completion_chars)",
    "started_at": "min(c.started_at)",
    "ended_at": "max(c.ended_at)",
    "duration_ms": f"greatest(max(c.duration_ms), case when {WAIT} <= 3600000 then {WAIT} end)",
    "usage_status": "case when bool_or(c.usage_status = 'reported') then 'reported' else arg_min(c.usage_status, r.rank) end",  # the final one may add no token
}
ANY = {
    "merge_growing": "bool_or(c.merge_growing)",
    "merge_family": "array_to_string(list_sort(list_distinct(flatten(list(string_split(c.merge_family, ' '))))), ' ')",
    "merge_copy": "bool_and(coalesce(c.merge_copy, false))",
    "status": "coalesce(arg_min(nullif(c.status, 'unknown'), r.rank), max(c.status))",
}


# Two systems that logged one call: the caller's wait is the widest of what they saw.
WIDEST = {"started_at": "min(c.started_at)", "ended_at": "max(c.ended_at)", "duration_ms": "max(c.duration_ms)"}


def _folded(name: str, names: list[str]) -> str:
    """The richest value of a column; usage of a growing call is one snapshot's, never a mix."""
    column = f"c.{quote(name)}"
    plain = ANY.get(name, f"arg_min({column}, r.rank)")
    if name in WIDEST:
        plain = f"case when count(distinct c.source) > 1 then {WIDEST[name]} else {plain} end"
    growing = (GROWING.get(name) if "ended_at" in names else None) or (f"arg_min_null({column}, r.rank)" if name.endswith("_tokens") else "")
    snapshots = "bool_or(r.growing) and bool_and(r.family is null)"  # members of a family are copies, not snapshots: the first in time says all
    return f"case when {snapshots} then {growing} else {plain} end" if growing else plain
