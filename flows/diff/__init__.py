"""What changed between two snapshots, number by number, and why."""
