"""Tests of Seedwise."""
