"""A firm's own purchases, joined with the figures of a snapshot; nothing of them is kept."""
