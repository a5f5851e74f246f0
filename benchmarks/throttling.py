"""How long reading very many documents of one subscription takes where Azure throttles, against the least possible.

    python benchmarks/throttling.py [--reads N] [--scale FACTOR] [--latency MILLISECONDS]

A stand-in for Azure on this machine lets 250 reads through at once and 25 more each second, as Azure Resource Manager
does for each subscription and principal, and refuses the others. No reading is faster than its bucket gets tokens. What
counts is that no document is lost, that few requests are refused, and the ratio of the wall time to that least. With a
scale, reads and tokens come so many times as fast: the same shape in less time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from pullready.collectors import pacing  # noqa: E402
from pullready.collectors.reader import Reader  # noqa: E402
from pullready.config import Settings, Target  # noqa: E402
from pullready.snapshot import Document, Provider, Snapshot, Status  # noqa: E402

GROUP: Final = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shop"
BURST: Final = 250
REFILL: Final = 25
MOST_REFUSED: Final = 0.02
LONGEST: Final = 1.1


@dataclass(frozen=True)
class Measured:
    """What came of reading: documents that are missing, requests and those refused, and seconds."""

    lost: int
    requests: int
    refused: int
    wall: float
    least: float

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost, little is refused, and the time is near the least."""
        few = self.refused <= MOST_REFUSED * self.requests
        return not self.lost and few and self.wall <= LONGEST * self.least


def addresses(count: int) -> Snapshot:
    """Return so many public IP addresses of one subscription."""
    ids = [f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/address-{number}" for number in range(count)]
    read = [Document(id=id_, provider=Provider.ARM, status=Status.READ, body={"id": id_}) for id_ in ids]
    return Snapshot(read, captured_at=datetime.now(UTC))


def measure(reads: int, scale: float, latency: float, folder: Path) -> Measured:
    """Read so many documents from a stand-in that throttles, once the packages are loaded and somebody is signed in."""
    from tests.azure.certificates import server_context  # noqa: PLC0415
    from tests.azure.fixtures import signed_in  # noqa: PLC0415
    from tests.azure.standin import Standin  # noqa: PLC0415
    from tests.azure.throttling import Bucket  # noqa: PLC0415

    context, authority = server_context(folder)
    os.environ.update(signed_in(authority))
    pacing.READS = pacing.Limit(BURST, REFILL * scale)  # type: ignore[misc]
    snapshot = addresses(reads)
    with Standin(snapshot, latency=latency).serving(context) as standin:
        bucket = standin.throttle = Bucket(BURST, REFILL * scale)
        with Reader(replace(Settings(), cloud=standin.cloud)) as reader:
            reader.start([f"{GROUP}/providers/Microsoft.Network/routeTables/first"], Target("fleet"))[0].result()
            began = time.perf_counter()
            started = reader.start([document.id for document in snapshot], Target("fleet"))
            lost = sum(future.result().status is not Status.READ for future in started)
        wall = time.perf_counter() - began
        return Measured(lost, len(standin.requests), bucket.refused, wall, (reads - BURST) / (REFILL * scale))


def main() -> int:
    """Run the benchmark; return whether it is worse than it may be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=3000, help="documents (default: 3000)")
    parser.add_argument("--scale", type=float, default=1, help="how many times as fast tokens come (default: 1)")
    parser.add_argument("--latency", type=float, default=40, help="milliseconds that each answer takes (default: 40)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.reads, options.scale, options.latency / 1000, Path(folder))
    print(f"reads, requests                         {options.reads:6} {found.requests:6}")
    print(f"lost                                    {found.lost:6}")
    print(f"refused                                 {found.refused:6} {found.refused / found.requests:7.2%}")
    print(f"least: reads beyond the burst / refill  {found.least:6.1f} s")
    print(f"wall time                               {found.wall:6.1f} s")
    print(f"ratio, wall time against the least      {found.wall / found.least:6.2f}")
    return int(not found.is_good)


if __name__ == "__main__":
    sys.exit(main())
