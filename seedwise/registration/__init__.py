"""When it was decided how to judge: the ledger of a study, written before its first run, and what departs from it."""
