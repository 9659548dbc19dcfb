"""The one part that is compiled; all else stands in pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "registrator_dns._drain",
            ["dns/registrator_dns/_drain.c"],
            # Without a compiler, or not on Linux, udp.py does the same alone.
            optional=True,
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
