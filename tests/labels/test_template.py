"""Both languages of -tags, on what an engine says of a container."""

from typing import Any

import pytest

from labels.making import container
from registrator.errors import ConfigError
from registrator.labels import TagTemplate, TemplateError

ATTRIBUTES: dict[str, Any] = {
    "Id": "e20f9c1a76565d62ae24a3bb877b17b862b6eab94f4e95a0e07ccf25087aaf4f",
    "Name": "/redis.0",
    "RestartCount": 3,
    "Config": {
        "Hostname": "e20f9c1a7656",
        "Image": "reg.example.com/team/redis:6.2",
        "Env": [
            "ENVIRONMENT=test",
            "SERVICE_8105_NAME=foo",
            "HOME=/home/foobar",
            "SERVICE_9404_NAME=bar",
        ],
        "Labels": {
            "com.example.x": "blue",
            "arn": "arn:aws:ecs:region:1:task/368f4403-0ee4",
            "json": '{"Additional": {"Country": "Spain", "List": [1]}}',
            "list": "a,b\\,c",
            "many": "x" * 70_000,
            "none": "",
        },
        "Cmd": None,
        "Tty": False,
    },
    "HostConfig": {"NetworkMode": "mynet"},
    "State": {"Running": True},
    "NetworkSettings": {
        "Networks": {"mynet": {"IPAddress": "10.9.0.7"}},
        "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8000"}]},
    },
}


def rendered(text: str) -> str:
    """The tags of *text*, with bars between."""
    subject = container(attributes=ATTRIBUTES)
    return "|".join(TagTemplate.parse(text).render(subject))


ID = ATTRIBUTES["Id"]

GO = [
    ("container_id={{ .ID }}", f"container_id={ID}"),
    ("{{.Config.Image}}", "reg.example.com/team/redis:6.2"),
    ("{{.Name}}", "/redis.0"),
    ("a,{{.Config.Hostname}},b", "a|e20f9c1a7656|b"),
    ("{{.HostConfig.NetworkMode}}", "mynet"),
    ("{{.RestartCount}}", "3"),
    ("{{.State.Running}}", "true"),
    ("{{.Config.Env}}", "[" + " ".join(ATTRIBUTES["Config"]["Env"]) + "]"),
    ("{{.State}}", "map[Running:true]"),
    ("{{.Config.Cmd}}", ""),
    (
        "{{(index .NetworkSettings.Ports `80/tcp`)}}",
        "[map[HostIp:0.0.0.0 HostPort:8000]]",
    ),
    ('{{index .Config.Labels "com.example.x"}}', "blue"),
    ('{{index .Config.Labels "missing"}}', ""),
    ("{{.Config.Labels.missing}}", ""),
    ("{{.Config.Labels.arn}}", ATTRIBUTES["Config"]["Labels"]["arn"]),
    ("{{.State.Health.Status}}", ""),
    ('{{(index .NetworkSettings.Networks "mynet").IPAddress}}', "10.9.0.7"),
    ('{{(index .NetworkSettings.Networks "x").IPAddress}}', ""),
    ('{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostIP}}', "0.0.0.0"),
    ('{{index .NetworkSettings.Ports "80/tcp" 0 "HostPort"}}', "8000"),
    ("{{index .Config.Cmd 0}}", ""),
    ("{{strSlice .ID 0 12}}", "e20f9c1a7656"),
    ("{{strSlice .ID 60}}", "aaf4f"[1:]),
    ("{{strSlice .Name 5 2}}", "s.0"),
    ("{{strSlice .Name 0 99}}", "/redis.0"),
    ("{{strSlice .Name}}", "/redis.0"),
    ("{{strSlice .Name 1 3 5}}", "/redis.0"),
    ("{{sIndex 0 .Config.Env}}", "ENVIRONMENT=test"),
    ("{{sIndex -1 .Config.Env}}", "SERVICE_9404_NAME=bar"),
    ("{{sIndex -9 .Config.Env}}", "ENVIRONMENT=test"),
    ("{{sIndex 9 .Config.Env}}", "SERVICE_9404_NAME=bar"),
    ('{{mIndex "com.example.x" .Config.Labels}}', "blue"),
    ('{{mIndex "missing" .Config.Labels}}', ""),
    ('{{toUpper "foo"}}', "FOO"),
    ('{{toLower "FoO"}}', "foo"),
    ('{{replace -1 "=" "" "=foo="}}', "foo"),
    ('{{replace 1 "=" "-" "=foo="}}', "-foo="),
    ('{{join ";" .Config.Env}}', ";".join(ATTRIBUTES["Config"]["Env"])),
    ('{{join ";" .Config.Cmd}}', ""),
    ('{{split "/" "a/b"}}', "[a b]"),
    ('{{split "" "ab"}}', "[a b]"),
    ('{{splitIndex -1 "/" (index .Config.Labels "arn")}}', "368f4403-0ee4"),
    ('{{split "/" .Config.Image | sIndex 0}}', "reg.example.com"),
    ('{{matchFirstElement "^SERVICE_" .Config.Env}}', "SERVICE_8105_NAME=foo"),
    ('{{matchFirstElement "^X" .Config.Env}}', ""),
    (
        '{{matchAllElements "^SERVICE_" .Config.Env}}',
        "[SERVICE_8105_NAME=foo SERVICE_9404_NAME=bar]",
    ),
    ('{{jsonParse .Config.Labels.json "Additional::Country"}}', "Spain"),
    ('{{jsonParse .Config.Labels.json "Additional::List"}}', "[1]"),
    ('{{jsonParse .Config.Labels.json "No::Country"}}', ""),
    ('{{jsonParse .Config.Labels.arn "No::Country"}}', ""),
    ("{{len .Config.Env}}", "4"),
    ("{{slice .ID 0 3}},{{slice .ID 60}},{{slice .ID | len}}", "e20|af4f|64"),
    ('{{.ID | printf "%.12s"}}', "e20f9c1a7656"),
    (
        '{{printf "%s=%v=%d=%t=%q%%" .Name true 5 false "a"}}',
        '/redis.0=true=5=false="a"%',
    ),
    ('{{printf "[%5s][%-5s]" "ab" "cd"}}', "[   ab][cd   ]"),
    ('{{printf "%05d %05d %02d %-05d|" 3 -3 123 3}}', "00003 -0003 123 3    |"),
    ('{{printf "%.3d %.3d %05.3d %05s" 7 -7 7 "ab"}}', "007 -007   007 000ab"),
    ('{{print .Name "-" 5}}', "/redis.0-5"),
    ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
    ("{{if .Config.Tty}}a{{else if .Config.Cmd}}b{{else}}c{{end}}", "c"),
    ("{{if .Config.Tty}}a{{end}}", ""),
    ('{{if eq .HostConfig.NetworkMode "host" "mynet"}}yes{{end}}', "yes"),
    ('{{if ne .Name "x"}}yes{{end}}', "yes"),
    ("{{if and .State.Running (gt .RestartCount 2)}}yes{{end}}", "yes"),
    ("{{if or .Config.Tty (lt .RestartCount 2)}}yes{{else}}no{{end}}", "no"),
    ("{{if not .Config.Tty}}yes{{end}}", "yes"),
    ('{{if (le "a" "b")}}{{if (ge 2 2)}}yes{{end}}{{end}}', "yes"),
    ("{{or .Config.Cmd .Name}}", "/redis.0"),
    ("{{and .Name}}", "/redis.0"),
    ("{{range .Config.Env}}{{.}},{{end}}", "|".join(ATTRIBUTES["Config"]["Env"])),
    ("{{range .Config.Cmd}}x{{else}}none{{end}}", "none"),
    ("{{range .State}}{{.}}{{end}}", "true"),
    ("{{range $i, $e := .Config.Env}}{{$i}}{{end}}", "0123"),
    ("{{range $k, $v := .State}}{{$k}}={{$v}}={{.}}{{end}}", "Running=true=true"),
    ("{{range $e := .Config.Env}}{{len $e}} {{end}}", "16 21 17 21 "),
    ("{{range .State}}{{$.Name}}{{end}}", "/redis.0"),
    ("{{with .Config}}{{.Hostname}}{{end}}", "e20f9c1a7656"),
    ("{{with $c := .Config}}{{$c.Hostname}}{{end}}", "e20f9c1a7656"),
    ("{{with .Config.Cmd}}{{.}}{{else}}none{{end}}", "none"),
    ("{{with .Config}}{{with .Labels}}{{with .arn}}x{{end}}{{end}}{{end}}", "x"),
    ("{{if $n := .Name}}{{$n}}{{end}}", "/redis.0"),
    ("{{$n := .Name}}{{$n}}{{$n | len}}", "/redis.08"),
    ("a {{- .RestartCount -}} b", "a3b"),
    ("a{{/* nothing */}}b{{- /* nothing */ -}} c", "abc"),
    ("{{true}}{{false}}{{nil}}{{-3}}", "truefalse-3"),
    (r'{{"\x61\u00e9\U0001F600\\\""}}', 'aé\N{GRINNING FACE}\\"'),
    ("{{`\\n`}}", "\\n"),
    ("{{.Config.Labels.list}}", "a|b,c"),
    ("}}", "}}"),
]

JINJA = [
    ("{{ ID[:12] }}", "e20f9c1a7656"),
    ("{{ Id[:12] }},{{ Name[1:] }}", "e20f9c1a7656|redis.0"),
    ("{{ Config.Image.split(':')[1] }}", "6.2"),
    ("{{ Config.Labels['com.example.x'] | upper }}", "BLUE"),
    ("{{ Config.Labels.missing | default('none') }}", "none"),
    ("{{ Config.Labels.get('missing', 'x') }}", "x"),
    ("{{ State.Running }}{{ Config.Cmd }}{{ RestartCount }}", "true3"),
    ("{{ Config.Env | join(';') }}", ";".join(ATTRIBUTES["Config"]["Env"])),
    ("{{ Config.Image | replace('/', '_') }}", "reg.example.com_team_redis:6.2"),
    ("{{ RestartCount | string | length }}", "1"),
    (
        "{% for e in Config.Env if e.startswith('SERVICE_') %}{{ e }},{% endfor %}",
        "SERVICE_8105_NAME=foo|SERVICE_9404_NAME=bar",
    ),
    ("{% for k, v in State.items() %}{{ k }}={{ v }}{% endfor %}", "Running=true"),
    ("{% if HostConfig.NetworkMode in ('host', 'mynet') %}yes{% endif %}", "yes"),
    ("{% set image = Config.Image %}{{ image | length }}", "30"),
    ("{{ 'up' if State.Running and not Config.Tty else 'down' }}", "up"),
    ("{{ -RestartCount }}{# a comment #}", "-3"),
    ("{{ Config.Env[0] is string }}", "true"),
]


@pytest.mark.parametrize(("text", "expected"), GO)
def test_a_go_template_gives(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(("text", "expected"), JINJA)
def test_a_jinja2_template_gives(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{.ID", "character 6: the action is not closed"),
        ("{{", "character 3: the action is not closed"),
        ("{{.ID}", "character 6: unexpected '}'"),
        ("{{.ID-}}", "character 6: unexpected '-}}'"),
        ("{{}}", "character 3: unexpected '}}'"),
        ("{{.ID .Name}}", "character 7: unexpected '.Name'"),
        ("{{/* a */ .ID}}", "character 11: unexpected '.ID'"),
        ("{{.ID /* a */}}", "character 7: unexpected '/* a */'"),
        ("{{foo .ID}}", "character 3: foo is no function here"),
        ("{{print foo .ID}}", "character 9: unexpected 'foo'"),
        ("{{.ID | .Name}}", "character 9: nothing can be piped into .Name"),
        ("{{.ID | }}", "character 9: unexpected '}}'"),
        ("{{(.ID}}", "character 7: unexpected '}}'"),
        ("{{(len .ID) .Name}}", "character 13: unexpected '.Name'"),
        ("{{.ID)}}", "character 6: unexpected ')'"),
        ("{{not}}", "character 3: not is no function here, or lacks its arguments"),
        ("{{and}}", "character 3: and is no function here, or lacks its arguments"),
        ('{{httpGet "http://x"}}', "httpGet is refused: a template must not use the"),
        ("{{call .ID}}", "call is no function here"),
        ('{{define "x"}}{{end}}', "define is no function here"),
        ("{{if .ID}}{{break}}{{end}}", "break is no function here"),
        ("{{if .ID}}", "character 11: if has no end"),
        ("{{end}}", "character 6: unexpected '}}'"),
        ("{{else}}", "character 7: unexpected '}}'"),
        ("{{if .ID}}{{else}}{{else}}{{end}}", "character 25: unexpected '}}'"),
        ("{{range .ID}}{{else if .ID}}{{end}}", "character 21: unexpected 'if'"),
        ("{{$x}}", "character 3: undefined variable $x"),
        ("{{if .ID}}{{$x := 1}}{{end}}{{$x}}", "undefined variable $x"),
        ("{{$ := .ID}}", "$ is no name for a variable"),
        ("{{$x.y := .ID}}", "$x.y is no name for a variable"),
        ("{{$x = .ID}}", "character 6: unexpected '= .ID}}'"),
        ("{{.ID.1}}", "character 6: unexpected"),
        ("{{1.5}}", "character 3: unexpected '1.5}}'"),
        ('{{"a\\qb"}}', "means nothing in a text"),
        ('{{"\\ud800"}}', "means nothing in a text"),
        ('{{"\\U00110000"}}', "means nothing in a text"),
        ('{{"open}}', "character 3: unexpected"),
        ("{{" + "(" * 21 + ".ID" + ")" * 21 + "}}", "more than 20 parentheses"),
    ],
)
def test_a_go_template_that_cannot_work_is_refused_at_start(
    text: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match="read as Go's template: ") as refused:
        TagTemplate.parse(text)

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ Id }}{{ Id", "line 1: unexpected end of template"),
        ("{{ Id | nope }}", "line 1: No filter named 'nope'"),
        ("{{ Id is nope }}", "line 1: No test named 'nope'"),
        ("\n{% endif %}", "line 2: Encountered unknown tag 'endif'"),
        ("{{ 'a' * 10**8 }}", "line 1: Mul is not allowed in tags"),
        ("{{ Id * 2 }}", "Mul is not allowed in tags"),
        ("{{ Id + Id }}", "Add is not allowed in tags"),
        ("{{ Id ~ Id }}", "Concat is not allowed in tags"),
        ("{{ '%99999999d' % 1 }}", "Mod is not allowed in tags"),
        ("{% if Id in [Id, Id] %}{% endif %}", "List is not allowed in tags"),
        ("{% set x = (Id, Id) %}", "Tuple is not allowed in tags"),
        ("{{ {'a': Id} }}", "Dict is not allowed in tags"),
        ("{% for i in range(10**9) %}{% endfor %}", "Call is not allowed in tags"),
        ("{{ Id.ljust(10) }}", "Call is not allowed in tags"),
        ("{{ '{:99999999}'.format(1) }}", "Call is not allowed in tags"),
        ("{{ Id.split(*Config) }}", "Call is not allowed in tags"),
        ("{{ Id.split(**Config) }}", "Call is not allowed in tags"),
        ("{{ ID['lower']() }}", "Call is not allowed in tags"),
        ("{% macro m() %}{% endmacro %}", "Macro is not allowed in tags"),
        ("{% include 'x' %}", "Include is not allowed in tags"),
        ("{% import 'x' as x %}", "Import is not allowed in tags"),
        ("{% extends 'x' %}", "Extends is not allowed in tags"),
        ("{% block b %}{% endblock %}", "Block is not allowed in tags"),
        ("{% filter upper %}a{% endfilter %}", "FilterBlock is not allowed in tags"),
        (
            "{% for a in Id %}" * 3 + "{% endfor %}" * 3,
            "For is not allowed in tags",
        ),
        ("{% for a in Id recursive %}{% endfor %}", "For is not allowed in tags"),
    ],
)
def test_a_jinja2_template_that_cannot_work_is_refused_at_start(
    text: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match="read as jinja2's template: ") as no:
        TagTemplate.parse(text)

    assert problem in str(no.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{.ID}}" + "x" * 4090, "longer than 4096 characters"),
        ("{% if " + "(" * 2000 + "Id" + ")" * 2000 + " %}", "nested too deeply"),
        ("{% if Id %}" * 150 + "{% endif %}" * 150, "nested too deeply"),
    ],
)
def test_a_template_that_is_too_much_is_refused_at_start(
    text: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        TagTemplate.parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{.Nope}}", "there is no field Nope"),
        ("{{.Config.Imgae}}", "there is no field Imgae"),
        ("{{.ID.Foo}}", "there is no field Foo"),
        ("{{.Config.Env.Foo}}", "there is no field Foo"),
        ("{{index .Config.Env 4}}", "there is no element '4'"),
        ("{{index .Config.Env -1}}", "there is no element '-1'"),
        ("{{index .Config.Env `x`}}", "'x' is no number"),
        ("{{index .ID 0}}", "there is no element '0'"),
        ("{{strSlice .ID -1}}", "strSlice takes no negative numbers"),
        ("{{strSlice 5 0}}", "'5' is no text"),
        ("{{sIndex 0 .Config.Cmd}}", "sIndex of an empty list"),
        ("{{sIndex 0 .Config}}", "is no list"),
        ("{{sIndex 0 (index .NetworkSettings.Ports `80/tcp`)}}", "is no text"),
        ("{{mIndex `x` .ID}}", "mIndex of what is no map"),
        ("{{matchAllElements `(` .Config.Env}}", "not a regular expression"),
        ("{{len .RestartCount}}", "'3' has no length"),
        ("{{slice .RestartCount 0}}", "slice of what is no text or list"),
        ("{{slice .ID 5 2}}", "slice beyond the length 64"),
        ("{{slice .ID 0 65}}", "slice beyond the length 64"),
        ("{{printf `%s`}}", "printf: '%s' with 0 values left"),
        ("{{printf `%x` .ID}}", "printf: '%x' with 1 values left"),
        ("{{printf `%999d` 1}}", "printf: '%9' with 1 values left"),
        ("{{printf `100%`}}", "printf: '%' with 0 values left"),
        ("{{lt .ID 5}}", "'5' is no text"),
        ("{{lt .RestartCount `a`}}", "'a' is no number"),
        ("{{toUpper .Config}}", "is no text"),
        ("{{toUpper}}", "missing 1 required positional argument"),
        ("{{range .RestartCount}}{{end}}", "'3' is no list"),
        ("{{range split `` .Config.Labels.many}}x{{end}}", "more than 1000 elements"),
        ("{{print .Config.Labels.many}}", "a text longer than 65536"),
        ("{{replace -1 `x` `yy` .Config.Labels.many}}", "a text longer than 65536"),
        ("{{join .Config.Labels.many .Config.Env}}", "a text longer than 65536"),
        ("{{.Config.Labels.many}}", "more than 65536 characters"),
        (
            "{{range .Config.Env}}{{strSlice $.Config.Labels.many 0 60000}}{{end}}",
            "more than 65536 characters",
        ),
        ("{{ x }}", "'x' is undefined"),
        ("{{ Config.Imgae }}", "has no attribute 'Imgae'"),
        ("{{ Id.lower }}", "cannot be printed"),
        ("{{ Config.get }}", "cannot be printed"),
        ("{{ ''['__class__'] | length }}", "__class__"),
        ("{{ Id.__class__ }}", "access to attribute '__class__'"),
        ("{{ Id.items() }}", "has no attribute 'items'"),
        ("{{ Config.split('x') }}", "has no attribute 'split'"),
        ("{{ Config.Env | sort | first | int is divisibleby 0 }}", "modulo"),
        ("{% for a in Config.Labels.many %}x{% endfor %}", "more than 1000 elements"),
        ("{% for a in RestartCount %}x{% endfor %}", "not iterable"),
        (
            "{% for a in ID %}{{ Config.Labels.many[:60000] }}{% endfor %}",
            "more than 65536 characters",
        ),
    ],
)
def test_a_template_fails_on_a_container(text: str, problem: str) -> None:
    with pytest.raises(TemplateError) as failed:
        rendered(text)

    assert problem in str(failed.value)
    assert len(str(failed.value)) < 250


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({}, id="an engine that says nothing"),
        pytest.param({"Id": None, "Config": []}, id="nonsense"),
    ],
)
@pytest.mark.parametrize("text", ["{{.Config.Image}}", "{{ Config.Image }}"])
def test_a_template_fails_on_what_the_engine_left_out(
    text: str, attributes: dict[str, Any]
) -> None:
    with pytest.raises(TemplateError):
        TagTemplate.parse(text).render(container(attributes=attributes))
