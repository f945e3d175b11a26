"""The commands behind the figures; see README.md."""
