"""What clients did and saw: one record for each operation, one line of JSON for each record.

A record says when an operation began and when its answer came (nanoseconds of the monotonic clock, which all processes of
a machine share), what was asked, and what came of it:

    ok       the answer says that it happened
    fail     the answer says that it did not, and why (`error`)
    unknown  no answer: it may have happened at any time since, or may still happen, or never

Kinds and their own fields:

    create, set, delete, check   a register: key, value (unique in the whole history), expected (a version, -1 for any), version
    read                         a register: key; value and version, both None where there was no znode; synced; header
    sequence                     parent, value; name
    pair                         a multi that creates two znodes: names, value. Its `fails` says that it was made to fail
    many                         a multi of register operations: parts, each like a record of a register
    ephemeral                    name
    opened, moved, closed        a session; `expired` is said of one that a server did not know any more, `left` of one that
                                 its client will never come back to
"""
import json


class Record(dict):
    """A dictionary whose fields can be named; one that is absent is None."""

    def __getattr__(self, name):
        return self.get(name)


def write(file, record):
    file.write(json.dumps(record, separators=(",", ":")) + "\n")


def read(path):
    """All records of a file; a last line that was cut short is left out."""
    records = []
    with open(path) as lines:
        for line in lines:
            if line.endswith("\n"):
                records.append(Record(json.loads(line)))
    return records
