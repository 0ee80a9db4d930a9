"""Looks places of HTML documents up with lxml: paths as XPath, offsets as Python's code points.

stdin:  one JSON object a line: {"html": a document, "places": [{"start", "end", "startOffset", "endOffset"}]}
stdout: one JSON list a line: for each place [the text there, its global start, its global end]
"""

import json
import sys
from collections.abc import Iterator

from lxml import html


def marks(element: html.HtmlElement, path: str = "") -> Iterator[tuple[str | None, str]]:
    """Each text node with its path, in the order of the document; None for a <br>."""
    counts, texts = {}, 0
    if element.text:
        texts += 1
        yield f"{path}/text()[{texts}]", element.text
    for child in element:
        counts[child.tag] = counts.get(child.tag, 0) + 1
        if child.tag == "br":
            yield None, " "
        yield from marks(child, f"{path}/{child.tag}[{counts[child.tag]}]")
        if child.tail:
            texts += 1
            yield f"{path}/text()[{texts}]", child.tail


for line in sys.stdin:
    case = json.loads(line)
    parser = html.HTMLParser(remove_comments=True, encoding="utf-8")
    body = html.document_fromstring(case["html"].encode(), parser=parser).find("body")
    nodes = list(marks(body))
    found = []
    for place in case["places"]:
        ends = []
        for path, offset in ((place["start"], place["startOffset"]), (place["end"], place["endOffset"])):
            (text,) = body.xpath(f"./{path.lstrip('/')}")
            assert offset <= len(text), (path, offset, text)
            before = 0
            for other, each in nodes:
                if other == path:
                    break
                before += len(each)
            ends.append(before + offset)
        whole = "".join("" if path is None else text for path, text in nodes)
        breaks = [sum(len(t) for _, t in nodes[:i]) for i, (path, _) in enumerate(nodes) if path is None]
        start, end = (end - sum(1 for at in breaks if at < end) for end in ends)
        found.append([whole[start:end], *ends])
    print(json.dumps(found))
