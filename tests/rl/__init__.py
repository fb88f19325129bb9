"""Tests of the learned planner."""
