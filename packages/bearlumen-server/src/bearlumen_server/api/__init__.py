"""HTTP in and out: a router a resource, no arithmetic."""
