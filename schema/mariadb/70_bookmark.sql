-- Bookmarks of countries: the objects of the hand-written domain in src/domains/bookmark.rs.

create table if not exists bookmark (
  id         char(36)     not null primary key,
  owner      varchar(64)  not null,
  country    char(2)      character set utf8mb4 collate utf8mb4_bin not null,
  note       varchar(500),
  created_at datetime(6)  not null,
  index ix_bookmark_owner (owner, created_at),
  constraint fk_bookmark_country foreign key (country) references country (alpha_2)
);

create or replace view v_bookmark as
  select id, owner, country, note, created_at from bookmark;

delimiter //

create or replace procedure sp_bookmark_create(
  p_id char(36), p_owner varchar(64), p_country char(2), p_note varchar(500), p_created_at datetime(6))
  modifies sql data
begin
  insert into bookmark (id, owner, country, note, created_at)
  values (p_id, p_owner, p_country, p_note, p_created_at);
end //

create or replace procedure sp_bookmark_delete(p_id char(36))
  modifies sql data
begin
  delete from bookmark where id = p_id;
end //

delimiter ;
