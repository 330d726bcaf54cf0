-- A field of every type: the template sample_row, twin of sample_document in MongoDB.
-- Texts compare byte by byte and trailing spaces count (utf8mb4_nopad_bin), as they do in MongoDB.

create table if not exists sample (
  id         char(36) character set ascii collate ascii_bin not null,
  code       varchar(60) not null,
  series     varchar(60) not null,
  status     enum('draft','active','closed') not null,
  flag       boolean null,
  number     bigint null,
  stock      int not null,
  ratio      double null,
  amount     decimal(34,4) null,
  rating     decimal(3,1) null,
  name       varchar(200) null,
  note       mediumtext null,
  content    varbinary(300) null,
  reference  uuid null,
  day        date null,
  hour       time(6) null,
  moment     datetime(6) null,
  extra      json null,
  tags       json null,
  place      json null,
  created_at datetime(6) not null,
  revision   bigint not null,
  constraint pk_sample primary key (id),
  constraint uq_sample_code unique (code),
  index ix_sample_code_order (code, id),
  index ix_sample_series (series, number)
) engine = innodb default character set utf8mb4 collate utf8mb4_nopad_bin;

create or replace view v_sample as
  select
         id, code, series, status, flag, number, stock, ratio, amount, rating, name, note, content,
         reference, day, hour, moment, extra, tags, place, created_at, revision
    from sample;

delimiter //

-- Returns the value that the database decides, here the first version, so that the reply shows it.
create or replace procedure sp_sample_create(
  in p_id         char(36) character set ascii collate ascii_bin,
  in p_code       varchar(60) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_series     varchar(60) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_status     varchar(10) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_flag       boolean,
  in p_number     bigint,
  in p_stock      int,
  in p_ratio      double,
  in p_amount     decimal(34,4),
  in p_rating     decimal(3,1),
  in p_name       varchar(200) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_note       mediumtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_content    varbinary(300),
  in p_reference  uuid,
  in p_day        date,
  in p_hour       time(6),
  in p_moment     datetime(6),
  in p_extra      json,
  in p_tags       json,
  in p_place      json,
  in p_created_at datetime(6)
)
  modifies sql data
begin
  insert into sample (
    id, code, series, status, flag, number, stock, ratio, amount, rating, name, note, content, reference,
    day, hour, moment, extra, tags, place, created_at, revision
  )
  values (
    p_id, p_code, p_series, p_status, p_flag, p_number, p_stock, p_ratio, p_amount, p_rating, p_name, p_note,
    p_content, p_reference, p_day, p_hour, p_moment, p_extra, p_tags, p_place, p_created_at, 1
  );
  select 1 as revision;
end //

create or replace procedure sp_sample_update(
  in p_id         char(36) character set ascii collate ascii_bin,
  in p_series     varchar(60) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_status     varchar(10) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_flag       boolean,
  in p_number     bigint,
  in p_stock      int,
  in p_ratio      double,
  in p_amount     decimal(34,4),
  in p_rating     decimal(3,1),
  in p_name       varchar(200) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_note       mediumtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_content    varbinary(300),
  in p_reference  uuid,
  in p_day        date,
  in p_hour       time(6),
  in p_moment     datetime(6),
  in p_extra      json,
  in p_tags       json,
  in p_place      json,
  in p_revision   bigint
)
  modifies sql data
begin
  update sample
     set series = p_series,
         status = p_status,
         flag = p_flag,
         number = p_number,
         stock = p_stock,
         ratio = p_ratio,
         amount = p_amount,
         rating = p_rating,
         name = p_name,
         note = p_note,
         content = p_content,
         reference = p_reference,
         day = p_day,
         hour = p_hour,
         moment = p_moment,
         extra = p_extra,
         tags = p_tags,
         place = p_place,
         revision = revision + 1
   where id = p_id
     and (p_revision is null or revision = p_revision);
end //

-- Creates a row, or changes the one with this key: `code` and `created_at` stay as they are.
create or replace procedure sp_sample_upsert(
  in p_id         char(36) character set ascii collate ascii_bin,
  in p_code       varchar(60) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_series     varchar(60) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_status     varchar(10) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_flag       boolean,
  in p_number     bigint,
  in p_stock      int,
  in p_ratio      double,
  in p_amount     decimal(34,4),
  in p_rating     decimal(3,1),
  in p_name       varchar(200) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_note       mediumtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_content    varbinary(300),
  in p_reference  uuid,
  in p_day        date,
  in p_hour       time(6),
  in p_moment     datetime(6),
  in p_extra      json,
  in p_tags       json,
  in p_place      json,
  in p_created_at datetime(6)
)
  modifies sql data
begin
  insert into sample (
    id, code, series, status, flag, number, stock, ratio, amount, rating, name, note, content, reference,
    day, hour, moment, extra, tags, place, created_at, revision
  )
  values (
    p_id, p_code, p_series, p_status, p_flag, p_number, p_stock, p_ratio, p_amount, p_rating, p_name, p_note,
    p_content, p_reference, p_day, p_hour, p_moment, p_extra, p_tags, p_place, p_created_at, 1
  )
  on duplicate key update
    sample.series = if(sample.id = p_id, p_series, sample.series),
    sample.status = if(sample.id = p_id, p_status, sample.status),
    sample.flag = if(sample.id = p_id, p_flag, sample.flag),
    sample.number = if(sample.id = p_id, p_number, sample.number),
    sample.stock = if(sample.id = p_id, p_stock, sample.stock),
    sample.ratio = if(sample.id = p_id, p_ratio, sample.ratio),
    sample.amount = if(sample.id = p_id, p_amount, sample.amount),
    sample.rating = if(sample.id = p_id, p_rating, sample.rating),
    sample.name = if(sample.id = p_id, p_name, sample.name),
    sample.note = if(sample.id = p_id, p_note, sample.note),
    sample.content = if(sample.id = p_id, p_content, sample.content),
    sample.reference = if(sample.id = p_id, p_reference, sample.reference),
    sample.day = if(sample.id = p_id, p_day, sample.day),
    sample.hour = if(sample.id = p_id, p_hour, sample.hour),
    sample.moment = if(sample.id = p_id, p_moment, sample.moment),
    sample.extra = if(sample.id = p_id, p_extra, sample.extra),
    sample.tags = if(sample.id = p_id, p_tags, sample.tags),
    sample.place = if(sample.id = p_id, p_place, sample.place),
    sample.revision = sample.revision + (sample.id = p_id);
  -- The row that was found may be another one with this code. It is left as it is.
  if not exists (select 1 from sample where id = p_id) then
    signal sqlstate '23000' set mysql_errno = 1062, message_text = 'Duplicate entry for key ''code''';
  end if;
end //

create or replace procedure sp_sample_delete(
  in p_id       char(36) character set ascii collate ascii_bin,
  in p_revision bigint
)
  modifies sql data
begin
  delete from sample
   where id = p_id
     and (p_revision is null or revision = p_revision);
end //

delimiter ;
