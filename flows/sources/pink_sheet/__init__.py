"""World Bank Commodity Price Data, the "Pink Sheet": monthly prices."""
