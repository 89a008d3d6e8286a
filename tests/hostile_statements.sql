-- Statements that `orewatch query` must not obey: tests/test_query_lockdown.py puts each of them.
-- A block is a comment and a statement, blank lines between blocks. The comment's first word is
-- what must come of it: `refused` is an error; `harmless` may be answered, and gives nothing away;
-- `bounded` is stopped by DuckDB; `ended` is stopped by the system, as DuckDB does not stop it.
-- {canary} is a file with a secret, {copy} a DuckDB file, {folder} a folder to write to.

-- refused: reads a file as text
SELECT * FROM read_text('{canary}');

-- refused: reads a file as bytes
SELECT * FROM read_blob('{canary}');

-- refused: reads a file as CSV
SELECT * FROM read_csv('{canary}', header = false, columns = {'line': 'VARCHAR'});

-- refused: reads a file as CSV, by a name
SELECT * FROM read_csv_auto('{canary}');

-- refused: guesses at a file
SELECT * FROM sniff_csv('{canary}');

-- refused: reads a file as JSON
SELECT * FROM read_json_auto('{canary}');

-- refused: reads a file as lines of JSON
SELECT * FROM read_ndjson_objects('{canary}');

-- refused: reads a file as Parquet
SELECT * FROM read_parquet('{canary}');

-- refused: reads the metadata of a file
SELECT * FROM parquet_metadata('{canary}');

-- refused: takes a file for a table
SELECT * FROM '{canary}';

-- refused: takes a system file for a table
SELECT * FROM '/etc/passwd';

-- refused: takes a system file for a table, by its quoted name
SELECT * FROM "/etc/passwd";

-- refused: lists a folder
SELECT * FROM glob('/etc/*');

-- refused: reads another database
SELECT * FROM read_duckdb('{copy}', table_name = 'secret');

-- refused: reads the environment through the system's files
SELECT * FROM read_text('/proc/self/environ');

-- refused: reads the environment
SELECT getenv('HOME');

-- refused: reads a file within a subquery
SELECT (SELECT content FROM read_text('{canary}'));

-- refused: reads a file within a WITH
WITH stolen AS (FROM read_text('{canary}')) SELECT * FROM stolen;

-- refused: reads a file within a condition
SELECT 1 WHERE EXISTS (FROM glob('{canary}'));

-- refused: reads a file within a limit
SELECT 1 LIMIT (SELECT count(*) FROM glob('{canary}'));

-- refused: reads a file within a sort order
SELECT 1 ORDER BY (SELECT count(*) FROM glob('{canary}'));

-- refused: reads a file within a SUMMARIZE
SUMMARIZE SELECT * FROM read_text('{canary}');

-- refused: runs a statement out of a text
SELECT * FROM query('SELECT * FROM read_text(''{canary}'')');

-- refused: takes a table's name out of a text
SELECT * FROM query_table('{canary}');

-- refused: runs a serialised statement
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{canary}'')'));

-- refused: reaches for the network
SELECT * FROM read_csv('https://example.org/x.csv');

-- refused: reaches for the network by a table's name
SELECT * FROM 'https://example.org/x.parquet';

-- refused: reaches for a bucket
SELECT * FROM 's3://bucket/x.parquet';

-- refused: takes a variable of the program for a table
SELECT * FROM canary_frame;

-- refused: reads memory at an address
SELECT * FROM arrow_scan(1, 2, 3);

-- refused: reads memory at another address
SELECT * FROM pandas_scan(1);

-- refused: calls into Python
SELECT * FROM python_map_function(1);

-- refused: lists secrets
SELECT * FROM duckdb_secrets();

-- refused: asks which secret would be used
SELECT * FROM which_secret('s3://bucket/x', 's3');

-- refused: writes a file
COPY (SELECT 1) TO '{folder}/copied.csv';

-- refused: writes a file as Parquet
COPY mart.claim TO '{folder}/copied.parquet' (FORMAT parquet);

-- refused: writes the whole database
EXPORT DATABASE '{folder}/exported';

-- refused: writes into the snapshot
COPY FROM DATABASE orewatch TO memory;

-- refused: reads a file into a table
COPY mart.claim FROM '{canary}';

-- refused: writes a log to a file
SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '{folder}/log');

-- refused: keeps a log
CALL enable_logging();

-- refused: drops the log
SELECT * FROM truncate_duckdb_logs();

-- refused: writes a profile to a file
SELECT * FROM enable_profiling(format = 'json', save_location = '{folder}/profile.json');

-- refused: writes a profile by a setting
PRAGMA enable_profiling = 'json';

-- refused: writes to the log
SELECT write_log('canary');

-- refused: runs and measures
EXPLAIN ANALYZE SELECT * FROM read_text('{canary}');

-- refused: opens another database
ATTACH '{copy}' AS other;

-- refused: makes another database
ATTACH '{folder}/new.duckdb' AS new;

-- refused: lets go of the snapshot
DETACH orewatch;

-- refused: fetches an extension
INSTALL httpfs;

-- refused: loads an extension
LOAD httpfs;

-- refused: loads a library
LOAD '{canary}';

-- refused: renews extensions
UPDATE EXTENSIONS;

-- refused: opens the file system
SET enable_external_access = true;

-- refused: takes the lock off
SET lock_configuration = false;

-- refused: takes more memory
SET memory_limit = '1TB';

-- refused: writes elsewhere
SET temp_directory = '{folder}';

-- refused: sets by a pragma
PRAGMA memory_limit = '1TB';

-- refused: sets back
RESET memory_limit;

-- refused: sets a variable
SET VARIABLE canary = 1;

-- refused: makes a table
CREATE TABLE mart.mine AS SELECT 1 AS one;

-- refused: makes a table beside the file
CREATE TEMP TABLE mine AS SELECT 1 AS one;

-- refused: makes a view
CREATE VIEW view.mine AS SELECT 1 AS one;

-- refused: makes a function
CREATE MACRO mine() AS 1;

-- refused: makes a secret
CREATE SECRET mine (TYPE s3, KEY_ID 'a', SECRET 'b');

-- refused: adds a row
INSERT INTO mart.claim (claim_id) VALUES ('C999');

-- refused: changes rows
UPDATE mart.claim SET value = 100;

-- refused: removes rows
DELETE FROM mart.claim;

-- refused: removes rows at once
TRUNCATE mart.claim;

-- refused: removes a table
DROP TABLE mart.claim;

-- refused: changes a table
ALTER TABLE mart.claim ADD COLUMN mine INTEGER;

-- refused: changes a comment
COMMENT ON TABLE mart.claim IS 'mine';

-- refused: writes the file anew
CHECKPOINT;

-- refused: writes the file anew, as a query
SELECT * FROM force_checkpoint();

-- refused: compacts the file
VACUUM;

-- refused: holds a transaction
BEGIN TRANSACTION;

-- refused: keeps a statement
PREPARE mine AS SELECT 1;

-- refused: two statements
SELECT 1; SELECT 2;

-- refused: a second statement that writes
SELECT 1; COPY (SELECT 1) TO '{folder}/second.csv';

-- refused: breaks out of the parentheses
SELECT 1) TO '{folder}/out.csv'; SELECT (1;

-- refused: an open comment
SELECT 1 /*

-- refused: no statement
;

-- refused: nested without end
SELECT {deep};

-- harmless: lists the settings
SELECT name, setting FROM pg_catalog.pg_settings;

-- harmless: asks for a setting
SELECT current_setting('enable_external_access');

-- harmless: text that would move the cursor
SELECT chr(27) || '[2J' AS wiped;

-- harmless: a comment behind which another statement stands
SELECT 1 -- ; DROP TABLE mart.claim

-- bounded: recursion without end
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;

-- bounded: recursion that doubles
WITH RECURSIVE n AS (SELECT repeat('x', 1000) AS s UNION ALL SELECT s || s FROM n)
SELECT max(length(s)) FROM n;

-- bounded: a range without end
SELECT sum(i) FROM range(1000000000000) AS r(i);

-- bounded: a list of it
SELECT list(i) FROM range(10000000000) AS r(i);

-- ended: a list at once
SELECT range(4000000000);

-- bounded: every row with every row
SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b;

-- bounded: every row apart
SELECT count(DISTINCT md5(i::VARCHAR)) FROM range(1000000000) AS r(i);

-- bounded: a text of four gigabytes
SELECT repeat('x', 4000000000);

-- bounded: sorts without end
SELECT i FROM range(10000000000) AS r(i) ORDER BY md5(i::VARCHAR);

-- ended: a function that goes on when interrupted
SELECT levenshtein(repeat('a', 200000), repeat('b', 200000));

-- ended: lists that DuckDB does not count
SELECT list_sum(list_transform(range(400000000), i -> i * 2));

-- ended: long texts, row by row
SELECT repeat('x', 50000000) FROM range(1000);
