-- Languages (ISO 639-3). No version: the last update wins.

create table if not exists language (
  alpha_3       char(3)      character set utf8mb4 collate utf8mb4_bin not null,
  alpha_2       char(2)      character set utf8mb4 collate utf8mb4_bin null,
  name          varchar(150) not null,
  inverted_name varchar(150) null,
  common_name   varchar(100) null,
  bibliographic char(3)      character set utf8mb4 collate utf8mb4_bin null,
  scope         enum('I', 'M', 'S') character set utf8mb4 collate utf8mb4_bin not null,
  language_type enum('A', 'C', 'E', 'H', 'L', 'S') character set utf8mb4 collate utf8mb4_bin not null,
  constraint pk_language primary key (alpha_3),
  constraint uq_language_alpha_2 unique (alpha_2),
  constraint uq_language_bibliographic unique (bibliographic),
  index ix_language_name (name, alpha_3),
  index ix_language_type (language_type, name, alpha_3),
  index ix_language_scope (scope, name, alpha_3)
) engine = innodb;

create or replace view v_language as
  select alpha_3, alpha_2, name, inverted_name, common_name, bibliographic, scope, language_type
    from language;

delimiter //

create or replace procedure sp_language_create(
  in p_alpha_3       char(3),
  in p_alpha_2       char(2),
  in p_name          varchar(150),
  in p_inverted_name varchar(150),
  in p_common_name   varchar(100),
  in p_bibliographic char(3),
  in p_scope         char(1),
  in p_type          char(1)
)
  modifies sql data
begin
  insert into language
    (alpha_3, alpha_2, name, inverted_name, common_name, bibliographic, scope, language_type)
  values
    (p_alpha_3, p_alpha_2, p_name, p_inverted_name, p_common_name, p_bibliographic, p_scope, p_type);
end //

create or replace procedure sp_language_update(
  in p_alpha_3       char(3),
  in p_alpha_2       char(2),
  in p_name          varchar(150),
  in p_inverted_name varchar(150),
  in p_common_name   varchar(100),
  in p_bibliographic char(3),
  in p_scope         char(1),
  in p_type          char(1)
)
  modifies sql data
begin
  update language
     set alpha_2 = p_alpha_2,
         name = p_name,
         inverted_name = p_inverted_name,
         common_name = p_common_name,
         bibliographic = p_bibliographic,
         scope = p_scope,
         language_type = p_type
   where alpha_3 = p_alpha_3;
end //

create or replace procedure sp_language_delete(in p_alpha_3 char(3))
  modifies sql data
begin
  delete from language where alpha_3 = p_alpha_3;
end //

delimiter ;
