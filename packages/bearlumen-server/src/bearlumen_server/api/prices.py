"""`/v1/prices`: what usage is charged at, and what it was charged at."""

from fastapi import APIRouter

from . import own_prices, price_questions, recosts

router = APIRouter()
router.include_router(own_prices.router)
router.include_router(price_questions.router)
router.include_router(recosts.router)
