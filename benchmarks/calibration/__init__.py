"""How often each decision rule is wrong, measured on studies drawn from many real training runs."""
