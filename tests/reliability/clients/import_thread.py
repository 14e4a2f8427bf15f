"""Imports a module that tracks from threads at once."""

import tracking_at_import

for each in tracking_at_import.threads:
    each.join()
