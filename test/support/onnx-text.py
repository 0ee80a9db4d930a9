"""Turns graphs in ONNX's text syntax into files: https://github.com/onnx/onnx/blob/main/docs/Syntax.md

stdin:  one JSON string a line: a graph, without the versions before it
stdout: one JSON string a line: the model in base64
"""

import base64
import json
import sys

from onnx import parser

VERSIONS = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>\n'

for line in sys.stdin:
    model = parser.parse_model(VERSIONS + json.loads(line))
    print(json.dumps(base64.b64encode(model.SerializeToString()).decode()))
