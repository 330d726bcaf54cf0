-- Currencies (ISO 4217).

create table if not exists currency (
  alpha_3      char(3)      character set utf8mb4 collate utf8mb4_bin not null,
  numeric_code char(3)      character set utf8mb4 collate utf8mb4_bin not null,
  name         varchar(100) not null,
  revision     bigint       not null default 1,
  constraint pk_currency primary key (alpha_3),
  constraint uq_currency_numeric unique (numeric_code),
  index ix_currency_name (name, alpha_3)
) engine = innodb;

create or replace view v_currency as
  select alpha_3, numeric_code, name, revision
    from currency;

delimiter //

create or replace procedure sp_currency_create(
  in p_alpha_3 char(3),
  in p_numeric char(3),
  in p_name    varchar(100)
)
  modifies sql data
begin
  insert into currency (alpha_3, numeric_code, name)
  values (p_alpha_3, p_numeric, p_name);
end //

create or replace procedure sp_currency_update(
  in p_alpha_3  char(3),
  in p_numeric  char(3),
  in p_name     varchar(100),
  in p_revision bigint
)
  modifies sql data
begin
  update currency
     set numeric_code = p_numeric,
         name = p_name,
         revision = revision + 1
   where alpha_3 = p_alpha_3
     and (p_revision is null or revision = p_revision);
end //

create or replace procedure sp_currency_upsert(
  in p_alpha_3 char(3),
  in p_numeric char(3),
  in p_name    varchar(100)
)
  modifies sql data
begin
  insert into currency (alpha_3, numeric_code, name)
  values (p_alpha_3, p_numeric, p_name)
  on duplicate key update
    currency.numeric_code = if(currency.alpha_3 = p_alpha_3, p_numeric, currency.numeric_code),
    currency.name = if(currency.alpha_3 = p_alpha_3, p_name, currency.name),
    currency.revision = currency.revision + (currency.alpha_3 = p_alpha_3);
  -- The row that was found may be another one with this numeric code. It is left as it is.
  if not exists (select 1 from currency where alpha_3 = p_alpha_3) then
    signal sqlstate '23000' set mysql_errno = 1062, message_text = 'Duplicate entry for key ''numeric_code''';
  end if;
end //

create or replace procedure sp_currency_delete(
  in p_alpha_3  char(3),
  in p_revision bigint
)
  modifies sql data
begin
  delete from currency
   where alpha_3 = p_alpha_3
     and (p_revision is null or revision = p_revision);
end //

delimiter ;
