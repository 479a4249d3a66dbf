-- SPDX-License-Identifier: MIT
-- Tables, an index, transactions that end either way.
create table t(a integer primary key, b text);
with recursive c(n) as (select 1 union all select n+1 from c where n<1500) insert into t select n, hex(n*7) from c;
create index i on t(b);
select count(*), sum(a), max(b), min(b) from t;
select a from t where b='3737' or b like '31%' order by a desc limit 5;
begin; delete from t where a%3=0; rollback;
begin; update t set b=upper(b)||'x' where a<100; commit;
select count(*), sum(length(b)) from t;
pragma integrity_check;
