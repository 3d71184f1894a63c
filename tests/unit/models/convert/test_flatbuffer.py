from models.convert.flatbuffer import Table
from tests.unit.models.convert.flatbuffer_writer import Scalar, write


def test_fields_read_as_they_were_written() -> None:
    table = Table.root(
        write(
            {
                0: Scalar("b", -3),
                1: Scalar("i", -70_000),
                2: Scalar("f", 0.25),
                4: "name",
                5: [7, -8],
                6: {1: Scalar("i", 9)},
                7: [{0: Scalar("i", 1)}, {}, {0: Scalar("i", 3)}],
            }
        )
    )
    assert table.integer(0, "b") == -3
    assert table.integer(1) == -70_000
    assert table.real(2) == 0.25
    assert table.content(4) == b"name"
    assert table.integers(5) == [7, -8]
    assert table.table(6).integer(1) == 9
    assert [entry.integer(0) for entry in table.tables(7)] == [1, 0, 3]


def test_fields_that_the_file_leaves_out_are_empty() -> None:
    table = Table.root(write({2: Scalar("i", 1)}))
    for left_out in (0, 1, 3):  # before the last field of the vtable, and behind it
        assert table.integer(left_out) == 0
        assert table.real(left_out) == 0
        assert table.integers(left_out) == []
        assert table.content(left_out) == b""
        assert table.tables(left_out) == []
