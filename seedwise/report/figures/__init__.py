"""Figures as PNG and SVG. Only these modules import matplotlib."""
