"""A trainer that does what the job's orders.json says: `trainer.py --job FOLDER`."""

import json
import shutil
import sys
from pathlib import Path

folder = Path(sys.argv[sys.argv.index("--job") + 1])
orders = json.loads((folder / "orders.json").read_text())
out = folder / "out"
for line in orders.get("say", []):
    print(json.dumps(line), flush=True)
for name, source in orders.get("copy", {}).items():
    shutil.copytree(source, out / name)
for name, text in orders.get("write", {}).items():
    (out / name).write_text(text)
for name, target in orders.get("link", {}).items():
    (out / name).symlink_to(target)
sys.exit(orders.get("exit", 0))
