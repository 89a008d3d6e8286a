"""World Mineral Statistics of the British Geological Survey."""
