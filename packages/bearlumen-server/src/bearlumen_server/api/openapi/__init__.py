"""What the API is, as OpenAPI 3.1: built from the routes, the structs and the client's models.

`operations` says in one row what a route takes and answers; everything else is read off the code
that does the work. A test fails when a route has no row.
"""

from .document import document
from .operation import Operation, Parameter
from .operations import OPERATIONS

__all__ = ["OPERATIONS", "Operation", "Parameter", "document"]
