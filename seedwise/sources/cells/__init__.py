"""What a cell of a table says: a number, a seed, how a run ended, when it was made. The rules are in docs/tables.md."""
