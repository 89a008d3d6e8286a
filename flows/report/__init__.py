"""Self-contained pages: no address outside the file, light and dark, fit to print."""
