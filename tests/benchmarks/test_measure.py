"""The table says what was measured, and a failure is a line of it."""

import os
from functools import partial

from benchmarks.alone import Failure, run_alone
from benchmarks.instances import part
from benchmarks.measure import measure
from benchmarks.rows import Bar, Row, rows
from data import InputError
from data.generators import generate


def _eight_pms():
    return part(generate("medium", "test", 0), 8, seed=0)


def _refuse():
    raise InputError("nothing to measure.")


def test_labels_are_unique():
    """Each line can be chosen by its name."""
    labels = [row.label for row in rows()]
    assert len(set(labels)) == len(labels)


def test_a_line_holds_or_says_what_misses():
    """The same run holds a bar that asks for what it gives, and misses one that asks for more."""
    row = Row("eight PMs", (_eight_pms,), 5, Bar(30.0), repeats=1)
    line = measure(row)
    assert (line.verdict, line.status, line.gap) == ("holds", "proven", 0.0)
    assert line.slots == line.bound
    assert 0 < line.wall_s <= line.longest_s <= 30
    assert measure(Row("eight PMs", (_eight_pms,), 5, Bar(0.0, slots=99), repeats=1)).verdict == "misses: slots, time"


def test_a_process_that_fails_says_why():
    """Refusals, exceptions, deaths and silence in the process come back as a reason, and answers as they are."""
    assert run_alone(partial(len, "abc"), 30.0) == 3
    assert run_alone(_refuse, 30.0) == Failure("nothing to measure.")
    assert run_alone(partial(int, "x"), 30.0) == Failure("ValueError: invalid literal for int() with base 10: 'x'")
    assert run_alone(partial(os._exit, 3), 30.0) == Failure("the process died, exit code 3")
