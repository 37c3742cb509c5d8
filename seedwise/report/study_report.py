"""From a study, its tables and one run record to everything that results.md says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from seedwise.analysis.findings import Findings
from seedwise.config.study import Study
from seedwise.report.rows import Comparison, VariantSummary, read_rows
from seedwise.report.text import paper
from seedwise.report.text.captions import CURVES, FIGURES, INTERACTIONS
from seedwise.report.text.results import NewTestSet, ReportInput, ReportVariant
from seedwise.runs.record import RunRecord
from seedwise.sources.pulled import Pulled

DATASET_NAMES = {"fashion_mnist": "Fashion-MNIST"}


def build_report(
    study: Study,
    config_file: str,
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    findings: Findings,
    record: RunRecord | Pulled | None,
    sources: pd.DataFrame | None = None,
    effects: pd.DataFrame | None = None,
) -> ReportInput:
    """Gather a report.

    `record` is a run of the baseline, which tells sizes, hardware and versions, or where pulled runs come from. In an
    interim report there may be none yet.
    """
    origin = record.provenance if isinstance(record, RunRecord) else None
    seeds = findings.look.seeds if findings.look else study.seeds
    figures = FIGURES if len(study.variants) > 1 else {"means": FIGURES["means"]}
    if isinstance(record, RunRecord):
        figures = figures | CURVES
    if len(study.factorial().get("factors", ())) > 1:
        figures = figures | INTERACTIONS
    return ReportInput(
        title=study.title,
        study=study.study,
        config_file=config_file,
        plan=study.analysis,
        plan_hash=findings.plan_hash,
        exploratory=findings.exploratory,
        setup=setup(study, record, len(seeds)) if record else {},
        variants=[
            ReportVariant(variant.name, variant.label or variant.name, changes(study, variant.name))
            for variant in study.variants
        ],
        seeds=seeds,
        planned_seeds=study.seeds,
        look=findings.look,
        runs=runs,
        summary=summary,
        comparisons=comparisons,
        warnings=findings.warnings,
        commands=commands(config_file, origin.commit if origin and not origin.dirty else None),
        commit=origin.commit if origin else None,
        dirty=origin.dirty if origin else None,
        versions=origin.versions if origin else {},
        figures=figures,
        test_set=[
            NewTestSet(answer.variant, answer.low, answer.high, answer.both_low, answer.both_high)
            for answer in findings.test_set
        ],
        sources=sources,
        effects=effects,
        pulled=isinstance(record, Pulled),
    )


def paper_files(report: ReportInput, folder: Path) -> dict[Path, str]:
    """Return the tables for papers and the line for a commit or a chat, by the file in which each belongs."""
    study, plan, exploratory = report.study or "results", report.plan, bool(report.exploratory)
    deciding = plan.at_level(report.look.nominal_alpha) if report.look else plan
    labels = {variant.name: variant.label for variant in report.variants}
    summaries, comparisons = read_rows(VariantSummary, report.summary), read_rows(Comparison, report.comparisons)
    files = {
        "tables/results.csv": paper.paper_csv(summaries, comparisons, labels),
        "tables/results.tex": paper.results_tex(study, summaries, labels, plan),
        "summary.txt": paper.summary_line(study, summaries, comparisons, labels, plan, exploratory) + "\n",
    }
    if comparisons:
        files["tables/comparisons.tex"] = paper.comparisons_tex(study, comparisons, labels, deciding, exploratory)
    return {folder / name: text for name, text in files.items()}


def setup(study: Study, record: RunRecord | Pulled, seeds: int) -> dict[str, str]:
    """Say in plain lines what was trained on what, as the baseline was; of pulled runs only where they come from."""
    if isinstance(record, Pulled):
        return {
            "Runs": f"{record.source}, which lists {record.runs}; not trained here",
            "Seeds": f"{seeds} per variant",
        }
    chosen, sizes, origin = study.settings(study.analysis.baseline), record.sizes, record.provenance
    training = chosen.training
    dataset = DATASET_NAMES.get(chosen.dataset.name, chosen.dataset.name)
    optimizer = f"{training.optimizer}, learning rate {training.learning_rate:g}"
    if training.optimizer == "sgd":
        optimizer += f", momentum {training.momentum:g}"
    if training.weight_decay:
        optimizer += f", weight decay {training.weight_decay:g}"
    return {
        "Dataset": f"{dataset}: {_count(sizes.train)} training, {_count(sizes.validation)} validation and "
        f"{_count(sizes.test)} test images",
        "Architecture": f"{chosen.model.name}, {_count(sizes.parameters)} parameters",
        "Optimizer": f"{optimizer}, {training.schedule} schedule, batch size {training.batch_size}",
        "Epochs": f"{training.epochs}; the last epoch's weights are tested, once",
        "Seeds": f"{seeds} per variant",
        "Hardware": f"{origin.hardware} ({origin.device}), {training.threads} "
        f"thread{'s' if training.threads > 1 else ''} a run, {origin.precision}",
    }


def changes(study: Study, variant: str) -> str:
    """List the settings in which a variant differs from the baseline, as `key = value, …`."""
    own, base = (_flat(study.settings(name).model_dump(mode="json")) for name in (variant, study.analysis.baseline))
    return ", ".join(f"{key} = {_plain(value)}" for key, value in own.items() if value != base[key])


def commands(config_file: str, commit: str | None = None) -> list[str]:
    """Return the commands that make the study again."""
    option = "" if config_file == "config.yaml" else f" --configfile {config_file}"
    checkout = [f"git checkout {commit}"] if commit else []
    return [*checkout, "make setup", f".venv/bin/snakemake --cores 4 --resources gpu=1{option}"]


def _flat(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Every setting by its dotted path; a setting that is a mapping itself stays whole."""
    return {f"{section}.{key}": value for section, values in settings.items() for key, value in values.items()}


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_plain(part)}' for key, part in value.items())}}}"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")  # a thin no-break space, as ISO 31-0 groups digits
