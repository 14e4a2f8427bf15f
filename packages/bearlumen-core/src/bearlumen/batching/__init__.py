"""How usage events leave the process: a bounded buffer, a worker, and what to do when it fails."""
