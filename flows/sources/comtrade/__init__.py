"""UN Comtrade, trade as each country reports it; see `source.yml`."""
