"""Reads times with Python's strptime.

stdin:  one JSON object a line: {"format": a strftime format, "shown": a text of it}
stdout: one JSON number a line: milliseconds since 1970 in UTC
"""

import json
import sys
from datetime import UTC, datetime, timedelta

for line in sys.stdin:
    case = json.loads(line)
    moment = datetime.strptime(case["shown"], case["format"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    print((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
