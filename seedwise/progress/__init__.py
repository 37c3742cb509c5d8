"""How far a study is: which runs are done, running, failed or missing, told while it runs and afterwards."""
