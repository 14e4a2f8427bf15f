"""For uvicorn."""

from django.core.asgi import get_asgi_application

from bearlumen_django import deliver_at_shutdown

application = deliver_at_shutdown(get_asgi_application())
