-- Subdivisions of countries (ISO 3166-2): states, provinces, departments and the like.

create table if not exists subdivision (
  code             varchar(10)  character set utf8mb4 collate utf8mb4_bin not null,
  country          char(2)      character set utf8mb4 collate utf8mb4_bin not null,
  name             varchar(150) not null,
  subdivision_type varchar(80)  not null,
  parent           varchar(10)  character set utf8mb4 collate utf8mb4_bin null,
  revision         bigint       not null default 1,
  constraint pk_subdivision primary key (code),
  constraint fk_subdivision_country foreign key (country) references country (alpha_2),
  index ix_subdivision_country (country, name, code),
  index ix_subdivision_type (subdivision_type, name, code),
  index ix_subdivision_parent (parent),
  index ix_subdivision_name (name, code)
) engine = innodb;

create or replace view v_subdivision as
  select code, country, name, subdivision_type, parent, revision
    from subdivision;

delimiter //

create or replace procedure sp_subdivision_create(
  in p_code    varchar(10),
  in p_country char(2),
  in p_name    varchar(150),
  in p_type    varchar(80),
  in p_parent  varchar(10)
)
  modifies sql data
begin
  insert into subdivision (code, country, name, subdivision_type, parent)
  values (p_code, p_country, p_name, p_type, p_parent);
end //

create or replace procedure sp_subdivision_update(
  in p_code     varchar(10),
  in p_country  char(2),
  in p_name     varchar(150),
  in p_type     varchar(80),
  in p_parent   varchar(10),
  in p_revision bigint
)
  modifies sql data
begin
  update subdivision
     set country = p_country,
         name = p_name,
         subdivision_type = p_type,
         parent = p_parent,
         revision = revision + 1
   where code = p_code
     and (p_revision is null or revision = p_revision);
end //

create or replace procedure sp_subdivision_delete(
  in p_code     varchar(10),
  in p_revision bigint
)
  modifies sql data
begin
  delete from subdivision
   where code = p_code
     and (p_revision is null or revision = p_revision);
end //

create or replace function fn_subdivision_count(p_alpha_2 char(2))
  returns bigint
  reads sql data
begin
  return (select count(*) from subdivision where country = p_alpha_2);
end //

delimiter ;
