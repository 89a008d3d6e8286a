"""From a quoted figure to cells of data and a verdict."""
