"""Decima: a graph network that picks a VM and a limit on the PMs that best-fit may choose among."""
