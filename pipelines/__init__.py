"""The commands that people type and the Beam graphs that they run; no algorithms."""
