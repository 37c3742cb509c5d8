"""From runs and a declared plan to findings."""
