"""How indices explain themselves: the arithmetic of one published row, from source rows on."""
