-- Fields nobody reads, the ids of records that went into another's call, facts about traces.
create table unread_fields (ingest_id integer, file_id integer, path varchar, kind varchar, records bigint, "of" bigint);
alter table merged add column record_id varchar;
create table trace_facts (
    trace_id varchar,
    user_id varchar,
    session_id varchar,
    team varchar,
    feature varchar,
    tags varchar,
    environment varchar,
    service varchar,
    release varchar,
    updated_at timestamp,
    source varchar,
    ingest_id integer,
    file_id integer,
    line bigint
);
-- No source filled the table before: it is made anew.
drop table usage_buckets;
create table usage_buckets (
    "bucket_id" VARCHAR,
    "report" VARCHAR,
    "bucket_start" TIMESTAMP,
    "bucket_end" TIMESTAMP,
    "may_grow" BOOLEAN,
    "provider" VARCHAR,
    "kind" VARCHAR,
    "charge" VARCHAR,
    "model" VARCHAR,
    "token_kind" VARCHAR,
    "service_tier" VARCHAR,
    "context_window" VARCHAR,
    "region" VARCHAR,
    "project" VARCHAR,
    "api_key_hash" VARCHAR,
    "user_id" VARCHAR,
    "requests" BIGINT,
    "tokens" BIGINT,
    "quantity" DOUBLE,
    "unit" VARCHAR,
    "amount_usd" DECIMAL(28,12),
    "list_usd" DECIMAL(28,12),
    "effective_usd" DECIMAL(28,12),
    "amount" DECIMAL(28,12),
    "currency" VARCHAR,
    "description" VARCHAR,
    "ingest_id" INTEGER,
    "file_id" INTEGER,
    "line" BIGINT
);
alter table feedback add column span_id varchar;
