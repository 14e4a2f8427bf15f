"""`/v1/prices`: the price book, and costs worked out anew."""

from fastapi import APIRouter

router = APIRouter()
