"""The trend check fails on a loss that stays, and not on one measurement that other work has disturbed."""

from __future__ import annotations

import pytest

from benchmarks import trend


def failed(measured: list[float], limit: float = 1.12) -> bool:
    values = iter(measured)
    return trend.grown(lambda: next(values), limit)


def test_a_loss_that_stays_fails_and_a_disturbed_measurement_does_not():
    assert failed([1.2, 1.19, 1.21])
    assert not failed([1.2, 1.5, 1.0])
    assert not failed([1.12])


def test_alarms_are_counted_in_checks_of_three_measurements():
    assert trend.alarms([1.2, 1.2, 1.2, 1.2, 1.0, 1.2], 1.12) == 1


def test_what_is_stored_says_how_often_noise_fails_and_a_loss_is_seen():
    steady = trend.described([[1.0, 1.01, 0.99], [1.0, 1.02, 0.98]])
    assert (steady["ratio"], steady["false_alarms"], steady["losses_seen"]) == (1.0, 0, trend.CHECKS)
    wild = trend.described([[0.5, 1.0, 2.0], [0.6, 1.0, 1.8]])
    assert wild["losses_seen"] < trend.CHECKS
    assert wild["noise"] > 0.2


@pytest.mark.parametrize(
    ("processor", "found", "expected"), [("known", 1.15, ["a"]), ("other", 1.15, []), ("other", 1.35, ["a"])]
)
def test_another_model_of_processor_has_a_wider_limit(monkeypatch, capsys, processor, found, expected):
    monkeypatch.setattr(trend, "cpu_model", lambda: processor)
    monkeypatch.setattr(trend, "ratios", lambda _: {"a": trend.Ratio(lambda: found, lambda: 1.0, 1)})
    assert trend.check({"processors": {"known": {"ratios": {"a": {"ratio": 1.0}}}}}) == expected
    assert ("nothing is stored for it" in capsys.readouterr().out) == (processor == "other")
