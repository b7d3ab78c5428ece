"""Measurements of the whole program; docs/benchmarks.md tells how to run and read them."""
