"""What is checked, and what came of it; `flows.quality` runs it through Great Expectations."""
