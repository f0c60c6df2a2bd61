"""Which version this is: that of the installed package."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("glassworks")
except PackageNotFoundError:  # from a source tree that nobody has installed
    __version__ = "0+unknown"
