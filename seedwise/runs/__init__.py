"""Everything about a single run: its record, metrics, history and scores; its attempts, GPU and machine."""
