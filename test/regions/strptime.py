"""Reads dates with Python's strptime.

stdin:  one JSON object a line: {"format": a strftime format, "shown": a text of it}
stdout: one JSON string a line: the minute, such as "2024-05-17T14:30"
"""

import json
import sys
from datetime import datetime

for line in sys.stdin:
    case = json.loads(line)
    moment = datetime.strptime(case["shown"], case["format"].replace("%e", "%d"))
    print(json.dumps(moment.isoformat()[:16]))
