"""How usage events leave the process: a queue in memory or on disk, and a worker."""
