"""HAProxy's listings, as recorded from 2.6.12; 3.0.11's and 3.2.26's are the same."""

import pytest

from registrator_haproxy.runtime import live
from registrator_haproxy.runtime.live import (
    Admin,
    Figures,
    Garbled,
    Key,
    LiveServer,
    Load,
    State,
)

TITLE = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_iweight srv_time_since_last_change srv_check_status srv_check_result "
    "srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id "
    "srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port\n"
)
STATES = (
    f"1\n{TITLE}"
    "3 b 1 a:1 127.0.0.1 0 0 1 1 194 8 2 0 6 0 0 0 - 18091 - 0 0 - - 0\n"
    "3 b 2 y - 0 1 10 1 192 1 0 0 0 0 0 0 localhost 1 - 0 0 - - 0\n"
    "3 b 77 z ::1 0 1 0 1 192 1 0 0 0 0 0 1 - 80 - 0 0 - - 0\n"
    "3 b 3 p 127.0.0.1 2 0 1 1 0 1 0 2 6 0 0 0 - 18095 - 0 0 - - 0\n"
    "3 b 4 q 127.0.0.1 0 5 1 1 0 1 0 0 8 0 0 0 - 18095 - 0 0 - - 0\n"
    "3 b 5 r 127.0.0.1 0 0 1 1 0 1 0 0 0 22 0 0 - 18095 - 0 0 - - 99\n"
    "4 st 1 a:1 127.0.0.1 2 8 10 10 0 1 0 2 0 0 0 0 - 18091 - 0 0 - - 0\n"
    "\n"
)
CONNECTIONS = (
    "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est "
    "unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[2]\n"
    "b/a:1 3/1 127.0.0.1 18091 - 5000 2 3 1 0 0 -1 0 0 0\n"
    "b/y 3/2 - 1 - 0 0 0 0 0 0 0 0\n"
    "\n"
)
STATISTICS = (
    "# pxname,svname,qcur,qmax,scur,smax,type,check_desc,\n"
    'b,a:1,4,0,1,0,2,"no, none",\n'
    "b,y,0,0,0,0,2,,\n"
    "b,BACKEND,7,0,7,0,1,,\n"
    "\n"
)


FIGURES = (
    "# pxname,svname,qcur,scur,status,weight,type,lastchg,\n"
    "b,a:1,4,1,UP 1/3,10,2,12,\n"
    "b,y,0,0,no check,1,2,,\n"
    "b,BACKEND,7,7,UP,1,1,12,\n"
    "\n"
)


def read() -> dict[Key, LiveServer]:
    return live.servers(STATES)


def test_every_server_of_every_backend_is_read() -> None:
    assert list(read()) == [
        *(("b", "a:1"), ("b", "y"), ("b", "z"), ("b", "p"), ("b", "q"), ("b", "r")),
        ("st", "a:1"),
    ]


def test_a_server_is_all_that_is_told_of_it() -> None:
    assert read()["st", "a:1"] == LiveServer(
        backend="st",
        name="a:1",
        id=1,
        address="127.0.0.1",
        host="",
        port=18091,
        state=State.RUNNING,
        admin=Admin.FORCED_DRAIN,
        weight=10,
        checked=False,
        agent_checked=False,
    )


def test_a_name_that_was_never_resolved_leads_nowhere() -> None:
    server = read()["b", "y"]

    assert (server.address, server.host, server.weight) == ("", "localhost", 10)


def test_an_ipv6_address_is_read() -> None:
    server = read()["b", "z"]

    assert (server.address, server.port, server.id) == ("::1", 80, 77)


@pytest.mark.parametrize(
    ("name", "checked", "agent_checked"),
    [
        ("a:1", True, False),
        ("q", False, False),
        ("r", False, True),
        ("z", False, False),
    ],
)
def test_checks_are_those_that_are_on(
    name: str, checked: bool, agent_checked: bool
) -> None:
    server = read()["b", name]

    assert (server.checked, server.agent_checked) == (checked, agent_checked)


@pytest.mark.parametrize(
    ("admin", "in_maintenance", "draining", "ready"),
    [
        (0x00, False, False, True),
        (0x01, True, False, False),
        (0x02, True, False, False),
        (0x04, False, False, True),
        (0x05, True, False, False),
        (0x08, False, True, False),
        (0x09, True, False, False),
        (0x10, False, True, False),
        (0x20, True, False, False),
        (0x40, True, False, False),
    ],
)
def test_what_was_decided_about_a_server_is_read_from_its_bits(
    admin: int, in_maintenance: bool, draining: bool, ready: bool
) -> None:
    row = f"3 b 1 a 127.0.0.1 0 {admin} 1 1 2 8 2 0 6 0 0 0 - 1 - 0 0 - - 0\n"
    server = live.servers(f"1\n{TITLE}{row}\n")["b", "a"]

    assert (server.in_maintenance, server.draining, server.ready) == (
        *(in_maintenance, draining),
        ready,
    )


@pytest.mark.parametrize(
    ("address", "port", "is_there"),
    [
        ("::1", 80, True),
        ("0:0::1", 80, True),
        ("::1", 81, False),
        ("::2", 80, False),
        ("localhost", 80, False),
    ],
)
def test_an_address_is_the_same_however_it_is_written(
    address: str, port: int, is_there: bool
) -> None:
    assert read()["b", "z"].is_at(address, port) is is_there


def test_what_is_resolved_is_where_its_name_says() -> None:
    server = read()["b", "y"]

    assert server.place == f"localhost:{server.port}"
    assert server.is_at("localhost", server.port)
    assert not server.is_at("127.0.0.1", server.port)


def test_a_prepared_place_is_unused_while_it_leads_nowhere_and_lets_nobody_in() -> None:
    row = "3 b 1 slot1 127.0.0.1 2 {} 1 1 2 8 2 0 6 0 0 0 - 1 - 0 0 - - 0\n"
    shut, let_in = (
        live.servers(f"1\n{TITLE}{row.format(admin)}\n")["b", "slot1"]
        for admin in (0x01, 0x00)
    )

    assert shut.unused
    assert not let_in.unused
    assert not read()["b", "z"].unused


def test_columns_are_found_by_their_names() -> None:
    title, row, columns = TITLE.split()[1:], STATES.splitlines()[2].split(), [3, 1]
    swapped = [*columns, *(n for n in range(len(title)) if n not in columns)]
    told = (
        f"1\n# {' '.join(title[n] for n in swapped)} new\n"
        f"{' '.join(row[n] for n in swapped)} 1\n\n"
    )

    assert live.servers(told) == {("b", "a:1"): read()["b", "a:1"]}


def test_no_servers_are_a_listing_too() -> None:
    assert live.servers(f"1\n{TITLE}\n") == {}


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "Permission denied\n\n",
        f"2\n{TITLE}\n",
        f"1\n{TITLE}",
        STATES[:-1],
        STATES[:-40],
        f"1\n{TITLE}3 b 1 a:1\n\n",
        STATES.replace("18091", "x"),
        STATES.replace("127.0.0.1 2 8", "127.0.0.1 9 8"),
        STATES.replace("srv_port", "port"),
    ],
)
def test_what_is_no_whole_listing_is_garbled(listing: str) -> None:
    with pytest.raises(Garbled):
        live.servers(listing)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0 0 1 1 194 8 2 0 6", "0 0 1 1 195 8 2 0 6"),  # the time passes
        ("0 0 1 1 194 8 2 0 6", "2 0 1 1 0 6 3 4 7"),  # a check goes well
    ],
)
def test_an_outline_stays_whatever_checks_and_clocks_say(one: str, other: str) -> None:
    assert live.outline(STATES.replace(one, other)) == live.outline(STATES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a:1 127.0.0.1 0 0 1", "a:1 127.0.0.1 0 1 1"),  # maintenance
        ("a:1 127.0.0.1 0 0 1", "a:1 127.0.0.1 0 0 2"),  # a weight
        ("a:1 127.0.0.1 0 0 1", "a:1 127.0.0.2 0 0 1"),  # an address
        ("18091 - 0 0 - - 0", "18092 - 0 0 - - 0"),  # a port
        ("localhost", "another"),
        ("3 b 77 z ::1 0 1 0 1 192 1 0 0 0 0 0 1 - 80 - 0 0 - - 0\n", ""),
    ],
)
def test_an_outline_has_all_that_servers_were_told(one: str, other: str) -> None:
    changed = STATES.replace(one, other)

    assert changed != STATES
    assert live.outline(changed) != live.outline(STATES)


@pytest.mark.parametrize(
    "listing",
    [
        *("", f"2\n{TITLE}\n", STATES[:-1], f"1\n{TITLE}3 b 1 a:1\n\n"),
        STATES.replace("srv_port", "port"),
    ],
)
def test_there_is_no_outline_of_what_is_not_whole(listing: str) -> None:
    with pytest.raises(Garbled):
        live.outline(listing)


def test_what_is_attached_to_a_server_is_added() -> None:
    found = live.with_load(read(), CONNECTIONS, STATISTICS)

    assert found["b", "a:1"].load == Load(connections=2, sessions=1, queued=4)
    assert found["b", "y"].load == Load(connections=0, sessions=0, queued=0)


def test_what_is_attached_to_a_server_that_came_meanwhile_is_unknown() -> None:
    found = live.with_load(read(), CONNECTIONS, STATISTICS)

    assert found["b", "z"] == read()["b", "z"]
    assert found["b", "z"].load is None


@pytest.mark.parametrize(
    ("load", "nothing"),
    [
        (Load(connections=0, sessions=0, queued=0), True),
        (Load(connections=1, sessions=0, queued=0), False),
        (Load(connections=0, sessions=1, queued=0), False),
        (Load(connections=0, sessions=0, queued=1), False),
    ],
)
def test_nothing_is_attached_if_nobody_would_miss_the_server(
    load: Load, nothing: bool
) -> None:
    assert load.nothing is nothing


@pytest.mark.parametrize(
    ("connections", "statistics"),
    [
        (CONNECTIONS[:-1], STATISTICS),
        (CONNECTIONS, STATISTICS[:-1]),
        (CONNECTIONS.replace("5000 2", "5000 x"), STATISTICS),
        (CONNECTIONS, STATISTICS.replace("a:1,4", "a:1,")),
        (CONNECTIONS.replace("used_cur", "used"), STATISTICS),
        (CONNECTIONS, STATISTICS.replace("scur", "cur")),
        ("No such backend.\n\n", STATISTICS),
        (CONNECTIONS, "No such proxy.\n\n"),
    ],
)
def test_a_load_that_is_not_told_whole_is_garbled(
    connections: str, statistics: str
) -> None:
    with pytest.raises(Garbled):
        live.with_load(read(), connections, statistics)


def test_how_servers_do_is_read_from_the_statistics() -> None:
    found = live.figures(FIGURES)

    assert found == {
        ("b", "a:1"): Figures(
            status="UP 1/3", weight=10, sessions=1, queued=4, since=12
        ),
        ("b", "y"): Figures(
            status="no check", weight=1, sessions=0, queued=0, since=None
        ),
    }


def test_statistics_without_a_number_are_garbled() -> None:
    with pytest.raises(Garbled, match="weight"):
        live.figures(FIGURES.replace(",10,", ",,"))
