"""For each labeling config (a JSON string per line) what Label Studio's own parse_config makes of it."""

import json
import sys
from importlib.metadata import version

from label_studio_sdk._extensions.label_studio_tools.core.label_config import parse_config

EXPECTED_SDK = "2.1.2"


def answer(config):
    try:
        parsed = parse_config(config)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"parsed": parsed, "order": list(parsed)}


if version("label-studio-sdk") != EXPECTED_SDK:
    sys.exit(f"label-studio-sdk {EXPECTED_SDK} is needed, {version('label-studio-sdk')} is installed")
for line in sys.stdin:
    reply = answer(json.loads(line))
    try:
        print(json.dumps(reply))
    except TypeError:
        # lxml shows a processing instruction such as <?x name="a" toName="b"?> as a tag whose type is a
        # Python function.
        print(json.dumps({"parsed": None, "order": []}))
