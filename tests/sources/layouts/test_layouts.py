"""Tables as tools write them: each is recognised, named, and read as its rows of runs. None is misread for another."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from seedwise.basics.errors import UserError
from seedwise.sources.open import open_frame, open_table
from seedwise.sources.options import Options
from seedwise.sources.runs import read_runs
from seedwise.sources.taking import Take


@pytest.fixture
def read(tmp_path):
    """Read text as a file; return the value of each variant and seed, and the notes on one line."""

    def run(text, metric, name="table.csv", **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return values(open_table(str(path), given := Options(metrics=(metric,), **options)), given)

    return run


def values(table, options):
    found = read_runs(table, options)
    metric = options.metrics[0]
    runs = found.runs
    assert found.found == len(table.frame)
    cells = zip(runs.variant, runs.seed, runs[metric].where(runs.status == "finished", runs.status), strict=True)
    return {(variant, seed): value for variant, seed, value in cells}, " ".join(found.notes)


AB = {("a", 0): 0.81, ("a", 1): 0.82, ("b", 0): 0.91, ("b", 1): 0.92}


def test_a_chart_of_several_metrics_whose_axis_is_the_trainers_step(read):
    """As in the exports that are committed to JeromeMaag/LeonLLM: the axis train/global_step, and _step as a curve."""
    curves = [f"{run} - {curve}" for run in ("a_seed0", "a_seed1", "b_seed0", "b_seed1") for curve in ("_step", "acc")]
    header = ["train/global_step", *curves]
    rows = [
        ["50", "", "", "", "", "", "", "", ""],
        ["100", "1", ".5", "1", ".6", "1", ".7", "1", ".8"],
        ["200", "2", ".81", "2", ".82", "2", ".91", "2", ".92"],
    ]
    found, notes = read("\n".join(",".join(row) for row in [header, *rows]), "acc")
    assert found == AB
    assert "was read as a chart exported from W&B" in notes
    assert '--run-name "{variant}_seed{seed}"' in notes


def test_a_chart_over_time_has_no_common_steps(read):
    """wandb/wandb#4312 and #5349: "Relative Time (Process)", and __MIN and __MAX beside each curve."""
    text = (
        '"Relative Time (Process)","a-s0 - acc","a-s0 - acc__MIN","a-s0 - acc__MAX","a-s1 - acc","a-s1 - acc__MIN",'
        '"a-s1 - acc__MAX"\n'
        '"1.5","0.4","0.3","0.5","","",""\n"2.5","","","","0.6","0.6","0.6"\n"9.0","0.81","0.81","0.81","","",""\n'
        '"12.25","","","","0.82","0.82","0.82"\n'
    )
    found, notes = read(text, "acc")
    assert found == {("a", 0): 0.81, ("a", 1): 0.82}
    assert "4 columns left out" in notes
    assert "1 cell of the chart is an average of several steps" in notes
    assert "ended before" not in notes


def test_a_chart_of_groups_is_refused_because_its_curves_are_means(read):
    """wandb/wandb#6507: a chart of grouped runs exports the mean of each group."""
    text = "Step,Group: a - acc,Group: a - acc__MIN,Group: a - acc__MAX\n1,0.5,0.4,0.6\n2,0.6,0.5,0.7\n"
    with pytest.raises(UserError, match="runs are grouped: its curves are means over runs"):
        read(text, "acc")


def test_a_run_that_never_had_a_value_is_not_forgotten(read):
    text = "Step,a-s0 - acc,a-s1 - acc\n1,0.81,\n2,0.82,\n"
    found, notes = read(text, "acc")
    assert found == {("a", 0): 0.82, ("a", 1): "failed"}
    assert "counted as failed: no acc: a seed 1 (a-s1)" in notes


@pytest.mark.parametrize(
    "names",
    [
        ("resnet-18", "resnet-34"),
        ("vit-s16", "vit-s32"),
        ("deit-s16-s0", "deit-s16-s1"),
        ("daily-night-1638", "dainty-serenity-1637"),
        ("a-seed0", "a_seed1"),
        ("a-s0", "baseline"),
        ("a-s0", "b-s0"),
    ],
)
def test_names_that_can_be_read_in_two_ways_are_asked_about(read, names):
    text = f"Step,{names[0]} - acc,{names[1]} - acc\n1,0.81,0.82\n"
    with pytest.raises(UserError, match=r'runs have only a name .* --run-name "\{variant\}-s\{seed\}"'):
        read(text, "acc")


def test_names_of_cleanrl(read):
    """cleanrl/ppo.py: run_name = f"{args.env_id}__{args.exp_name}__{args.seed}__{int(time.time())}"."""
    text = "global_step,Hopper-v4__ppo__1__1700000001 - charts/episodic_return,"
    text += "Hopper-v4__ppo__2__1700000002 - charts/episodic_return\n10,1,2\n20,100.5,200.5\n"
    found, notes = read(text, "charts/episodic_return")
    assert found == {("ppo", 1): 100.5, ("ppo", 2): 200.5}
    assert "{env}__{variant}__{seed}__{created}" in notes


def test_a_pattern_reads_names_in_one_way_or_none(read):
    text = "Step,resnet-18-0 - acc,resnet-18-1 - acc\n1,0.81,0.82\n"
    assert read(text, "acc", run_name="{variant}-{seed}")[0] == {("resnet-18", 0): 0.81, ("resnet-18", 1): 0.82}
    with pytest.raises(
        UserError, match=r'in two ways: variant "resnet", size "18-x", .* Say what \{variant\} is made of'
    ):
        read(text.replace("resnet-18", "resnet-18-x"), "acc", run_name="{variant}-{size}-{seed}")
    assert read(text, "acc", run_name="{variant,[a-z]+}-{size}-{seed}", ignore=("size",))[0].keys() == {
        ("resnet", 0),
        ("resnet", 1),
    }
    with pytest.raises(UserError, match="2 run names of 2 do not fit"):
        read(text, "acc", run_name="{variant}_s{seed}")
    with pytest.raises(UserError, match="says nothing about a run"):
        read(text, "acc", run_name="resnet-*")


@pytest.mark.parametrize("write", ["csv", "parquet", "json"])
def test_a_dump_of_the_api(tmp_path, write):
    """docs.wandb.ai, "Export data": DataFrame({"summary": …, "config": …, "name": …}).to_csv("project.csv")."""
    frame = pd.DataFrame(
        {
            "summary": [
                {"val/acc": value, "_step": 9, "_wandb": {"runtime": 3}, "hist": {"_type": "histogram", "bins": [1, 2]}}
                for value in (0.81, float("nan"), 0.91, 0.92)
            ],
            "config": [
                {"variant": name, "seed": seed, "lr": 0.1, "note": "it's", "layers": [1, 2]}
                for name in "ab"
                for seed in (0, 1)
            ],
            "name": ["w", "x", "y", "z"],
        }
    )
    path = tmp_path / f"project.{write}"
    {"csv": frame.to_csv, "parquet": frame.to_parquet, "json": lambda to: frame.to_json(to, orient="records")}[write](
        path
    )
    if write == "json":
        path.write_text(path.read_text().replace("null", "NaN"))
    options = Options(metrics=("val/acc",))
    found, notes = values(open_table(str(path), options), options)
    lost = "failed" if write == "parquet" else "diverged"  # Parquet stores a NaN inside a struct as nothing
    assert found == {("a", 0): 0.81, ("a", 1): lost, ("b", 0): 0.91, ("b", 1): 0.92}
    assert ("was read as a table of wandb.Api().runs" in notes) == (write != "json")


def test_a_dump_with_a_cell_that_was_cut_off_is_refused(read):
    with pytest.raises(UserError, match="line 2: summary is no dictionary of Python or JSON; was the cell cut off"):
        read("name,summary,config\nx,\"{'acc': 0.8, 'lo\",\"{'seed': 0}\"\n", "acc")


def test_tensorboards_scalars(tmp_path):
    """TensorBoard's download links: run-RUN-tag-TAG.csv with "Wall time,Step,Value" (scalars_plugin.py)."""
    for run, value in (("a_s0", 81), ("a_s1", 82), ("b_s0", 91), ("b_s1", 92)):
        for tag, scale in (("val_acc", 100), ("train_loss", -100)):
            (tmp_path / f"run-{run}-tag-{tag}.csv").write_text(
                f"Wall time,Step,Value\n1654943296.21,0,0.5\n1654943313.77,1,{value / scale}\n"
            )
    options = Options(metrics=("val/acc",))
    found, notes = values(open_table(str(tmp_path / "*.csv"), options), options)
    assert found == AB
    assert "was read as scalars exported from TensorBoard" in notes
    assert '--run-name "{variant}_s{seed}"' in notes


def test_scalars_in_files_of_other_names_need_a_pattern(tmp_path):
    for run in ("a/1", "a/2", "b/1"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "acc.csv").write_text("Wall time,Step,Value\n1.5,0,0.5\n2.5,1,0.8\n")
    with pytest.raises(UserError, match="runs have only a name"):
        open_table(str(tmp_path / "*/*/acc.csv"), Options(metrics=("acc",)))
    options = Options(metrics=("acc",), path_name="{variant}/{seed}/acc.csv")
    assert values(open_table(str(tmp_path / "*/*/acc.csv"), options), options)[0] == {
        ("a", 1): 0.8,
        ("a", 2): 0.8,
        ("b", 1): 0.8,
    }


RAY = """acc,timestamp,done,training_iteration,trial_id,date,time_this_iter_s,time_total_s,pid,hostname,node_ip,\
time_since_restore,iterations_since_restore,config/model,config/seed,logdir
0.81,1704103200,True,10,t1,2024-01-01_10-00-00,1.5,15.1,11,h,10.0.0.1,15.1,10,a,0,t1
0.82,1704103210,True,10,t2,2024-01-01_10-00-10,1.6,15.2,12,h,10.0.0.1,15.2,10,a,1,t2
0.91,1704103220,True,10,t3,2024-01-01_10-00-20,1.7,15.3,13,h,10.0.0.1,15.3,10,b,0,t3
0.92,1704103230,True,10,t4,2024-01-01_10-00-30,1.8,15.4,14,h,10.0.0.1,15.4,10,b,1,t4
"""


def test_results_of_ray(read):
    """ray.tune ResultGrid.get_dataframe(), ray-project/ray#43900: config/ before the settings."""
    found, notes = read(RAY, "acc", variant=("model",))
    assert found == AB
    assert "was read as results of Ray Tune" in notes


def test_a_folder_of_trials_of_ray(tmp_path):
    """A trial's folder has result.json (a line for each iteration) and params.json (ray/tune/logger/json.py)."""
    for (model, seed), value in AB.items():
        folder = tmp_path / f"train_{model}{seed}_2024-01-01_10-00-00"
        folder.mkdir()
        (folder / "params.json").write_text(json.dumps({"model": model, "seed": seed, "lr": 0.1}))
        lines = [
            {
                "acc": one,
                "training_iteration": step,
                "trial_id": f"{model}{seed}",
                "time_total_s": 3.5,
                "done": step == 2,
            }
            for step, one in ((1, 0.5), (2, value))
        ]
        (folder / "result.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = Options(metrics=("acc",), variant=("model",))
    found, notes = values(open_table(str(tmp_path / "*/result.json"), options), options)
    assert found == AB
    assert "Settings of each run were read from the files that Ray Tune left beside them; 1 setting that all" in notes


def test_a_multirun_of_hydra(tmp_path):
    """multirun/DATE/TIME/N/.hydra has config.yaml and overrides.yaml, and model=resnet there names a group."""
    for number, ((model, seed), value) in enumerate(AB.items()):
        hydra = tmp_path / str(number) / ".hydra"
        hydra.mkdir(parents=True)
        (hydra / "config.yaml").write_text(
            f"model:\n  width: {16 if model == 'a' else 32}\nseed: {seed}\ndata: cifar\n"
        )
        (hydra / "overrides.yaml").write_text(f"- model={model}\n- seed={seed}\n- hydra.verbose=true\n")
        (tmp_path / str(number) / "out").mkdir()
        (tmp_path / str(number) / "out" / "metrics.json").write_text(json.dumps({"acc": value, "time": number}))
    options = Options(metrics=("acc",), variant=("model",))
    found, notes = values(open_table(str(tmp_path / "*/out/metrics.json"), options), options)
    assert found == AB
    assert "Hydra left beside them" in notes
    (tmp_path / "9").mkdir()
    (tmp_path / "9" / "metrics.json").write_text('{"acc": 0.5}')
    with pytest.raises(UserError, match=r"9/metrics.json: no settings beside it, as 4 other files have"):
        open_table(str(tmp_path / "**/metrics.json"), options)


def test_versions_of_lightning(tmp_path):
    """lightning_logs/version_N has metrics.csv, with training and validation in rows of their own, and hparams.yaml."""
    for number, ((model, seed), value) in enumerate(AB.items()):
        folder = tmp_path / "lightning_logs" / f"version_{number}"
        folder.mkdir(parents=True)
        (folder / "hparams.yaml").write_text(f"model: {model}\nseed: {seed}\nact: !!python/name:torch.nn.ReLU ''\n")
        (folder / "metrics.csv").write_text(
            f"epoch,step,train_loss,val_acc\n0,49,1.2,\n0,49,,0.5\n1,99,0.9,\n1,99,,{value}\n"
        )
    options = Options(metrics=("val_acc",), variant=("model",))
    found, notes = values(open_table(str(tmp_path / "lightning_logs/*/metrics.csv"), options), options)
    assert found == AB
    assert "was read as metrics of Lightning's CSVLogger" in notes


def test_logs_of_the_trainer(tmp_path):
    """trainer_state.json of transformers: log_history mixes rows of training, of evaluation and of the end."""
    for (variant, seed), value in AB.items():
        folder = tmp_path / f"{variant}-seed{seed}" / "checkpoint-200"
        folder.mkdir(parents=True)
        history = [
            {"epoch": 1.0, "learning_rate": 5e-05, "loss": 0.7, "step": 100},
            {"epoch": 1.0, "eval_accuracy": 0.5, "eval_loss": 0.6, "step": 100},
            {"epoch": 2.0, "eval_accuracy": value, "eval_loss": 0.5, "step": 200},
            {"epoch": 2.0, "step": 200, "total_flos": 1e15, "train_loss": 0.6, "train_runtime": 12.5},
        ]
        state = {"best_metric": None, "epoch": 2.0, "global_step": 200, "log_history": history, "max_steps": 200}
        (folder / "trainer_state.json").write_text(json.dumps(state))
    options = Options(metrics=("eval_accuracy",), take=Take("last"))
    found, notes = values(open_table(str(tmp_path / "*/*/trainer_state.json"), options), options)
    assert found == AB
    assert "was read as logs of the Hugging Face Trainer" in notes
    with pytest.raises(
        UserError, match=r"of one run. Name the files of all runs .*'runs/\*/seed\*/trainer_state.json'"
    ):
        open_table(str(tmp_path / "a-seed0/checkpoint-200/trainer_state.json"), options)


@pytest.mark.parametrize("kind", ["history.json", "history.csv", "log.csv"])
def test_histories_of_keras(tmp_path, kind):
    """json.dump(history.history), DataFrame(history.history).to_csv, and keras.callbacks.CSVLogger."""
    for (variant, seed), value in AB.items():
        history = {"accuracy": [0.5, 0.9], "loss": [1.0, 0.5], "val_accuracy": [0.4, value], "val_loss": [1.1, 0.9]}
        folder = tmp_path / variant / f"seed_{seed}"
        folder.mkdir(parents=True)
        if kind == "history.json":
            (folder / kind).write_text(json.dumps(history))
        elif kind == "history.csv":
            pd.DataFrame(history).to_csv(folder / kind)
        else:
            pd.DataFrame(history).to_csv(folder / kind, index_label="epoch")
    options = Options(metrics=("val_accuracy",))
    found, notes = values(open_table(str(tmp_path / "*/*" / kind), options), options)
    assert found == AB
    assert "was read as a training history of Keras" in notes
    assert f'--path-name "{{variant}}/seed_{{seed}}/{kind}"' in notes


def test_trials_of_optuna(read):
    """study.trials_dataframe().to_csv(index=False), as committed to irchhjc/projet_ML_Optimisation."""
    text = (
        "number,value,datetime_start,datetime_complete,duration,params_model,params_seed,user_attrs_gap,state\n"
        "0,0.81,2026-03-10 08:22:40.981460,2026-03-10 08:52:37.130871,0 days 00:29:56.149411,a,0,-0.1,COMPLETE\n"
        "1,0.82,2026-03-10 08:52:37.367232,2026-03-10 09:14:14.319428,0 days 00:21:36.952196,a,1,0.2,COMPLETE\n"
        "2,,2026-03-10 09:14:37.367232,2026-03-10 09:24:14.319428,0 days 00:09:36.952196,b,0,,PRUNED\n"
        "3,0.92,2026-03-10 09:24:37.367232,2026-03-10 09:44:14.319428,0 days 00:19:36.952196,b,1,0.3,COMPLETE\n"
    )
    found, notes = read(text, "f1", variant=("model",))
    assert found == {**AB, ("b", 0): "failed"}
    assert "was read as trials of an Optuna study" in notes
    assert "f1 is the objective of the study, which Optuna calls value." in notes


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        (
            '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","variant","seed","acc"\n'
            '"x","finished","-","me","","2024-05-01T10:00:00.000Z","61","","a","0","0.81"\n',
            "a table of runs exported from W&B",
        ),
        (
            "run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.acc,params.seed,params.variant\n"
            "1f,1,FINISHED,s3://x,2024-05-01 10:00:00+00:00,2024-05-01 10:05:00+00:00,0.81,0,a\n",
            "runs exported from MLflow",
        ),
        (
            "run_id,status,metrics.acc,params.seed,params.variant\n1f,FINISHED,0.81,0,a\n",  # as in QTaggerPlus
            "runs exported from MLflow",
        ),
        (
            "Start Time,Duration,Run ID,Name,Source Type,Source Name,User,Status,variant,seed,acc\n"
            "2024-05-01 10:00:00,5.1min,1f,calm-ox,LOCAL,train.py,me,FINISHED,a,0,0.81\n",
            "runs exported from MLflow",
        ),
    ],
)
def test_tables_of_trackers_are_named(read, text, phrase):
    found, notes = read(text, "acc")
    assert found == {("a", 0): 0.81}
    assert f"was read as {phrase}." in notes


@pytest.mark.parametrize(
    "header",
    [
        "variant,0,1,mean,std",
        "variant,seed_0,seed_1,mean,std",
        "method,seed 0,seed 1,avg,sd",
        "model,acc_seed0,acc_seed1,n,min",
    ],
)
def test_a_column_for_each_seed(read, header):
    """What a spreadsheet has: the scores of the seeds side by side, and often their mean beside them."""
    found, notes = read(f"{header}\na,0.81,0.82,0.815,0.007\nb,0.91,0.92,0.915,0.007\n", "acc")
    assert found == AB
    assert "was read as a table with a column for each seed" in notes
    assert "Left out, because they sum up seeds:" in notes


def test_columns_that_may_be_years_are_asked_about(read):
    text = "region,2019,2020,2021\nn,1,2,3\ns,4,5,6\n"
    with pytest.raises(UserError, match="could be columns of one seed each; if they are, add --layout wide-seeds"):
        read(text, "acc")
    assert read(text, "acc", layout="wide-seeds")[0][("n", 2020)] == 2


def test_a_column_for_each_variant(read):
    """sherbold/autorank's examples: a row for each dataset or seed, a column for each method."""
    text = "fold,svm,forest,knn\n0,0.81,0.91,0.5\n1,0.82,0.92,\n"
    found, notes = read(text, "acc", seed="fold")
    assert found == {
        ("svm", 0): 0.81,
        ("svm", 1): 0.82,
        ("forest", 0): 0.91,
        ("forest", 1): 0.92,
        ("knn", 0): 0.5,
        ("knn", 1): "failed",
    }
    assert "Each column is a variant: svm, forest, knn; their cells are acc." in notes
    assert "1 cell is empty: a run that has no result" in notes


@pytest.mark.parametrize("header", ["seed,acc,f1", "seed,lr,top1", "seed,epoch,top1", "seed,acc_val,other", "seed,0,1"])
def test_a_long_table_with_a_misspelt_metric_is_not_a_wide_one(read, header):
    with pytest.raises(UserError, match=r'no column "acc_vall" and none that is the variant.*--layout wide-variants'):
        read(f"{header}\n0,0.81,0.5\n1,0.82,0.6\n", "acc_vall")


def test_long_tables_stay_as_they_are(read):
    """Each has a sign of another layout, and is nothing of the kind."""
    for text, metric in [
        ("variant,seed,0,1\na,0,3,0.81\na,1,4,0.82\n", "1"),
        ("variant,seed,value,step,wall time\na,0,0.81,1,2.5\na,1,0.82,1,2.5\n", "value"),
        ("variant,seed,summary,config,acc\na,0,good,x,0.81\na,1,bad,x,0.82\n", "acc"),
        ("variant,seed,acc,acc - old,acc_std,mean\na,0,0.81,0.5,0.1,0.3\na,1,0.82,0.4,0.2,0.4\n", "acc"),
        ("variant,seed,loss,val_loss,acc\na,0,0.5,0.6,0.81\na,1,0.5,0.6,0.82\n", "acc"),
    ]:
        found, notes = read(text, metric)
        assert found == {("a", 0): 0.81, ("a", 1): 0.82}
        assert "was read as" not in notes


@pytest.mark.parametrize("level", ["variant", "seed"])
@pytest.mark.parametrize("metrics", [["acc", "loss"], ["acc"]])
def test_pivots_of_pandas_from_files_and_frames(tmp_path, level, metrics):
    """DataFrame.pivot(…).to_csv: a row of metrics, a row of the columns' level, and a row with the index's name."""
    long = pd.DataFrame(
        [(*key, value, 1 - value) for key, value in AB.items()], columns=["variant", "seed", "acc", "loss"]
    )
    index = {"variant": "seed", "seed": "variant"}[level]
    wide = long.pivot(index=index, columns=level, values=metrics)  # noqa: PD010 - it is what is tested
    wide.to_csv(tmp_path / "pivot.csv")
    options = Options(metrics=("acc",))
    for table in (open_table(str(tmp_path / "pivot.csv"), options), open_frame(wide, options)):
        found, notes = values(table, options)
        assert found == AB
        assert "was read as a pivot table with a header of several rows" in notes


LONG = pd.DataFrame([(*key, value, 1 - value) for key, value in AB.items()], columns=["variant", "seed", "acc", "loss"])
ON_TWO = pd.concat([LONG.assign(env="x"), LONG.assign(env="y", acc=LONG["acc"] - 0.1)])
PIVOTS = {
    "three levels": ON_TWO.pivot_table(index="seed", columns=["variant", "env"], values=["acc", "loss"]),
    "no metric in the header": ON_TWO.pivot_table(index="seed", columns=["env", "variant"], values="acc"),
    "two levels at the side": ON_TWO.pivot_table(index=["env", "seed"], columns="variant", values=["acc", "loss"]),
    "transposed": ON_TWO.set_index(["env", "variant", "seed"]).T,
}


@pytest.mark.parametrize("kind", PIVOTS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_headers_of_several_levels_from_files(tmp_path, kind, ending):
    """Excel merges the cells of a level, also those of the index."""
    path = tmp_path / f"pivot.{ending}"
    PIVOTS[kind].to_csv(path) if ending == "csv" else PIVOTS[kind].to_excel(path)
    options = Options(metrics=("acc",), where=("env=x",))
    found, notes = values(open_table(str(path), options), options)
    assert found == AB
    assert "was read as a pivot table with a header of several rows" in notes
    assert ("merged cells" in notes) == (ending == "xlsx")


def test_levels_without_a_name_are_asked_about(tmp_path):
    PIVOTS["three levels"].rename_axis(columns=[None, None, None]).to_csv(tmp_path / "pivot.csv")
    with pytest.raises(UserError, match=r"several rows have no name .*; name them before you save it"):
        open_table(str(tmp_path / "pivot.csv"), Options(metrics=("acc",)))


@pytest.mark.parametrize("header", ["variant,fold1,fold2", "variant,acc_1,acc_2", "variant,split0_acc,split1_acc"])
def test_columns_that_may_be_folds_or_seeds_are_asked_about(read, header):
    text = f"{header}\na,0.81,0.82\nb,0.91,0.92\n"
    with pytest.raises(UserError, match="could be columns of one seed each; if they are, add --layout wide-seeds"):
        read(text, "acc")
    assert sorted(read(text, "acc", layout="wide-seeds")[0].values()) == [0.81, 0.82, 0.91, 0.92]


def test_scores_by_seed_and_then_by_variant(tmp_path):
    by_seed = {f"seed{seed}": {variant: AB[variant, seed] for variant in "ab"} for seed in (0, 1)}
    for file in (by_seed, {seed: {key: {"acc": value} for key, value in row.items()} for seed, row in by_seed.items()}):
        path = tmp_path / "scores.json"
        path.write_text(json.dumps(file))
        options = Options(metrics=("acc",))
        assert values(open_table(str(path), options), options)[0] == AB


def test_columns_of_variants_without_a_seed_are_told_from_a_misspelt_metric(read):
    with pytest.raises(UserError, match="If each column is a variant, add a column seed that numbers its rows"):
        read("resnet,vit\n0.8,0.9\n0.7,0.8\n", "acc")
    with pytest.raises(UserError, match='no column "val_ac"; did you mean "val_acc"'):
        read("val_acc,val_loss\n0.8,0.9\n0.7,0.8\n", "val_ac")


@pytest.mark.parametrize(
    "text",
    [
        "variant,mean,std,count\na,0.82,0.01,3\nb,0.92,0.01,3\n",
        "method,acc,acc_std\na,0.82,0.01\nb,0.92,0.01\n",
        "|algo|env_id|mean_reward|std_reward|\n|----|----|---:|---:|\n|a2c|Acrobot-v1|-86.62|25.097|\n",  # rl-zoo
        ",CleanRL PPO,openai/baselines PPO2\nHalfCheetah-v2,2262.50 ± 1196.81,1428.55 ± 62.40\n",  # openrlbenchmark
        ",acc,acc,acc\n,mean,std,count\nvariant,,,\na,0.82,0.01,3\nb,0.92,0.01,3\n",  # pandas' groupby(…).agg
    ],
)
def test_tables_of_means_are_refused_by_name(read, text):
    with pytest.raises(UserError, match=r"a table of means .*: the score of each run is needed, one row per run"):
        read(text, "acc")


def test_two_columns_of_one_name_are_no_pivot(read):
    for text in (",acc,acc\n0,0.8,0.9\n1,0.7,0.8\n", ",acc,acc\nresnet,0.8,0.9\nvit,0.7,0.8\n"):
        with pytest.raises(UserError, match='two columns are named "acc"'):
            read(text, "acc")


def test_the_layout_that_the_user_names(read):
    text = "variant,0,1\na,0.81,0.82\nb,0.91,0.92\n"
    assert read(text, "acc", layout="wide-seeds")[0] == AB
    with pytest.raises(UserError, match="no column 'seed'"):
        read(text, "0", layout="rows")
    with pytest.raises(UserError, match='--layout: found "wide-seed"; did you mean "wide-seeds"'):
        read(text, "acc", layout="wide-seed")
    with pytest.raises(UserError, match="--layout says keras, whose sign is loss, val_loss"):
        read(text, "acc", layout="keras")


def test_files_of_one_run_each(tmp_path):
    """Kashif-Mahmood007/chestx6-ssl-benchmark has MODEL_SUBSET_seedN.json, with lists beside the scores."""
    for (variant, seed), value in AB.items():
        run = {"seed": seed, "best_f1": value, "train_losses": [0.8, 0.4], "test": {"accuracy": value - 0.1}}
        (tmp_path / f"{variant}_10pct_seed{seed}.json").write_text(json.dumps(run))
    source = str(tmp_path / "*.json")
    options = Options(metrics=("best_f1",))
    found, notes = values(open_table(source, options), options)
    assert found == {(f"{variant}_10pct", seed): value for (variant, seed), value in AB.items()}
    assert 'as {variant}_seed{seed}.json (--path-name "{variant}_seed{seed}.json"' in notes
    options = Options(metrics=("test.accuracy",), path_name="{variant}_{subset,[0-9]+pct}_seed{seed}.json")
    assert values(open_table(source, options), options)[0].keys() == AB.keys()
    with pytest.raises(UserError, match='seed is "0", and --path-name reads "10"'):
        open_table(source, Options(metrics=("best_f1",), path_name="{variant}_{seed}pct_*.json"))
    (tmp_path / "notes.json").write_text('{"best_f1": 0.5}')
    with pytest.raises(UserError, match="1 file of 5 does not fit"):
        open_table(source, options)
    with pytest.raises(UserError, match=r"nothing in .* says the .* of its run; name the column .*--path-name"):
        open_table(source, Options(metrics=("best_f1",)))


def test_a_large_table_is_read_like_a_small_one(monkeypatch, tmp_path):
    """A large and even text is read in one pass; whatever is uneven about it, the rows are the same."""
    from seedwise.sources.tables import delimited

    lines = [f"{'ab'[row % 2]},{row},{row / 7}, note {row} ,1e-3" for row in range(300)]
    header = "variant,seed,acc,note,lr"
    texts = {
        "even": [header, *lines],
        "windows": [header, *lines, ""],
        "blank": [header, *lines[:9], "", *lines[9:]],
        "repeated": [header, *lines[:9], header, *lines[9:]],
        "quoted": [header, *lines, 'a,301,0.5,"x, y",1'],
        "short": [header, *lines, "a,301,0.5"],
        "comment": ["# of a run", header, *lines],
        "empty row": [header, *lines[:9], ",,,,", *lines[9:]],
        "named index": [header.replace("variant", ""), *lines],
        "unnamed": [header.replace("lr", ""), *lines],
        "accents": [header, *lines, "é,301,0.5,ü,1"],
        "all in quotes": ['"' + row.replace(",", '","') + '"' for row in [header, *lines]],
        "a quote in quotes": ['"' + row.replace(",", '","') + '"' for row in [header, *lines, 'a,301,0.5,x""y,1']],
        "some in quotes": [header, *(re.sub(", note ([0-9]+) ,", r',"a, ""b"" \1",', row) for row in lines)],
        "a stray quote": [header, *lines, 'a,301,0.5,5" wide,1'],
        "a quote after a blank": [header, *lines, 'a,301,0.5, "x, y",1'],
        "a line in quotes": ['"' + row.replace(",", '","') + '"' for row in [header, *lines, "a,301,0.5,x\ny,1"]],
    }
    for name, rows in texts.items():
        path = tmp_path / f"{name}.csv"
        path.write_bytes(("\r\n" if name == "windows" else "\n").join(rows).encode())
        options = Options(metrics=("acc",))
        monkeypatch.setattr(delimited, "_LARGE", 1)
        quick = open_table(str(path), options)
        monkeypatch.setattr(delimited, "_LARGE", 10**9)
        slow = open_table(str(path), options)
        pd.testing.assert_frame_equal(quick.frame, slow.frame)
        assert quick.places.tolist() == slow.places.tolist()
        assert quick.notes == slow.notes


def test_answers_need_no_seed(tmp_path):
    """A file for each model, or a column for each: what was asked takes the place of the seed."""
    from seedwise.sources.answers import read_answers

    for model, scores in (("m1", (1, 0)), ("m2", (1, 1))):
        lines = [{"doc_id": question, "acc": score} for question, score in enumerate(scores)]
        (tmp_path / f"samples_{model}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "wide.csv").write_text("doc_id,topic,m1,m2\n0,x,1,1\n1,y,0,1\n")
    options = Options(metrics=("acc",), example="doc_id", path_name="samples_{variant}.jsonl")
    long = read_answers(open_table(str(tmp_path / "*.jsonl"), options), options)
    options = Options(metrics=("acc",), example="doc_id", cluster="topic")
    wide = read_answers(open_table(str(tmp_path / "wide.csv"), options), options)
    expected = {("m1", "0"): 1, ("m1", "1"): 0, ("m2", "0"): 1, ("m2", "1"): 1}
    for found in (long, wide):
        answers = found.answers
        assert dict(zip(zip(answers.variant, answers.example, strict=True), answers.score, strict=True)) == expected
    assert "was read as a table with a column for each variant" in wide.notes[0]
    with pytest.raises(UserError, match=r'says the variant of its run; .*--path-name "\{variant\}.jsonl"'):
        open_table(str(tmp_path / "*.jsonl"), Options(metrics=("acc",), example="doc_id"))


def test_an_index_of_names_is_a_column(read):
    """DataFrame.to_csv with the variants as its index, which pandas gives no name."""
    text = ",seed,acc\na,0,0.81\na,1,0.82\nb,0,0.91\nb,1,0.92\n"
    with pytest.raises(UserError, match="--variant index"):
        read(text, "acc")
    assert read(text, "acc", variant=("index",))[0] == AB
