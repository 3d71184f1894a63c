import socket

import pytest

from embedded.ports import CHOSEN, check_port, free_port, free_ports


def test_free_ports_are_in_a_row_and_below_those_of_connections() -> None:
    ports = free_ports(5)
    assert len(ports) == 5
    assert ports.start >= CHOSEN.start
    assert ports.stop <= CHOSEN.stop
    for port in ports:
        check_port("127.0.0.1", port)


def test_a_port_on_which_a_server_listens_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()
        with pytest.raises(OSError, match="in use"):
            check_port("127.0.0.1", server.getsockname()[1])


def test_an_address_of_another_machine_has_no_free_ports() -> None:
    with pytest.raises(OSError, match="assign"):
        free_port("192.0.2.1")
