"""Writes what commands that export detectors name: `detection.py FOLDER`.

`photos` has an image; `yolo.py` and `detr.py` have a `build_model` each, `yolo.pt` and `detr.pt` its weights.
"""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2] / "scripts" / "tests_torch"
sys.path.insert(0, str(TESTS))

import detectors  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

NETS = {"yolo": "GridSquares", "detr": "Squares"}

folder = Path(sys.argv[1])
(folder / "photos").mkdir()
Image.new("RGB", (40, 30), (255, 0, 0)).save(folder / "photos" / "red.png")
for name, net in NETS.items():
    lines = ["import sys", f"sys.path.insert(0, {str(TESTS)!r})", "import detectors"]
    function = ["def build_model():", f"    return detectors.{net}()"]
    (folder / f"{name}.py").write_text("\n".join([*lines, *function]))
    torch.save(getattr(detectors, net)().state_dict(), folder / f"{name}.pt")
