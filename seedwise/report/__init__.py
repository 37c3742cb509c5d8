"""The report of a study: results.md, page.html, figures and tables for papers.

`gather` collects what there is into `model.Report`; everything else reads that. Only `figures` imports matplotlib.
"""
