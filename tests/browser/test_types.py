import pytest

from tests.browser.typescript import NpmFailed, check_types


def test_the_modules_of_the_console_have_right_types() -> None:
    try:
        assert check_types() == ""
    except NpmFailed as error:
        pytest.skip(str(error))
