"""USGS Mineral Commodity Summaries: production by country, as printed in each edition."""
