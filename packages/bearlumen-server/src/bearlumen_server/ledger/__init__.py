"""What is recorded: usage and revenue, append-only, through one writer."""
