"""Trials of a tuning, in an Optuna journal beside the collection, so that a killed run goes on.

A journal and not SQLite: each step is a line, appended and synced, a kill leaves all but the last,
and no database library is loaded. Each trial's sampler is seeded by how many trials are done, so a
resumed run tries what an uninterrupted one would have tried.
"""

import fcntl
import hashlib
import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

from engine.errors import StoreInUse
from engine.store.disk import disk_errors

FOLDER = "tuning"
STARTUP = 20


@dataclass(frozen=True)
class Outcome:
    """What a trial came to. excess: by how much each constraint is broken; 0 or less keeps it."""

    value: float
    excess: dict[str, float]


@dataclass(frozen=True)
class Budget:
    """trials: how many are tried in all, those of earlier runs included; until: a moment of
    `time.monotonic` after which none is begun."""

    trials: int
    until: float


class Trials:
    """The trials of one tuning, by kind of query; made by `open_trials`."""

    def __init__(self, storage: JournalStorage, seed: int) -> None:
        self._storage = storage
        self._seed = seed

    def run(
        self,
        name: str,
        start: dict[str, Any],
        judge: Callable[[Trial], Outcome],
        budget: Budget,
        step: Callable[[], None],
    ) -> list[FrozenTrial]:
        """Try until the budget is used up; return all trials that were finished, in their order.

        start: numbers of the first trial. step: called after each, also those of earlier runs.
        """
        study = optuna.create_study(
            storage=self._storage, study_name=name, direction="maximize", load_if_exists=True
        )
        for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(left.number, state=TrialState.FAIL)  # its process is gone
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        for _ in done:
            step()
        waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if not done and not waiting:
            study.enqueue_trial(start)
        count = len(done)
        # One trial at least: a run that has no time left still has something to choose from.
        while count < budget.trials and (count == 0 or time.monotonic() < budget.until):
            study.sampler = self._sampler(name, count)
            trial = study.ask()
            outcome = judge(trial)
            for constraint, excess in outcome.excess.items():
                trial.set_constraint(constraint, excess)
            study.tell(trial, outcome.value)
            count += 1
            step()
        return study.get_trials(states=(TrialState.COMPLETE,))

    def _sampler(self, name: str, done: int) -> optuna.samplers.TPESampler:
        digest = hashlib.sha256(f"{self._seed}:{name}:{done}".encode()).digest()
        with warnings.catch_warnings():
            # Numbers that only some trials have, such as those of a rule, are sampled in groups.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.samplers.TPESampler(
                n_startup_trials=STARTUP,
                multivariate=True,
                group=True,
                constant_liar=False,
                seed=int.from_bytes(digest[:4], "big"),
            )


@contextmanager
def open_trials(folder: Path, digest: str, seed: int) -> Iterator[Trials]:
    """Open the trials of a tuning in a collection's folder; those of others are removed.

    digest: of all that trials depend on, so that none is taken for another's.
    Raises StoreInUse while another process tunes this collection.
    """
    place = folder / FOLDER
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with disk_errors(folder):
        place.mkdir(parents=True, exist_ok=True)
        lock = (place / "lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(
                f"another process tunes the collection in {folder}: wait for it, or stop it"
            ) from None
        own = place / f"{digest}.journal"
        for other in place.glob("*.journal"):
            if other != own:
                other.unlink()
        with disk_errors(folder):
            _mend(own)
            yield Trials(JournalStorage(JournalFileBackend(str(own), _Held(str(own)))), seed)


def digest_of(*parts: Any) -> str:
    """Return a short name of what JSON can tell."""
    told = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:20]


class _Held(JournalFileOpenLock):
    """The whole folder is held already, by a lock that ends with the process."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def _mend(journal: Path) -> None:
    """Drop a last line that a crash left unfinished."""
    if journal.exists():
        data = journal.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            journal.write_bytes(whole)


class Replayed:
    """A finished trial that is asked again for its numbers."""

    def __init__(self, trial: FrozenTrial) -> None:
        self._params = trial.params

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return float(self._params[name])

    def suggest_int(self, name: str, low: int, high: int) -> int:
        return int(self._params[name])

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._params[name]
