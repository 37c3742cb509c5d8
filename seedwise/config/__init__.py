"""A study's YAML file: its models, how it is read, and messages about mistakes in it."""
