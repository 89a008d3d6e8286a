"""What we know from whom: one folder a source."""
