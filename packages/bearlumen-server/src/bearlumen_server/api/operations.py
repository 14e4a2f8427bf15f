"""What operators look at: health, readiness, metrics, the API's description."""

from fastapi import APIRouter

router = APIRouter()
