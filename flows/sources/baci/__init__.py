"""CEPII BACI: reconciled bilateral trade by HS6."""
