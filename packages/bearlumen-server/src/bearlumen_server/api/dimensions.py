"""`/v1/dimensions`: the custom dimensions an organisation defined, and what they say."""

from fastapi import APIRouter

router = APIRouter()
