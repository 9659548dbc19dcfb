import pytest

from registrator.nameserver import NameServer


def test_a_name_server_that_cannot_explain_itself_cannot_be_made() -> None:
    class Silent(NameServer):
        pass

    with pytest.raises(TypeError, match=r"abstract methods? .*describe.*look_up"):
        Silent()  # type: ignore[abstract]  # what is tested
