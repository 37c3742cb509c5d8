"""Gradient boosting for the progression of diabetes, configured by Hydra."""

import json
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split


@hydra.main(config_path="conf", config_name="config", version_base=None)
def main(config):
    patients, progression = load_diabetes(return_X_y=True)
    parts = train_test_split(patients, progression, test_size=0.25, random_state=config.seed)
    train_patients, test_patients, train_progression, test_progression = parts
    model = GradientBoostingRegressor(**config.model, random_state=config.seed)
    model.fit(train_patients, train_progression)
    folder = Path(HydraConfig.get().runtime.output_dir)
    rmse = {
        "train": root_mean_squared_error(train_progression, model.predict(train_patients)),
        "test": root_mean_squared_error(test_progression, model.predict(test_patients)),
    }
    (folder / "metrics.json").write_text(json.dumps({"rmse": rmse}))


if __name__ == "__main__":
    main()
