"""Trains an image classifier with Seedwise's own loop: fast, deterministic, resumable."""
