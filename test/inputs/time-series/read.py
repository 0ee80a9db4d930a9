"""For each line of JSON the columns that are asked for of a CSV file, as pandas reads it; null: no number."""

import io
import json
import sys

import pandas

for line in sys.stdin:
    case = json.loads(line)
    table = pandas.read_csv(
        io.StringIO(case["text"]), sep=case["sep"], header=case["header"], skipinitialspace=True
    )
    columns = [table[name] if case["header"] == 0 else table[int(name)] for name in case["wanted"]]
    print(
        json.dumps([[None if pandas.isna(value) else float(value) for value in column] for column in columns])
    )
