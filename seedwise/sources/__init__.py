"""Where runs come from when they were not trained here."""
