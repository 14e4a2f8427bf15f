"""The questions a client can ask: one module a resource, written async, its sync twin generated."""
