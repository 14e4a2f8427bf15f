"""`manage.py bearlumen`."""
