"""The progress of a study: which runs are done, running, failed or missing, during and after a run of the workflow."""
