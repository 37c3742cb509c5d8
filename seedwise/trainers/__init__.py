"""What a run is: each trainer is a folder that knows how one run is done, and nothing outside it does."""
