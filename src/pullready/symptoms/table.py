"""Which symptom points to which conditions: the only place where that is written."""

from __future__ import annotations

from typing import Final

from pullready.symptoms.codes import CODES
from pullready.symptoms.messages import MESSAGES

#: Of several that fit the same message the first counts.
SYMPTOMS: Final = (*CODES, *MESSAGES)
