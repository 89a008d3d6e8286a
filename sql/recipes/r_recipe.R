# R: the same file through DBI, or the Parquet files through arrow.
#   Rscript sql/recipes/r_recipe.R [SNAPSHOT]
# install.packages(c("duckdb", "DBI")); DuckDB 1.2 or later reads the file.

arguments <- commandArgs(trailingOnly = TRUE)
snapshot <- normalizePath(if (length(arguments)) arguments[1] else "warehouse/current")

con <- DBI::dbConnect(
  duckdb::duckdb(),
  file.path(snapshot, "orewatch.duckdb"),
  read_only = TRUE
)

# Whole numbers of 64 bits come as doubles, which hold every dollar and kilogram here exactly.
shares <- DBI::dbGetQuery(con, "
  SELECT exporter, year, import_share, confidence, hs6
  FROM view.dependency
  WHERE importer_iso3 = 'JPN' AND mineral = 'rare_earths' AND stage = 'all' AND basis = 'value'
    AND list_contains(preferred_for, 'importer') AND import_share >= 0.05
  ORDER BY year, import_share DESC
")
print(utils::tail(shares, 12))

# NA is a number that could not be computed, never a zero; `reason` says why.
gaps <- DBI::dbGetQuery(con, "
  SELECT reason, count(*) AS cells
  FROM view.concentration
  WHERE hhi IS NULL
  GROUP BY reason
  ORDER BY cells DESC
")
print(gaps)

DBI::dbDisconnect(con, shutdown = TRUE)
