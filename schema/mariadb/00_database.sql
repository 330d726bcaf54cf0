-- The demo's MariaDB database: reference data of the Debian package iso-codes.
-- Codes compare byte by byte (utf8mb4_bin in their columns). Names compare as people sort them.

create database if not exists catalog
  character set utf8mb4
  collate utf8mb4_unicode_ci;
