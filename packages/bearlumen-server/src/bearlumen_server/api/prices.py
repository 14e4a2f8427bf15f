"""`/v1/prices`: what usage is charged at, and what it was charged at."""

from fastapi import APIRouter

from . import own_prices

router = APIRouter()
router.include_router(own_prices.router)
