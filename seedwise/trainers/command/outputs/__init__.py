"""Where a program's numbers come from: its results, its history by step, and its scores per example.

`settings` says what a study may write, `reading` reads it after a run, `proposals` suggests it for a program that one
does not know yet. The other modules each read one kind of file.
"""
