"""Explain a published number: which cell is meant, its arithmetic, and how that is shown."""
