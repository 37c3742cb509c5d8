"""A study's YAML file: its models, how it is read, and what is said about a mistake in it."""
