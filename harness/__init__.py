"""Runs solvers under a clock, keeps records, and draws and reports what they did."""
