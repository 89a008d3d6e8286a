"""Policy measures: the OECD's inventory of export restrictions, or a user's own list."""
