"""What the verbs of `orewatch` do: answers, listings, screens, exit codes."""
