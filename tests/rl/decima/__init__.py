"""Tests of Decima, file by file."""
