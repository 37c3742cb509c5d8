# The learning companion: every notebook run from top to bottom, on request:  snakemake --cores 2 notebooks
#
# The notebooks are stored without outputs; these are the executed ones, to read in a browser or in Jupyter. A cell whose
# `assert` fails stops its notebook, and the log shows the cell.
NOTEBOOKS = sorted(path.stem for path in (HOME / "workflow/notebooks").glob("*.ipynb"))


rule notebooks:
    input:
        expand("results/notebooks/{notebook}.html", notebook=NOTEBOOKS),


rule execute_notebook:
    input:
        notebook="workflow/notebooks/{notebook}.ipynb",
        runs="docs/calibration/runs.csv",
        rates="docs/calibration/measured.csv",
        correlation="benchmarks/correlation.json",
    output:
        notebook="results/notebooks/{notebook}.ipynb",
        page="results/notebooks/{notebook}.html",
    log:
        "results/notebooks/logs/{notebook}.log",
    conda:
        conda_environment("notebooks")
    params:
        code=lambda wildcards: DIGESTS.package(),
        # A page that needs no network: no mathematics, no widgets.
        offline="--HTMLExporter.mathjax_url= --HTMLExporter.require_js_url= --HTMLExporter.jquery_url=",
    shell:
        "(python -m nbconvert --to notebook --execute --ExecutePreprocessor.timeout=600 {input.notebook:q}"
        " --output-dir results/notebooks --output {wildcards.notebook}"
        " && python -m nbconvert --to html --embed-images {params.offline} {output.notebook:q}) > {log:q} 2>&1"
