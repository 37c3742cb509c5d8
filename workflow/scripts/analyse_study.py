"""Analyse runs.csv: write the tables and findings.json, held to the plan that was declared first."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from seedwise.analysis.declaration import hold_to_first
from seedwise.analysis.findings import Findings, write_findings
from seedwise.analysis.looks import conclude, record_look
from seedwise.analysis.new_test_set import new_test_set
from seedwise.analysis.tables import read_table
from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.study import Run
from seedwise.plan import Plan
from seedwise.progress.interim import first_result, interim_reasons, run_folder
from seedwise.progress.states import read_status
from seedwise.runs.record import read_record
from seedwise.sources.pulled import read_pulled
from seedwise.statistics.analysis import analyse, format_table
from seedwise.statistics.factorial import factorial_effects
from seedwise.statistics.randomness import contributions
from seedwise.statistics.spending import spending_at
from seedwise.trainers.image_classifier.settings import STREAMS


def main() -> None:
    """Parse arguments, analyse, write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="runs.csv; runs/ lies beside it, results go beside it")
    parser.add_argument("--plan", required=True, help="the declared plan, JSON")
    parser.add_argument("--variants", nargs="+", required=True, help="in the order of the tables")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="all declared seeds, run or not")
    parser.add_argument("--varied", default="{}", help="sources of randomness by variant, JSON; writes sources.csv")
    parser.add_argument("--factorial", default="{}", help="factors and cells of all variants, JSON; writes effects.csv")
    parser.add_argument("--pulled", type=Path, help="pulled.json, where runs come from elsewhere")
    parser.add_argument("--interim", type=Path, help="status.json, for an interim report in a folder of the study's")
    arguments = parser.parse_args()
    plan = Plan.model_validate_json(arguments.plan)
    runs = read_table(arguments.runs)
    folder = arguments.runs.parent
    states = read_status(arguments.interim) if arguments.interim else ()
    study_folder = folder.parent if states else folder
    n_test, notes = None, []
    if arguments.pulled:
        notes = read_pulled(arguments.pulled).notes
    else:
        first = first_result(states) or Run(runs["variant"][0], runs["seed"][0])
        n_test = read_record(run_folder(study_folder, first) / "metrics.json").sizes.test
    so_far = [seed for seed in arguments.seeds if seed in set(runs["seed"])]
    spending = spending_at(plan.looks, len(so_far), plan.alpha) if plan.looks and not states else None
    level = spending.nominal_alpha if spending else None
    analysis = analyse(runs, plan, arguments.variants, n_test=n_test, alpha=level)
    look = None
    if spending:
        verdicts = dict(zip(analysis.comparisons["variant"], analysis.comparisons["verdict"], strict=True))
        look = conclude(plan, so_far, spending.nominal_alpha, spending.spent, verdicts)
    findings = Findings(
        plan_hash=plan.digest(arguments.seeds),
        exploratory=[
            *(interim_reasons(states) if states else []),
            *hold_to_first(study_folder / "plan.json", plan, arguments.seeds, arguments.variants, record=not states),
        ],
        warnings=[*notes, *(warning.sentence for warning in analysis.warnings)],
        test_set=[] if arguments.pulled else new_test_set(study_folder / "runs", runs, plan, arguments.variants),
        look=look,
    )
    write_text(folder / "summary.csv", format_table(analysis.summary))
    write_text(folder / "comparisons.csv", format_table(analysis.comparisons))
    if varied := json.loads(arguments.varied):
        sources = contributions(runs, plan.metric, varied, STREAMS, plan.confidence)
        write_text(folder / "sources.csv", format_table(pd.DataFrame(map(asdict, sources), dtype=object)))
    if design := json.loads(arguments.factorial):
        deciding = plan.at_level(level) if level else plan
        cells = {variant: tuple(cell) for variant, cell in design["cells"].items()}
        effects = factorial_effects(runs, deciding, design["factors"], cells)
        write_text(folder / "effects.csv", format_table(pd.DataFrame(map(asdict, effects), dtype=object)))
    write_findings(folder / "findings.json", findings)
    if look:
        record_look(folder / "looks.json", look)


if __name__ == "__main__":
    run_script(main)
