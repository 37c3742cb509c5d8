"""The trainer `command`: any program that takes settings and a seed and leaves numbers."""
