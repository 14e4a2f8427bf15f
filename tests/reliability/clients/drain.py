"""Opens the journal and delivers what is in it, tracking nothing."""

from host import client, write

bear = client()
write("results", {"delivered": bear.flush(timeout=60)})
