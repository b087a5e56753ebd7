#!/usr/bin/python3
"""A stand-in for the zoowarden program: answers from a file, records what it was asked.

$STAND_IN_DIRECTORY/answers.json: {"plan": [exit code, document], ...} by first word; the words of each
call are appended to calls.jsonl.
"""

import json
import os
import pathlib
import sys

directory = pathlib.Path(os.environ["STAND_IN_DIRECTORY"])
words = sys.argv[1:]
with open(directory / "calls.jsonl", "a", encoding="utf-8") as calls:
    variables = {name: value for name, value in os.environ.items() if name.startswith("ZOOWARDEN_")}
    calls.write(json.dumps({"words": words, "variables": variables}) + "\n")
code, document = json.loads((directory / "answers.json").read_text(encoding="utf-8"))[words[0]]
print("progress for people", file=sys.stderr)
print(document if isinstance(document, str) else json.dumps(document))
sys.exit(code)
