"""A run as it is asked for: what is run, with which words and variables, and where its results go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.secrets import held
from seedwise.runs.hardware import gpus
from seedwise.trainers.command.command_line import fill, fill_command, text_of
from seedwise.trainers.command.place import ProgramPlace, VariantPlace
from seedwise.trainers.command.program_settings import ProgramSettings
from seedwise.trainers.command.user_environment import user_environment

FILES = {
    "SEEDWISE_SETTINGS": "settings.json",
    "SEEDWISE_RESULTS": "results.json",
    "SEEDWISE_HISTORY": "history.jsonl",
    "SEEDWISE_SCORES": "scores.jsonl",
}
"""Files in the run's folder whose paths the program finds in its environment."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Digests:
    """Digests of what a run depends on besides its settings."""

    code: str
    data: str
    environment: str


@dataclass(frozen=True)
class Request:
    """What to run, where, and where the results go.

    Attributes:
        settings: of the variant.
        digests: of code, data and environment.
        place: where and how the program is run.
        folder: the run's folder, results/<study>/runs/<variant>/seed<seed>; absolute.
        log: file that takes what this process and the program print; None: the program's output goes to output.log in
            the run's folder.
        threads: CPU threads of the program.
        device: what the program may use, cuda or cpu.
        uncommitted: files of the study and its code that the git commit does not contain; None if that is not known.
    """

    study: str
    variant: str
    seed: int
    settings: ProgramSettings
    digests: Digests
    place: ProgramPlace
    folder: Path
    log: Path | None = None
    threads: int = 1
    device: str = "cpu"
    uncommitted: Sequence[str] | None = None

    @property
    def record(self) -> Path:
        """Path of the run record."""
        return self.folder / "metrics.json"

    def path(self, variable: str) -> Path:
        """Return the file that an environment variable of the program names."""
        return self.folder / FILES[variable]

    @property
    def out(self) -> Path:
        """Folder for what the program writes."""
        return self.folder / "out"

    @property
    def there(self) -> VariantPlace:
        """What the runs of this variant use."""
        return self.place.of(self.variant)

    @property
    def identity(self) -> dict[str, str]:
        """What a checkpoint or an earlier failure must agree with to belong to this run."""
        return {"settings": self.settings.digest(), **vars(self.digests)}

    @cached_property
    def values(self) -> dict[str, str]:
        """What each placeholder stands for."""
        given = {
            "seed": str(self.seed),
            "out": str(self.out),
            "variant": self.variant,
            "study": self.study,
            "threads": str(self.threads),
            "settings": str(self.path("SEEDWISE_SETTINGS")),
        }
        own = {key: text_of(value) for key, value in self.settings.settings.items() if value is not None}
        return {**given, **own}

    def fill(self, text: str) -> str:
        """Fill in the placeholders of a text."""
        return fill(text, self.values)


def command_of(request: Request, checkpoint: Path | None) -> tuple[list[str], list[str]]:
    """Return the words of the command, and the same for the record, without the absolute path of the results."""
    chosen, environment = request.settings, request.there.environment
    words = fill_command(chosen.words, request.values, chosen.settings, **chosen.args)
    if checkpoint and request.place.checkpoint_args:
        from seedwise.trainers.command.command_line import split_command

        values = {**request.values, "checkpoint": str(checkpoint)}
        words += [fill(word, values) for word in split_command(request.place.checkpoint_args)]
    shown = [word.replace(str(request.folder), os.path.relpath(request.folder)) for word in words]
    return [*environment.prefix, *words], shown


def program_variables(request: Request, checkpoint: Path | None, folder: Path) -> dict[str, str]:
    """Return the environment of the program: the user's own, without what the workflow has added for its scripts.

    Raises:
        UserError: a variable that the study asks for is not set.
    """
    variables = user_environment()
    imported = [*_imported_first(request, folder), _client(Path.cwd())]
    variables["PYTHONPATH"] = os.pathsep.join([*map(str, imported), *filter(None, [variables.get("PYTHONPATH")])])
    variables |= {
        "SEEDWISE_SEED": str(request.seed),
        "SEEDWISE_OUT": str(request.out),
        "SEEDWISE_VARIANT": request.variant,
        "SEEDWISE_STUDY": request.study,
        **{name: str(request.folder / file) for name, file in FILES.items()},
    }
    if checkpoint:
        variables["SEEDWISE_CHECKPOINT"] = str(checkpoint)
    variables |= dict.fromkeys(THREAD_VARIABLES, str(request.threads))
    if request.device == "cpu" and gpus():
        variables["CUDA_VISIBLE_DEVICES"] = ""  # `gpu: 0`: it holds no lock on one
    variables["PYTHONUNBUFFERED"] = "1"  # so that the log can be watched
    if request.place.wandb_mode is not None:
        variables |= {"WANDB_MODE": request.place.wandb_mode, "WANDB_DIR": str(request.folder)}
    for name, value in request.there.environment.variables.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    secrets = held()
    if missing := [name for name, value in secrets.items() if not value and name not in variables]:
        raise UserError(
            f"env: {missing[0]}: null asks for a variable that is not set; set it first: export {missing[0]}=…"
        )
    own = {**request.settings.env, **{name: value for name, value in secrets.items() if value}}
    return variables | {name: request.fill(value) for name, value in own.items()}


def _imported_first(request: Request, folder: Path) -> list[Path]:
    """Return folders of a copy or a revision whose packages are installed as editable from the original folder."""
    there, original = request.there, Path(request.there.original)
    editable = [Path(place) for place in there.environment.editable]
    if str(folder) == there.original or not editable:
        return []
    from seedwise.trainers.command.revisions import import_paths, imports_moved

    copied = imports_moved(original, folder, editable) if request.settings.isolate else []
    revised = import_paths(original, Path(there.folder), editable) if there.commit else []
    return [*copied, *revised]  # a copy holds only its own folder; the rest of a revision is in its worktree


def _client(folder: Path) -> Path:
    """Return a folder from which `import seedwise` works and nothing else of our environment can be imported."""
    package = Path(__file__).resolve().parents[2]
    client = folder / ".snakemake/seedwise/client"
    link = client / "seedwise"
    if not (link.is_symlink() and link.readlink() == package):
        client.mkdir(parents=True, exist_ok=True)
        temporary = client / f".seedwise.{os.getpid()}"
        temporary.symlink_to(package)
        temporary.replace(link)
    return client
