"""From what a failed pull says to the conditions that may be behind it."""

from __future__ import annotations

from pullready.symptoms.conditions import CONDITIONS, Condition
from pullready.symptoms.reading import Recognised, reach_of, recognise, registries_in
from pullready.symptoms.symptom import Reach, Symptom
from pullready.symptoms.table import SYMPTOMS

__all__ = [
    "CONDITIONS",
    "SYMPTOMS",
    "Condition",
    "Reach",
    "Recognised",
    "Symptom",
    "reach_of",
    "recognise",
    "registries_in",
]
