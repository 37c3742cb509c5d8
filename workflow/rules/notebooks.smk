# The learning companion: executes every notebook from top to bottom, on request:  snakemake --cores 2 notebooks
#
# The notebooks are stored without outputs. The executed copies can be read in a browser or in Jupyter. A failed `assert`
# stops its notebook, and the log shows the cell.
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
        # The page needs no network: it has no mathematics and no widgets.
        offline="--HTMLExporter.mathjax_url= --HTMLExporter.require_js_url= --HTMLExporter.jquery_url=",
    shell:
        "(python -m nbconvert --to notebook --execute --ExecutePreprocessor.timeout=600 {input.notebook:q}"
        " --output-dir results/notebooks --output {wildcards.notebook}"
        " && python -m nbconvert --to html --embed-images {params.offline} {output.notebook:q}) > {log:q} 2>&1"
