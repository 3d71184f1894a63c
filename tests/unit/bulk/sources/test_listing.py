import os

from hypothesis import given
from hypothesis import strategies as st

from bulk.sources.listing import in_order

names = st.lists(st.binary(max_size=6).map(lambda name: os.fsdecode(name.replace(b"\0", b"\n"))), max_size=40)


@given(names, st.integers(1, 10))
def test_names_come_in_order_however_few_are_held(given: list[str], held: int) -> None:
    assert list(in_order(given, held)) == sorted(given)
