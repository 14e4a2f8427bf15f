"""Bear Lumen for Celery: what a task tracks is for whom it was sent for.

bearlumen_celery.instrument(bear)
"""

from .tasks import instrument, uninstrument

__all__ = ["instrument", "uninstrument"]
