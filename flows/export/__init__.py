"""A snapshot's tables, or an answer, as files that other tools open."""
