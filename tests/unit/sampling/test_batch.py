"""Many fits at once: the same draws as one by one, whatever the cores, and no fit lost."""

import _thread
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling import batch
from bayes_alliance.sampling.batch import sample_many
from bayes_alliance.sampling.engines.collapsed import effects as collapsed_effects
from bayes_alliance.sampling.engines.contract import Compiled
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.run import sample

SHORT = {"draws": 50, "tune": 100, "chains": 2}
FORMULA = "y ~ x + (1 + x | g)"


def simulated(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=40), np.repeat(np.arange(8), 5)
    y = x + rng.normal(size=8)[g] + rng.normal(size=40)
    return pd.DataFrame({"y": y, "x": x, "g": pd.Series(g).astype("str")})


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [Model(FORMULA, simulated(seed)) for seed in range(3)]


@pytest.fixture(scope="module")
def fits(models: list[Model]) -> tuple[Fit, ...]:
    return sample_many(models, seed=1, **SHORT)


def same_draws(first: Fit, second: Fit) -> bool:
    return bool(first.posterior.identical(second.posterior))


def a_mean(fit: Fit) -> float:
    return float(fit.posterior[names.SIGMA].mean())


def test_each_fit_is_the_one_its_recorded_seed_gives(
    models: list[Model], fits: tuple[Fit, ...]
) -> None:
    for model, fit in zip(models, fits, strict=True):
        alone = sample(model, seed=fit.settings.seed, **SHORT)
        assert fit.model is model
        assert same_draws(fit, alone)
        assert fit.settings.engine_reason == alone.settings.engine_reason


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_draws_do_not_depend_on_the_cores(
    models: list[Model], fits: tuple[Fit, ...], cores: int
) -> None:
    again = sample_many(models, seed=1, cores=cores, **SHORT)
    assert [same_draws(a, b) for a, b in zip(fits, again, strict=True)] == [True] * 3


def test_a_fit_depends_on_its_place_and_not_on_what_follows(
    models: list[Model], fits: tuple[Fit, ...]
) -> None:
    (alone,) = sample_many(models[:1], seed=1, **SHORT)
    assert same_draws(alone, fits[0])
    assert len({fit.settings.seed for fit in fits}) == 3
    assert sample_many([models[0]], seed=2, **SHORT)[0].settings.seed != fits[0].settings.seed


def test_what_is_kept_is_what_was_asked_for(models: list[Model], fits: tuple[Fit, ...]) -> None:
    kept = sample_many(iter(models), seed=1, keep=a_mean, **SHORT)
    assert kept == tuple(a_mean(fit) for fit in fits)


def test_no_models_give_no_fits() -> None:
    assert sample_many([], seed=1) == ()


def test_a_fit_that_fails_is_named_and_the_others_are_kept(
    models: list[Model], fits: tuple[Fit, ...]
) -> None:
    wrong = Model(FORMULA, simulated(9), family="student")
    mixed = [models[0], wrong, models[2]]
    with pytest.raises(SamplingError, match=r"by their place .*: 1 \(engine=") as caught:
        sample_many(mixed, seed=1, engine="collapsed", **SHORT)
    first, none, last = caught.value.facts["results"]
    assert same_draws(first, fits[0])
    assert same_draws(last, fits[2])
    assert none is None
    errors = caught.value.facts["errors"]
    assert list(errors) == [1]
    assert isinstance(errors[1], SamplingError)
    assert caught.value.__cause__ is errors[1]


@contextmanager
def listening() -> Iterator[None]:
    """Heed Ctrl-C, which processes in the background ignore, and which jax's hook of gc loses."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_what_is_done(models: list[Model]) -> None:
    def keep(fit: Fit) -> float:
        if fit.model is models[0]:
            _thread.interrupt_main()
        return a_mean(fit)

    # Fits that follow are long beside the time the interruption takes to arrive.
    followers = [models[1]] * 30
    with listening(), pytest.raises(SamplingError, match="was stopped with") as caught:
        sample_many([models[0], *followers], seed=1, cores=1, keep=keep, draws=500)
    results = caught.value.facts["results"]
    assert results[0] is not None
    assert results[-1] is None
    assert caught.value.facts["errors"] == {}


@pytest.mark.parametrize(
    "wish", [{"chains": 0}, {"draws": 2}, {"seed": -1}, {"target_accept": 1.0}, {"engine": "none"}]
)
def test_an_impossible_wish_is_refused_at_once(
    models: list[Model], wish: dict[str, object]
) -> None:
    with pytest.raises(SamplingError) as caught:
        sample_many(models, **{"seed": 1, **wish})
    assert "results" not in caught.value.facts


def test_too_much_to_keep_is_refused_beforehand(models: list[Model]) -> None:
    # 2 coefficients, 9 x 2 effects and sds, 1 correlation, sigma, 8 statistics: 30 numbers a draw.
    with pytest.raises(SamplingError, match="keep=") as caught:
        sample_many(models, seed=1, draws=1000, chains=4, memory=0.002)
    assert caught.value.facts["gigabytes"] == pytest.approx(8 * 3 * 4000 * 30 / 1e9)


def test_effects_that_are_not_stored_do_not_count(
    models: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes = {"seed": 1, "memory": 8 * 3 * 240 * 20 / 1e9, "draws": 60, "tune": 60, "chains": 4}
    with pytest.raises(SamplingError, match="keep="):
        sample_many(models, **wishes)
    monkeypatch.setattr(collapsed_effects, "STORED_BYTES", 0.0)
    fits = sample_many(models, **wishes)
    assert all(fit.redrawn_effects for fit in fits)


def test_the_limit_reaches_every_fit_before_anything_is_compiled(
    models: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "compile_model", None)
    with pytest.raises(SamplingError, match=r'engine="nutpie" keeps one number.*limit is 1e-06 GB'):
        sample_many(models, seed=1, engine="nutpie", memory=1e-6, keep=a_mean, **SHORT)


def test_the_bar_is_shown_where_it_is_wanted(
    models: list[Model], capsys: pytest.CaptureFixture[str]
) -> None:
    sample_many(models[:1], seed=1, keep=a_mean, **SHORT)
    assert capsys.readouterr().out == ""
    sample_many(models[:1], seed=1, keep=a_mean, progress=True, **SHORT)
    assert "Fits" in capsys.readouterr().out


@pytest.mark.slow
def test_joint_models_of_one_shape_are_compiled_once(
    models: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs: dict[Model, Compiled] = {}
    compile_for_real = batch.compile_model

    def compile_and_count(model: Model, *, engine: str) -> Compiled:
        if model not in programs:
            programs[model] = compile_for_real(model, engine=engine)
        return programs[model]

    monkeypatch.setattr(batch, "compile_model", compile_and_count)
    both = sample_many(models[:2], seed=1, engine="nutpie", cores=2, **SHORT)
    again = sample_many(models[:2], seed=1, engine="nutpie", cores=1, **SHORT)
    assert list(programs) == [models[0]]
    assert [same_draws(a, b) for a, b in zip(both, again, strict=True)] == [True, True]
    assert not same_draws(*both)
