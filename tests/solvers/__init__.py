"""Tests of ``solvers``."""
