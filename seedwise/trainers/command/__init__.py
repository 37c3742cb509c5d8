"""Any program as a trainer: its command line, what a run of it depends on, and where it runs."""
