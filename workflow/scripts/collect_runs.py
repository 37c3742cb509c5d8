"""Collect run records, or runs that were recorded elsewhere, into runs.csv; of an evaluation, answers.csv."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.study_file import read_study_file
from seedwise.runs.record import tabulate


def main() -> None:
    """Write runs.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study file, results/<study>/study-<digest>.json")
    parser.add_argument("--out", type=Path, required=True, help="file to write, runs.csv; runs/ is beside it")
    parser.add_argument("--base", type=Path, default=Path(), help="folder from which the config's paths lead to tables")
    arguments = parser.parse_args()
    file = read_study_file(arguments.study)
    study = file.study
    if not study.source:
        from seedwise.analysis.collect import collect_records

        write_text(arguments.out, tabulate(collect_records(file, arguments.out.parent)))
        return
    # This imports pandas, which takes longer than reading the records of most studies.
    from seedwise.sources.pulled import pull, pull_answers

    variants = [variant.name for variant in study.variants]
    higher, metric = study.analysis.higher_is_better, study.analysis.metric
    where = {"out": arguments.out, "base": arguments.base}
    if study.evaluation:
        from seedwise.analysis.example_groups import refuse_unnamed_clusters

        check = partial(refuse_unnamed_clusters, plan=study.analysis)
        pulled = pull_answers(study.source, metric, variants, **where, higher_is_better=higher, check=check)
        what = "answers"
    else:
        seeds = list(file.seeds)
        pulled, what = pull(study.source, metric, variants, seeds, **where, higher_is_better=higher), "runs"
    print("\n".join([f"{pulled.runs} {what} in {pulled.source}", *pulled.notes]))


if __name__ == "__main__":
    run_script(main)
