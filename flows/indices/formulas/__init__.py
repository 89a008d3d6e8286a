"""What several indices share: formulas, exact sums, columns, verdicts."""
