"""What one run leaves and holds: its record, metrics, history and scores; its lock, its GPU, its machine."""
