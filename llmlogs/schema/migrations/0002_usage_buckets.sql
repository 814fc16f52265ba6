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
comment on table "usage_buckets" is 'A row of the provider''s own usage or cost report. Two reports may tell of the same usage: add up within one `report`, one width of bucket and one grouping only. A report that is read again, with newer numbers, replaces its older self bucket by bucket.';
comment on column "usage_buckets"."bucket_id" is 'hash of the report and all that names the bucket: a newer download takes the place of an older one; r... = one record tells all of it';
comment on column "usage_buckets"."report" is 'which report: openai.usage.completions, openai.costs, anthropic.cost_report, focus ...';
comment on column "usage_buckets"."bucket_start" is 'start of the bucket [UTC]';
comment on column "usage_buckets"."bucket_end" is 'end of the bucket [UTC]';
comment on column "usage_buckets"."may_grow" is 'the last bucket of its download: it may have been filling still';
comment on column "usage_buckets"."provider" is 'whose report';
comment on column "usage_buckets"."kind" is 'usage; or cost, where the row carries money (and perhaps the tokens it is for)';
comment on column "usage_buckets"."charge" is 'where the report tells: usage, purchase, tax, credit, adjustment; included = paid by a subscription; byok = paid to someone else';
comment on column "usage_buckets"."model" is 'as the report names it';
comment on column "usage_buckets"."token_kind" is 'input (uncached, where that is told), cache_read, cache_write(_5m, _1h), output: they add up; other; NULL = the whole result';
comment on column "usage_buckets"."service_tier" is 'as reported; batch where the report has that apart';
comment on column "usage_buckets"."context_window" is 'as reported: 0-200k, 200k-1M';
comment on column "usage_buckets"."region" is 'where it ran, as reported';
comment on column "usage_buckets"."project" is 'project, workspace or account';
comment on column "usage_buckets"."api_key_hash" is 'keyed hash of the key''s id or name';
comment on column "usage_buckets"."user_id" is 'as reported';
comment on column "usage_buckets"."requests" is 'requests of the whole result, on a row of their own without a token_kind [count]';
comment on column "usage_buckets"."tokens" is 'tokens in the bucket [tokens]';
comment on column "usage_buckets"."quantity" is 'what is no token, in `unit`';
comment on column "usage_buckets"."unit" is 'of quantity: web_searches, images, seconds, characters, sessions, bytes ...';
comment on column "usage_buckets"."amount_usd" is 'money in the bucket as the report states it (FOCUS: BilledCost), NULL in another currency [USD]';
comment on column "usage_buckets"."list_usd" is 'the same at list price, where the report states it [USD]';
comment on column "usage_buckets"."effective_usd" is 'the same after commitments are spread (FOCUS: EffectiveCost), where the report states it [USD]';
comment on column "usage_buckets"."amount" is 'money in `currency`, only where that is not USD';
comment on column "usage_buckets"."currency" is 'of amount';
comment on column "usage_buckets"."description" is 'line item';
comment on column "usage_buckets"."ingest_id" is 'the ingest that brought the row';
comment on column "usage_buckets"."file_id" is 'the file that holds the record';
comment on column "usage_buckets"."line" is '1-based line or record number';
