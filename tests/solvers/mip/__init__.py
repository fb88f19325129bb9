"""Tests of the exact solver, file by file."""
