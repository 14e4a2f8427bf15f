"""What the tests share: recorded provider answers and the real clients they are replayed under."""
