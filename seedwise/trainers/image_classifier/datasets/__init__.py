"""Datasets: fetched from wherever they can be had, checked, prepared once into one file that loads at once."""
