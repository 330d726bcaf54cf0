-- Countries (ISO 3166-1). Procedures leave the transaction to the node: none of them commits.

create table if not exists country (
  alpha_2       char(2)      character set utf8mb4 collate utf8mb4_bin not null,
  alpha_3       char(3)      character set utf8mb4 collate utf8mb4_bin not null,
  numeric_code  char(3)      character set utf8mb4 collate utf8mb4_bin not null,
  name          varchar(100) not null,
  official_name varchar(200) null,
  common_name   varchar(100) null,
  flag          varchar(16)  character set utf8mb4 collate utf8mb4_bin null,
  revision      bigint       not null default 1,
  constraint pk_country primary key (alpha_2),
  constraint uq_country_alpha_3 unique (alpha_3),
  constraint uq_country_numeric unique (numeric_code),
  index ix_country_name (name, alpha_2)
) engine = innodb;

create or replace view v_country as
  select alpha_2, alpha_3, numeric_code, name, official_name, common_name, flag, revision
    from country;

delimiter //

create or replace procedure sp_country_create(
  in p_alpha_2       char(2),
  in p_alpha_3       char(3),
  in p_numeric       char(3),
  in p_name          varchar(100),
  in p_official_name varchar(200),
  in p_common_name   varchar(100),
  in p_flag          varchar(16)
)
  modifies sql data
begin
  insert into country (alpha_2, alpha_3, numeric_code, name, official_name, common_name, flag)
  values (p_alpha_2, p_alpha_3, p_numeric, p_name, p_official_name, p_common_name, p_flag);
end //

-- The number of rows that the update counts tells the node whether the key and the version matched.
create or replace procedure sp_country_update(
  in p_alpha_2       char(2),
  in p_alpha_3       char(3),
  in p_numeric       char(3),
  in p_name          varchar(100),
  in p_official_name varchar(200),
  in p_common_name   varchar(100),
  in p_flag          varchar(16),
  in p_revision      bigint
)
  modifies sql data
begin
  update country
     set alpha_3 = p_alpha_3,
         numeric_code = p_numeric,
         name = p_name,
         official_name = p_official_name,
         common_name = p_common_name,
         flag = p_flag,
         revision = revision + 1
   where alpha_2 = p_alpha_2
     and (p_revision is null or revision = p_revision);
end //

-- The foreign key would refuse as well. This message gives the reason in words.
create or replace procedure sp_country_delete(
  in p_alpha_2  char(2),
  in p_revision bigint
)
  modifies sql data
begin
  declare refusal varchar(128);
  if exists (select 1 from subdivision where country = p_alpha_2) then
    set refusal = concat('country ', p_alpha_2, ' still has subdivisions: delete them first');
    signal sqlstate '45000' set message_text = refusal;
  end if;
  delete from country
   where alpha_2 = p_alpha_2
     and (p_revision is null or revision = p_revision);
end //

-- Two result sets, the country and its subdivisions by type, and their number.
create or replace procedure sp_country_summary(
  in  p_alpha_2           char(2),
  out p_subdivision_count bigint
)
  reads sql data
begin
  set p_subdivision_count = fn_subdivision_count(p_alpha_2);
  select alpha_2, name, official_name, flag
    from country
   where alpha_2 = p_alpha_2;
  select subdivision_type, count(*) as subdivisions
    from subdivision
   where country = p_alpha_2
   group by subdivision_type
   order by subdivisions desc, subdivision_type;
end //

-- A write that is more than an update: it keeps the old name as the common one.
create or replace procedure sp_country_rename(
  in  p_alpha_2  char(2),
  in  p_name     varchar(100),
  out p_revision bigint
)
  modifies sql data
begin
  -- The update comes first, to take the lock. A read before it would take a shared lock, and two callers would then
  -- wait for each other to change the row. Assignments run from left to right, so the first one still finds the old
  -- name.
  update country
     set common_name = name,
         name = p_name,
         revision = revision + 1
   where alpha_2 = p_alpha_2;
  if row_count() = 0 then
    signal sqlstate '45000' set message_text = 'there is no such country to rename';
  end if;
  set p_revision = (select revision from country where alpha_2 = p_alpha_2);
end //

delimiter ;
