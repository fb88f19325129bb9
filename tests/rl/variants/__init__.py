"""Tests of the variants, file by file."""
