"""Benchmarks, run by hand or by `make bench`; they report ratios measured in one run and never gate a test."""
