-- Fields nobody reads, and the ids of records that went into another's call.
create table unread_fields (ingest_id integer, file_id integer, path varchar, kind varchar, records bigint, "of" bigint);
alter table merged add column record_id varchar;
