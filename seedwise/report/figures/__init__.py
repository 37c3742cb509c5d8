"""The figures of a report, as PNG and SVG: one module each. Only these modules import matplotlib.

Drawing goes through `matplotlib.figure.Figure` and never through pyplot, so that it needs no display and leaves global
state alone. The same data give the same files, byte for byte.
"""
