"""Realistic logs whose meaning is known because it was there first. See tools/genlogs."""
