"""A provider's report that is downloaded again tells of the same buckets, often with newer numbers: one version of each bucket stays, whole.

A version is what one record says of a bucket, where its `bucket_id` begins with r; else what the lines of one file say of it together. Which of two stays
does not depend on the order of reading where the files tell it: the last bucket of a download may have been filling still, so a version from within a
download beats one from its end, and of two from the end the fuller one stays, because buckets only fill up. Of two from within, which differ because the
provider restated them, the newest ingest wins.
"""

from __future__ import annotations

from llmlogs.schema.ddl import quote
from llmlogs.schema.others import USAGE_BUCKETS
from llmlogs.store.database import Connection

TABLE = USAGE_BUCKETS.name
NOT_CONTENT = {"may_grow", "ingest_id", "file_id", "line"}
CONTENT = ", ".join(quote(name) for name in USAGE_BUCKETS.names if name not in NOT_CONTENT)
PART = "case when starts_with(bucket_id, 'r') then line else 0 end"
# tokens first: money may be restated downwards, and of credits more is less
FILLING = "sum(coalesce(tokens, 0)) + sum(coalesce(requests, 0)) + sum(coalesce(quantity, 0))"


def replace_buckets(con: Connection) -> None:
    """Of every bucket in fresh_rows and usage_buckets keep one version: the others are deleted where they stand. Rows without a bucket_id are left alone."""
    con.execute(f"create or replace temp table fresh_buckets as select * from {TABLE} limit 0")
    con.execute("insert into fresh_buckets by name from fresh_rows where bucket_id is not null")
    con.execute("delete from fresh_rows where bucket_id is not null")
    _mark_last(con)
    _choose(con)
    stays = f"(bucket_id, file_id, {PART}) in (select (bucket_id, file_id, part) from chosen)"
    con.execute(f"delete from {TABLE} where bucket_id in (select bucket_id from chosen) and not {stays}")
    con.execute(f"update {TABLE} set may_grow = false where may_grow and bucket_id in (select bucket_id from chosen where not may_grow)")
    con.execute(f"insert into {TABLE} by name select * from fresh_buckets where {stays}")
    for name in ("fresh_buckets", "chosen"):
        con.execute(f"drop table {name}")


def _mark_last(con: Connection) -> None:
    """A report's last bucket ends where the file does."""
    con.execute(
        """update fresh_buckets set may_grow = coalesce(fresh_buckets.bucket_end, fresh_buckets.bucket_start) >= r.reach
        from (select file_id, report, max(coalesce(bucket_end, bucket_start)) as reach from fresh_buckets group by all) r
        where r.file_id = fresh_buckets.file_id and r.report is not distinct from fresh_buckets.report"""
    )


def _choose(con: Connection) -> None:
    """chosen: of each bucket the version that stays. Of equal versions the one that was there stays; a file that grew adds to its own version."""
    con.execute(
        f"""create or replace temp table chosen as
        with told as (
            select *, true as fresh from fresh_buckets
            union all by name select *, false as fresh from {TABLE} where bucket_id in (select bucket_id from fresh_buckets)),
        versions as (
            select bucket_id, file_id, {PART} as part, bool_and(fresh) as fresh, max(ingest_id) as ingest_id, bool_and(coalesce(may_grow, false)) as may_grow,
                {FILLING} as filling, sum(coalesce(amount_usd, amount, 0)) as money, sum(hash({CONTENT})) as content
            from told group by all),
        different as (
            select bucket_id, content, arg_min(file_id, (fresh, file_id, part)) as file_id, arg_min(part, (fresh, file_id, part)) as part,
                bool_and(may_grow) as may_grow, min(ingest_id) as ingest_id, any_value(filling) as filling, any_value(money) as money
            from versions group by bucket_id, content)
        select bucket_id, file_id, part, may_grow from different
        qualify row_number() over (partition by bucket_id
            order by may_grow, case when not may_grow then ingest_id end desc, filling desc, money desc, content) = 1"""
    )
