"""`/v1/end-users`: the organisation's customers."""

from fastapi import APIRouter

router = APIRouter()
