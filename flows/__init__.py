"""orewatch: critical-minerals risk indicators, checked before they are published."""

__version__ = "0.1.0"
