"""A trainer that does what orders.json says, in the job's folder or beside it: `trainer.py --job FOLDER`."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

folder = Path(sys.argv[sys.argv.index("--job") + 1])
places = [folder / "orders.json", Path(__file__).with_name("orders.json")]
orders = json.loads(next(place for place in places if place.exists()).read_text())
out = folder / "out"
for line in orders.get("say", []):
    print(json.dumps(line), flush=True)
for name, source in orders.get("copy", {}).items():
    shutil.copytree(source, out / name)
for name, text in orders.get("write", {}).items():
    (out / name).write_text(text)
for name, target in orders.get("link", {}).items():
    (out / name).symlink_to(target)
if "throw" in orders:
    raise RuntimeError(orders["throw"])
if orders.get("abort"):
    os.abort()
if "eat" in orders:
    eaten = b"x" * orders["eat"]
if orders.get("hang") or "eat" in orders:
    time.sleep(3600)
sys.exit(orders.get("exit", 0))
