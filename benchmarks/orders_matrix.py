"""The matrix of metrics and orders in docs/measurement.md, from the tables of two runs.

    snakemake orders --cores 2                       # the demo
    snakemake orders --cores 2 --configfile config.yaml configs/real.yaml --config root=/path/to/grid
    python benchmarks/orders_matrix.py results/real/grid/tables/orders.csv results/demo/demo/tables/orders.csv

Prints a row for each measure and a column for each order, then a line for each order that does not clearly
hold on real clips. What a cell says is explained beside the matrix on the page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from talkface.metrics.catalogue import known_metrics
from talkface.metrics.declaration import Order

States = dict[tuple[str, str, str], pd.Series]
_REAL = {"unclear": "unclear", "contradicted": "NO", "no value": "not run"}


def states(path: Path) -> States:
    """(measure, better row, worse row) -> its row of ``tables/orders.csv``."""
    rows = pd.read_csv(path)
    return {(row["measure"], row["better"], row["worse"]): row for _, row in rows.iterrows()}


def cell(key: tuple[str, str, str], real: States, demo: States) -> str:
    """Where the order was seen to hold."""
    if key not in real or real[key]["state"] != "holds":
        return _REAL[real[key]["state"]] if key in real else "not run"
    return "both" if key in demo and demo[key]["state"] in ("holds", "unclear") else "real"


def short(order: Order) -> str:
    """A column's heading."""
    return " > ".join("truth" if row == "ground_truth" else row.replace("_", " ") for row in order)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path, help="tables/orders.csv of real clips")
    parser.add_argument("demo", type=Path, help="that of the demo")
    given = parser.parse_args()
    real, demo = states(given.real), states(given.demo)
    measures = [own for metric in known_metrics().values() for own in metric.measures if own.orders]
    before = ("codec", "ground_truth", "loudness")
    orders = sorted(
        {order for own in measures for order in own.orders}, key=lambda order: (before.index(order[0]), order)
    )
    print("| measure |", " | ".join(map(short, orders)), "|")
    print("|---" * (len(orders) + 1) + "|")
    for own in measures:
        cells = [cell((own.key, *order), real, demo) if order in own.orders else "" for order in orders]
        print("|", own.header, "|", " | ".join(cells), "|")
    held = [row["state"] == "holds" for row in real.values()]
    print(f"\n{sum(held)} of {len(held)} orders hold on real clips.")
    for row in real.values():
        if row["state"] != "holds":
            span = f"{row['low']:.3g} to {row['high']:.3g}"
            pair = short((row["better"], row["worse"]))
            print(
                f"{row['header']}: {pair}: {row['state']}, median difference {row['difference']:.3g} "
                f"({span}), {row['clips']} clips"
            )


if __name__ == "__main__":
    main()
