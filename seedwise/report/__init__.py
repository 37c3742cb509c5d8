"""The report of a study: verdict sentences, tables, figures and results.md. Only `figures` imports matplotlib."""
