"""The self-hostable Bear Lumen server: one process, one DuckDB file, exact costs."""

from .local import LocalServer, local_server

__all__ = ["LocalServer", "local_server"]
